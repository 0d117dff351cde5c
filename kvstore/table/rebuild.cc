#include "rebuild.h"

#include <algorithm>
#include <cstring>

#include "entry.h"
#include "hash.h"

namespace plimsoll {
namespace {

constexpr size_t kScratchPerEntry = sizeof(uint64_t) + sizeof(uint32_t);
constexpr uint32_t kPrefetchAhead = 24;  // entries; their keys are cache misses

constexpr uint8_t kReach = 7, kEpoch = 8;  // in the bits that place() collects for each line

}  // namespace

Rebuild::~Rebuild() {
  if (words_ != nullptr) zm::deallocate_requested(zm::Tag::table, words_, capacity_ * kScratchPerEntry);
}

bool Rebuild::take_scratch(uint32_t entries) noexcept {
  capacity_ = std::max<uint32_t>(entries, 1);
  words_ = static_cast<uint64_t*>(zm::try_allocate(zm::Tag::table, capacity_ * kScratchPerEntry));
  origins_ = reinterpret_cast<uint32_t*>(words_ + capacity_);
  return words_ != nullptr;
}

void Rebuild::read(const Segment& source, unsigned depth) noexcept {
  const bool exact = depth == source.depth && source.homes() >= kExactHomes;
  const uint32_t first = count_;
  expiries_ |= source.earliest != kNever;
  LineSet soon{};
  if (exact && expiries_) choose_soon(source, soon);
  read_lines(source, exact, soon);
  if (!exact) {
    read_keys(first, source.depth, depth);
    return;
  }
  layouts_[0].entries += count_ - first;
  for (uint32_t i = first; expiries_ && i < count_; ++i) {
    if (reads_expiry(origins_[i])) __builtin_prefetch(slot::entry(words_[i]));
  }
}

// A line's mark goes with each of its entries into other lines, so that without reading entries marks would
// spread with every rebuild, and the sweep read ever more lines in vain. Reading the entries of the eighth of
// the lines that expire first keeps those marks exact that matter soon.
void Rebuild::choose_soon(const Segment& source, LineSet& soon) noexcept {
  int64_t earliest[kMaxLines], order[kMaxLines];
  for (uint32_t l = 0; l < source.line_count; ++l) order[l] = earliest[l] = source.line_earliest(l);
  uint32_t left = source.line_count / 8;
  std::nth_element(order, order + left, order + source.line_count);
  const int64_t bound = order[left];
  for (uint32_t l = 0; l < source.line_count && left != 0; ++l) {
    if (earliest[l] == kNever || earliest[l] > bound) continue;
    soon[l / 64] |= uint64_t{1} << l % 64;
    --left;
  }
}

void Rebuild::read_lines(const Segment& source, bool exact, const LineSet& soon) noexcept {
  const uint32_t homes = source.homes();
  uint32_t first_tags[slot::kMaxDisplacement + 1];  // of the last eight homes
  for (uint32_t l = 0; l < source.line_count; ++l) {
    const Line& line = source.lines[l];
    if (l % kLinesPerPage == 0) pages_[page_count_++] = {count_, source.page_of(l)};
    if (l < homes) first_tags[l & slot::kMaxDisplacement] = first_tag(l, homes);
    const uint32_t shared = (expiries_ ? line.mark() << kMarkShift : 0) |
                            uint32_t{line.epoch()} << kEpochShift |
                            static_cast<uint32_t>(soon[l / 64] >> l % 64 & 1) << kReadShift;
    for (unsigned i = 0; i < Line::kSlots; ++i) {
      const uint64_t word = line.load(i);
      if (!slot::occupied(word)) continue;
      uint32_t tag = 0;
      if (exact) {
        const uint32_t first = first_tags[(l - slot::displacement(word)) & slot::kMaxDisplacement];
        tag = first + ((slot::fingerprint(word) - first) & 255);
      }
      words_[count_] = word;
      origins_[count_++] = shared | tag;
    }
  }
}

void Rebuild::read_keys(uint32_t first, unsigned source_depth, unsigned depth) noexcept {
  for (uint32_t i = first; i < std::min(count_, first + kPrefetchAhead); ++i) {
    __builtin_prefetch(slot::entry(words_[i]));
  }
  for (uint32_t i = first; i < count_; ++i) {
    if (i + kPrefetchAhead < count_) __builtin_prefetch(slot::entry(words_[i + kPrefetchAhead]));
    const uint64_t position = hash_key(slot::entry(words_[i])->key(), hash_seed_) << shard_bits_;
    const uint32_t upper = depth > source_depth ? static_cast<uint32_t>(position >> (64 - depth)) & 1 : 0;
    origins_[i] |= tag_of(position, depth) | upper << kTargetShift | 1u << kReadShift;
    ++layouts_[upper].entries;
  }
}

uint32_t Rebuild::fit(unsigned target, uint32_t least) noexcept {
  for (uint32_t lines = least; lines <= kMaxLines; lines = next_lines(lines)) {
    if (lay_out(target, lines)) return lines;
  }
  return 0;
}

bool Rebuild::lay_out(unsigned target, uint32_t line_count) noexcept {
  uint16_t* begin = layouts_[target].begin;
  const uint32_t homes = homes_of(line_count);
  std::memset(begin, 0, homes * sizeof *begin);
  for (uint32_t i = 0; i < count_; ++i) {
    if (Rebuild::target(origins_[i]) == target) ++begin[home_of(tag(origins_[i]), homes)];
  }
  uint32_t end = 0;
  for (uint32_t home = 0; home < homes; ++home) {
    const uint32_t first = std::max(end, home * Line::kSlots);
    end = first + begin[home];
    if (begin[home] != 0 && (end - 1) / Line::kSlots > home + slot::kMaxDisplacement) return false;
    begin[home] = static_cast<uint16_t>(first);
  }
  return end <= line_count * Line::kSlots;
}

void Rebuild::write(unsigned target, Segment& segment) noexcept {
  int64_t line_earliest[kMaxLines];
  uint8_t line_bits[kMaxLines];
  for (uint32_t l = 0; l < segment.line_count; ++l) segment.lines[l].clear();
  std::memset(line_bits, 0, segment.line_count);
  if (expiries_) std::fill_n(line_earliest, segment.line_count, kNever);
  place(target, segment, line_earliest, line_bits);
  for (uint32_t l = 0; l < segment.line_count; ++l) {
    if ((line_bits[l] & kReach) != 0) segment.lines[l].set_reach(line_bits[l] & kReach);
    if ((line_bits[l] & kEpoch) != 0) segment.lines[l].set_epoch(true);
  }
  if (!expiries_) return;
  // The pages' figures first: marks are relative to them.
  for (uint32_t l = 0; l < segment.line_count; ++l) {
    PageInfo& page = segment.page_of(l);
    page.earliest = std::min(page.earliest, line_earliest[l]);
    segment.earliest = std::min(segment.earliest, line_earliest[l]);
  }
  for (uint32_t l = 0; l < segment.line_count; ++l) {
    if (line_earliest[l] == kNever) continue;
    segment.lines[l].set_mark(make_mark(line_earliest[l], segment.page_of(l).earliest));
  }
}

void Rebuild::place(unsigned target, Segment& segment, int64_t* line_earliest, uint8_t* line_bits) noexcept {
  uint16_t* next = layouts_[target].begin;
  const uint32_t homes = segment.homes();
  Route route;
  for (uint32_t i = 0; i < count_; ++i) {
    const uint32_t origin = origins_[i];
    if (Rebuild::target(origin) != target) continue;
    const uint32_t home = home_of(tag(origin), homes);
    const uint32_t at = next[home]++;
    const uint32_t line = at / Line::kSlots;
    if (i >= route.end || line / kLinesPerPage != route.to) turn(route, i, line / kLinesPerPage, segment);
    uint64_t word = words_[i] & (slot::kAddress | slot::kState);
    if (route.translates) word = translated(word, pages_[route.from].info, segment.pages[route.to]);
    store_relaxed(segment.lines[line].slots[at % Line::kSlots],
                  word | slot::pattern(tag(origin), line - home));
    line_bits[home] = static_cast<uint8_t>((line_bits[home] & kEpoch) | (line - home));
    if (epoch(origin)) line_bits[line] |= kEpoch;
    if (expiries_) line_earliest[line] = std::min(line_earliest[line], expiry(i, pages_[route.from].info));
  }
  segment.entries = layouts_[target].entries;
}

// Entry i, and those after it, go to page `to`.
void Rebuild::turn(Route& route, uint32_t i, uint32_t to, Segment& segment) noexcept {
  while (route.from + 1 < page_count_ && pages_[route.from + 1].first <= i) ++route.from;
  route.end = route.from + 1 < page_count_ ? pages_[route.from + 1].first : count_;
  route.to = to;
  const EvictionPage& from = pages_[route.from].info.eviction;
  if (!(route.started >> to & 1)) segment.pages[to].eviction = from;
  route.started |= 1u << to;
  route.translates = move_state_ != nullptr && !(from == segment.pages[to].eviction);
}

uint64_t Rebuild::translated(uint64_t word, const PageInfo& from, const PageInfo& to) const noexcept {
  return (word & slot::kAddress) |
         slot::state_bits(move_state_(slot::state(word), from.eviction, to.eviction));
}

// Exact where the entry has been brought into the cache, else what is known of the line it comes from.
int64_t Rebuild::expiry(uint32_t i, const PageInfo& from) const noexcept {
  const uint32_t origin = origins_[i];
  if (mark(origin) == kNoMark || !reads_expiry(origin)) return read_mark(mark(origin), from.earliest);
  const Entry* entry = slot::entry(words_[i]);
  return entry->has_expiry() ? std::max<int64_t>(entry->expiry(), 0) : kNever;
}

}  // namespace plimsoll
