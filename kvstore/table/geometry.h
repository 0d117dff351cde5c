#pragma once

#include <algorithm>
#include <cstdint>

#include "line.h"

namespace plimsoll {

// Where an entry belongs. The table is in the order of `position`, the hash without the bits that chose the
// shard, leftmost bit first. A segment of depth d holds the positions that share one d-bit prefix; the 17
// bits after the prefix are an entry's tag there, and the tag alone gives its home line, in order:
//
//   home = (tag * homes) >> 17
//
// So whatever the number of lines, entries stand in the order of their hashes, and a segment that gets more
// lines moves them only a little way. With at least kExactHomes homes a home has at most 256 tags: the
// fingerprint, the tag's low 8 bits, tells which, and the tag is known without the key.
constexpr unsigned kTagBits = 17;
constexpr uint32_t kExactHomes = 512;

// A segment's physical lines: the homes and, behind them, a tail that is nobody's home and takes what the
// last homes spill, so that nothing wraps around.
constexpr uint32_t kMaxLines = 1024;
constexpr uint32_t kHeapLines = 32;  // so many are an ordinary block, more are in a range of kRangeBytes
constexpr uint32_t kLinesPerPage = 64;
constexpr uint32_t kMaxPages = kMaxLines / kLinesPerPage;
constexpr uint64_t kRangeBytes = uint64_t{kMaxLines} * sizeof(Line);

// A depth beyond which segments do not split: 2^20 full segments hold 7 * 10^9 entries.
constexpr unsigned kMaxDepth = 20;

constexpr uint32_t homes_of(uint32_t lines) noexcept {
  return lines - std::min<uint32_t>(slot::kMaxDisplacement, lines / 8);
}
constexpr uint32_t home_of(uint32_t tag, uint32_t homes) noexcept {
  return static_cast<uint32_t>(uint64_t{tag} * homes >> kTagBits);
}
// The least tag whose home is `home`, or 2^17 for home == homes.
constexpr uint32_t first_tag(uint32_t home, uint32_t homes) noexcept {
  return static_cast<uint32_t>(((uint64_t{home} << kTagBits) + homes - 1) / homes);
}
// The tag of the entry with this home and fingerprint. REQUIRES: homes >= kExactHomes.
constexpr uint32_t exact_tag(uint32_t home, uint32_t homes, uint32_t fingerprint) noexcept {
  const uint32_t first = first_tag(home, homes);
  return first + ((fingerprint - first) & 255);
}
constexpr uint32_t tag_of(uint64_t position, unsigned depth) noexcept {
  return static_cast<uint32_t>(position << depth >> (64 - kTagBits));
}
// How far apart in position two neighbouring prefixes of this depth are; 0 stands for 2^64.
constexpr uint64_t prefix_step(unsigned depth) noexcept {
  return depth == 0 ? 0 : uint64_t{1} << (64 - depth);
}

// Numbers of lines a segment may have: 1 to kHeapLines, then whole pages.
constexpr uint32_t next_lines(uint32_t lines) noexcept {
  if (lines < kHeapLines) return std::min(kHeapLines, lines + std::max<uint32_t>(1, lines / 8));
  if (lines == kHeapLines) return kLinesPerPage;
  return lines + kLinesPerPage;
}
// Entries beyond which a segment grows although another might find room: full lines make look-ups long.
constexpr uint32_t most_entries(uint32_t lines) noexcept {
  if (lines <= 8) return lines * Line::kSlots;
  return std::max<uint32_t>(8 * Line::kSlots, homes_of(lines) * Line::kSlots * 29 / 32);
}
// Lines for a segment that is made new or made smaller, so that it neither grows nor shrinks again soon.
constexpr uint32_t fitting_lines(uint32_t entries) noexcept {
  const uint32_t homes = (entries * 7 + 47) / 48;  // six sevenths full
  const uint32_t lines = homes < 8 ? std::max<uint32_t>(1, homes) : homes + std::min<uint32_t>(7, homes / 7);
  if (lines <= kHeapLines) return lines;
  return std::min(kMaxLines, (lines + kLinesPerPage - 1) / kLinesPerPage * kLinesPerPage);
}

}  // namespace plimsoll
