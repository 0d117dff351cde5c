#include <algorithm>
#include <new>

#include "rebuild.h"
#include "table.h"

// Making room. Whatever changes where entries sit does all that may fail first, then the change: a refused
// allocation leaves every entry where it was.

namespace plimsoll {

void Table::make_room(uint64_t position) {
  for (;;) {
    Segment* segment = segment_at(position);
    if (segment == nullptr) {
      add_first_segment();
      continue;
    }
    const uint32_t home = segment->home_at(position);
    if (has_vacancy(*segment, home)) return;
    if (segment->entries < most_entries(segment->line_count) && hop(*segment, home)) return;
    grow(*segment);
  }
}

// Hopscotch: brings the nearest free slot behind the home's reach into it by moving entries, each within its
// own reach.
bool Table::hop(Segment& segment, uint32_t home) noexcept {
  uint32_t vacant = home + slot::kMaxDisplacement + 1;
  while (vacant < segment.line_count && segment.lines[vacant].vacant() == 0) ++vacant;
  if (vacant >= segment.line_count) return false;
  while (vacant > home + slot::kMaxDisplacement) {
    if (!hop_once(segment, vacant)) return false;
  }
  return true;
}

// Moves an entry from as far before as possible into the vacant line; its old line is the vacant one then.
bool Table::hop_once(Segment& segment, uint32_t& vacant_line) noexcept {
  for (unsigned distance = slot::kMaxDisplacement; distance != 0; --distance) {
    const uint32_t from = vacant_line - distance;
    for (unsigned i = 0; i < Line::kSlots; ++i) {
      if (slot::displacement(segment.lines[from].load(i)) + distance > slot::kMaxDisplacement) continue;
      move_entry(segment, from, i, vacant_line);
      vacant_line = from;
      return true;
    }
  }
  return false;
}

void Table::move_entry(Segment& segment, uint32_t from, unsigned index, uint32_t to) noexcept {
  before_change(segment, from);
  before_change(segment, to);
  uint64_t word = segment.lines[from].load(index);
  const uint32_t home = from - slot::displacement(word);
  const EvictionPage& old_page = segment.page_of(from).eviction;
  const EvictionPage& new_page = segment.page_of(to).eviction;
  if (move_state_ != nullptr && !(old_page == new_page)) {
    word = (word & ~slot::kState) | slot::state_bits(move_state_(slot::state(word), old_page, new_page));
  }
  if (segment.lines[from].mark() != kNoMark) {
    const Entry& entry = *slot::entry(word);
    if (entry.has_expiry()) segment.note_expiry(to, entry.expiry());
  }
  const unsigned i = static_cast<unsigned>(__builtin_ctz(segment.lines[to].vacant()));
  segment.lines[to].put(i, (word & ~slot::kDisplacement) | (to - home));
  segment.lines[from].put(index, 0);
  if (segment.lines[home].reach() < to - home) segment.lines[home].set_reach(to - home);
}

void Table::add_first_segment() {
  SegmentOwner segment = make_segment(0, 0, 1);
  if (segment == nullptr) throw std::bad_alloc();
  bytes_ += charged_bytes(*segment);
  directory_.set(*segment.release());
}

void Table::before_change(const Segment& segment) noexcept {
  for (uint32_t l = 0; l < segment.line_count; ++l) before_change(segment, l);
}

// Puts what rebuild holds for its target 0 into the segment's new lines.
void Table::change_lines(Segment& segment, Rebuild& rebuild, NewLines& lines) noexcept {
  lines.adopt();
  rebuild.write(0, segment);
  directory_.set(segment);
}

void Table::grow(Segment& segment) {
  if (segment.line_count == kMaxLines) return split(segment);
  Rebuild rebuild(hash_seed_, shard_bits_, move_state_);
  if (!rebuild.take_scratch(segment.entries)) throw std::bad_alloc();
  rebuild.read(segment, segment.depth);
  const uint32_t line_count = rebuild.fit(0, next_lines(segment.line_count));
  if (line_count == 0) return split(segment);
  NewLines lines(segment, line_count);
  if (!lines.take()) throw std::bad_alloc();

  const size_t before = charged_bytes(segment);
  before_change(segment);
  change_lines(segment, rebuild, lines);
  bytes_ += charged_bytes(segment) - before;
}

void Table::split(Segment& segment) {
  const unsigned depth = segment.depth + 1u;
  if (depth > kMaxDepth) throw std::bad_alloc();
  Rebuild rebuild(hash_seed_, shard_bits_, move_state_);
  if (!rebuild.take_scratch(segment.entries)) throw std::bad_alloc();
  rebuild.read(segment, depth);
  const uint32_t low_lines = rebuild.fit(0, fitting_lines(rebuild.entries(0)));
  const uint32_t high_lines = rebuild.fit(1, fitting_lines(rebuild.entries(1)));
  if (low_lines == 0 || high_lines == 0) throw std::bad_alloc();
  SegmentOwner high = make_segment(segment.start + prefix_step(depth), depth, high_lines);
  NewLines lines(segment, low_lines);
  if (high == nullptr || !lines.take()) throw std::bad_alloc();
  const size_t before = charged_bytes(segment) + directory_.bytes();
  if (directory_.depth() < depth && !directory_.reserve_double()) throw std::bad_alloc();

  before_change(segment);
  if (directory_.depth() < depth) directory_.double_up();
  segment.depth = static_cast<uint8_t>(depth);
  rebuild.write(1, *high);
  change_lines(segment, rebuild, lines);
  directory_.set(*high);
  bytes_ += charged_bytes(segment) + charged_bytes(*high) + directory_.bytes() - before;
  high.release();
}

}  // namespace plimsoll
