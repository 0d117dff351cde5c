#include "table.h"

#include <algorithm>

#include "equal_bytes.h"

namespace plimsoll {

Table::~Table() {
  TableContents rest = detach();
}

SlotRef Table::find(uint64_t hash, std::string_view key) noexcept {
  const uint64_t position = hash << shard_bits_;
  const DirectoryEntry& at = directory_.at(position);
  if (at.segment == nullptr) return {};
  const uint32_t tag = tag_of(position, geometry::depth(at.geometry));
  const uint32_t home = home_of(tag, homes_of(geometry::line_count(at.geometry)));
  const Line* line = geometry::lines(at.geometry) + home;
  for (unsigned displacement = 0, reach = line->reach();; ++displacement) {
    unsigned candidates = line[displacement].match(slot::pattern(tag, displacement));
    for (; candidates != 0; candidates &= candidates - 1) {
      const unsigned i = static_cast<unsigned>(__builtin_ctz(candidates));
      const Entry* entry = slot::entry(line[displacement].load(i));
      if (entry != nullptr && equal_bytes(entry->key(), key)) return {at.segment, home + displacement, i};
    }
    if (displacement == reach) return {};
  }
}

bool Table::has_vacancy_behind(const Segment& segment, uint32_t home) noexcept {
  const uint32_t last = std::min(home + slot::kMaxDisplacement, segment.line_count - 1);
  for (uint32_t l = home + 1; l <= last; ++l) {
    if (segment.lines[l].vacant() != 0) return true;
  }
  return false;
}

SlotRef Table::insert(uint64_t hash, Entry* entry, uint8_t state) noexcept {
  const uint64_t position = hash << shard_bits_;
  Segment& segment = *segment_at(position);
  const uint32_t tag = tag_of(position, segment.depth);
  const uint32_t home = home_of(tag, segment.homes());
  uint32_t l = home;
  while (segment.lines[l].vacant() == 0) ++l;
  Line& line = segment.lines[l];
  const unsigned i = static_cast<unsigned>(__builtin_ctz(line.vacant()));
  before_change(segment, l);
  line.put(i, reinterpret_cast<uint64_t>(entry) | slot::pattern(tag, l - home) | slot::state_bits(state));
  if (l != home && segment.lines[home].reach() < l - home) segment.lines[home].set_reach(l - home);
  ++segment.entries;
  add_to_size(1);
  const SlotRef at{&segment, l, i};
  if (entry->has_expiry()) note_expiry(at, entry->expiry());
  return at;
}

void Table::replace(SlotRef at, Entry* entry) noexcept {
  before_change(*at.segment, at.line);
  Line& line = at.segment->lines[at.line];
  line.put(at.index, (line.load(at.index) & ~slot::kAddress) | reinterpret_cast<uint64_t>(entry));
  if (entry->has_expiry()) note_expiry(at, entry->expiry());
}

void Table::relocate(SlotRef at, Entry* entry) noexcept {
  Line& line = at.segment->lines[at.line];
  line.put(at.index, (line.load(at.index) & ~slot::kAddress) | reinterpret_cast<uint64_t>(entry));
}

Entry* Table::remove(SlotRef at) noexcept {
  before_change(*at.segment, at.line);
  Line& line = at.segment->lines[at.line];
  const uint64_t word = line.load(at.index);
  line.put(at.index, 0);
  --at.segment->entries;
  add_to_size(-1);
  const unsigned displacement = slot::displacement(word);
  if (displacement != 0) lower_reach(*at.segment, at.line - displacement);
  return slot::entry(word);
}

// The entry at the end of the home's reach may have gone: finds the new end.
void Table::lower_reach(Segment& segment, uint32_t home) noexcept {
  const unsigned old_reach = segment.lines[home].reach();
  unsigned reach = old_reach;
  for (; reach != 0; --reach) {
    const Line& line = segment.lines[home + reach];
    bool used = false;
    for (unsigned i = 0; i < Line::kSlots; ++i) used |= slot::displacement(line.load(i)) == reach;
    if (used) break;
  }
  if (reach != old_reach) segment.lines[home].set_reach(reach);
}

void Table::set_state(SlotRef at, uint8_t state) noexcept {
  uint64_t& word = Table::word(at);
  store_relaxed(word, (word & ~slot::kState) | slot::state_bits(state));
}

void Table::note_expiry(SlotRef at, int64_t expiry_ms) noexcept {
  at.segment->note_expiry(at.line, expiry_ms);
  earliest_ = std::min(earliest_, std::max<int64_t>(expiry_ms, 0));
}

Table::Home Table::home_unlocked(uint64_t hash) const noexcept {
  const uint64_t position = hash << shard_bits_;
  const uint64_t word = directory_.geometry_at(position);
  const uint32_t line_count = geometry::line_count(word);
  if (line_count <= kHeapLines) return {};
  const uint32_t tag = tag_of(position, geometry::depth(word));
  const uint32_t home = home_of(tag, homes_of(line_count));
  return {geometry::lines(word) + home, tag, line_count - home};
}

Table::Home Table::prefetch_line(uint64_t hash) const noexcept {
  const Home home = home_unlocked(hash);
  if (home.line != nullptr) {
    __builtin_prefetch(home.line);
    if (home.lines_left > 1) __builtin_prefetch(home.line + 1);  // a fifth of the entries sit there
  }
  return home;
}

void Table::prefetch_entry(const Home& home) noexcept {
  if (home.line == nullptr) return;
  unsigned candidates = home.line->match_unlocked(slot::pattern(home.tag, 0));
  const Line* line = home.line;
  if (candidates == 0 && home.lines_left > 1 && line->reach() != 0) {
    candidates = (++line)->match_unlocked(slot::pattern(home.tag, 1));
  }
  for (; candidates != 0; candidates &= candidates - 1) {
    const Entry* entry = slot::entry(line->load(static_cast<unsigned>(__builtin_ctz(candidates))));
    if (entry == nullptr) continue;
    __builtin_prefetch(entry);
    __builtin_prefetch(reinterpret_cast<const char*>(entry) + 48);  // the next line, unless it starts a line
  }
}

Segment* Table::segment_after(const Segment& segment) const noexcept {
  const uint64_t next = segment.start + prefix_step(segment.depth);
  return next == 0 ? nullptr : segment_at(next);
}

}  // namespace plimsoll
