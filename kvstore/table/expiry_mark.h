#pragma once

#include <cstdint>
#include <limits>

namespace plimsoll {

// When the earliest entry of a page expires is kept exactly (or too early); when that of a line does is kept
// in 12 bits, as a multiple of 1024 ms relative to the page's. A mark m other than 0 says:
//
//   nothing in the line expires before the first multiple u of 1024 ms, at or after that of the page's
//   earliest expiry, for which (u / 1024) mod 4095 == m - 1
//
// Invariants that keep a due entry from being missed, whatever the clock does (marks do not depend on it):
//   - a page's earliest expiry is never later than that of any entry in it;
//   - it may be lowered at any time: marks then mean the same or something earlier;
//   - it is raised only by the sweep, to the least of what its lines' marks mean, which therefore stay as
//     they are.
// An expiry beyond the window of 4094 units (70 minutes) is marked at the window's end; the sweep then finds
// the line a little early, reads its entries and marks it anew.
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr unsigned kMarkUnitShift = 10;
constexpr int64_t kMarkWindow = 4095;
constexpr unsigned kNoMark = 0;

inline unsigned mark_of_unit(int64_t unit) noexcept {
  return static_cast<unsigned>(unit % kMarkWindow) + 1;
}

// The mark for an earliest expiry of `expiry_ms`. REQUIRES: 0 <= page_ms <= expiry_ms < kNever.
inline unsigned make_mark(int64_t expiry_ms, int64_t page_ms) noexcept {
  const int64_t unit = expiry_ms >> kMarkUnitShift;
  const int64_t last = (page_ms >> kMarkUnitShift) + kMarkWindow - 1;
  return mark_of_unit(unit < last ? unit : last);
}

// What a mark means, in ms: kNever for kNoMark, otherwise page_ms or later.
inline int64_t read_mark(unsigned mark, int64_t page_ms) noexcept {
  if (mark == kNoMark) return kNever;
  const int64_t first = page_ms >> kMarkUnitShift;
  const int64_t ahead = (static_cast<int64_t>(mark) - 1 + kMarkWindow - first % kMarkWindow) % kMarkWindow;
  return ahead == 0 ? page_ms : (first + ahead) << kMarkUnitShift;
}

}  // namespace plimsoll
