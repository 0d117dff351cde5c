#pragma once

#include <cstddef>
#include <cstdint>

#include "segment.h"

namespace plimsoll {

// Where a segment's lines are, in one word, for readers without the lock: bits 4..46 the address, 48..58 the
// number of lines, 59..63 the depth. 0: no lines.
namespace geometry {

inline uint64_t pack(const Segment& segment) noexcept {
  return reinterpret_cast<uint64_t>(segment.lines) | uint64_t{segment.line_count} << 48 |
         uint64_t{segment.depth} << 59;
}
inline Line* lines(uint64_t word) noexcept {
  return reinterpret_cast<Line*>(word & slot::kAddress);
}
inline uint32_t line_count(uint64_t word) noexcept {
  return static_cast<uint32_t>(word >> 48) & 2047;
}
inline unsigned depth(uint64_t word) noexcept {
  return static_cast<unsigned>(word >> 59);
}

}  // namespace geometry

struct DirectoryEntry {
  uint64_t geometry = 0;       // read without the lock
  Segment* segment = nullptr;  // the lock's
};

// Extendible hashing: 2^depth entries, indexed by a position's first bits; a segment of a lesser depth stands
// in several. Up to 8 entries are in the object, more in a range, which stays readable for prefetches that
// come late.
class Directory {
 public:
  static constexpr unsigned kInlineDepth = 3;

  Directory() noexcept { set_root(inline_, 0); }
  Directory(Directory&& other) noexcept : Directory() { take(other); }
  Directory& operator=(Directory&& other) noexcept;
  ~Directory() { clear(); }

  unsigned depth() const noexcept { return static_cast<unsigned>(root() >> 48); }
  size_t size() const noexcept { return size_t{1} << depth(); }
  const DirectoryEntry& operator[](size_t i) const noexcept { return entries()[i]; }

  // The entry for a position, and without the lock its geometry, which may be an old one.
  const DirectoryEntry& at(uint64_t position) const noexcept {
    const uint64_t word = root();
    return entries(word)[index(position, word)];
  }
  uint64_t geometry_at(uint64_t position) const noexcept { return load_relaxed(at(position).geometry); }

  // Writes the segment's geometry and address to all its entries. REQUIRES: segment.depth <= depth().
  void set(Segment& segment) noexcept;

  // Doubling in two steps: all that may fail, then the change. Memory taken by the first is kept, and
  // counted, until used.
  [[nodiscard]] bool reserve_double() noexcept;
  void double_up() noexcept;
  // REQUIRES: depth() > 0 and no segment of that depth.
  void halve() noexcept;

  // Forgets the segments, which it does not own, and frees its memory.
  void clear() noexcept;

  // Bytes charged beyond the object itself.
  size_t bytes() const noexcept { return committed_; }

 private:
  // Who reads a root without the lock finds its entries made.
  uint64_t root() const noexcept { return __atomic_load_n(&root_, __ATOMIC_ACQUIRE); }
  void set_root(DirectoryEntry* entries, unsigned depth) noexcept {
    const uint64_t word = reinterpret_cast<uint64_t>(entries) | uint64_t{depth} << 48;
    __atomic_store_n(&root_, word, __ATOMIC_RELEASE);
  }
  static DirectoryEntry* entries(uint64_t root) noexcept {
    return reinterpret_cast<DirectoryEntry*>(root & slot::kAddress);
  }
  static size_t index(uint64_t position, uint64_t root) noexcept {
    return static_cast<size_t>(position >> 1 >> (63 - (root >> 48)));
  }
  DirectoryEntry* entries() const noexcept { return entries(root()); }
  bool is_inline() const noexcept { return entries() == inline_; }
  void take(Directory& other) noexcept;
  static void write(DirectoryEntry& entry, const DirectoryEntry& from) noexcept {
    store_relaxed(entry.geometry, from.geometry);
    entry.segment = from.segment;
  }

  uint64_t root_ = 0;  // address of the entries, their depth in bits 48..; read without the lock
  DirectoryEntry* spare_ = nullptr;  // the range, while the entries are still in the object
  size_t committed_ = 0;             // bytes of the range in use
  alignas(16) DirectoryEntry inline_[size_t{1} << kInlineDepth];
};

}  // namespace plimsoll
