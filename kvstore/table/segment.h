#pragma once

#include <zmalloc/zm.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "expiry_mark.h"
#include "geometry.h"
#include "line.h"

namespace plimsoll {

// What the evictor keeps for a page of lines: the meaning of the page's eviction states is relative to it.
// New pages start with zeros.
struct EvictionPage {
  uint32_t base = 0;
  uint16_t decay_minute = 0;
  uint16_t mode = 0;  // what the states are; the table gives it no meaning
  bool operator==(const EvictionPage&) const = default;
};

// What a segment keeps for kLinesPerPage lines.
struct PageInfo {
  int64_t earliest = kNever;  // no entry in the page expires earlier (expiry_mark.h)
  EvictionPage eviction;
};
static_assert(sizeof(PageInfo) == 16);

// The entries whose positions share one prefix, and their lines. Owned by the table's directory; belongs to
// the shard's lock. The lines are an ordinary block up to kHeapLines and the front of a 64 KiB range beyond
// that (lines.h).
struct Segment {
  Line* lines = nullptr;
  uint32_t line_count = 0;
  uint32_t entries = 0;
  uint64_t start = 0;             // the first position with the segment's prefix
  uint8_t depth = 0;              // bits of the prefix
  int64_t earliest = kNever;      // the least of its pages'
  PageInfo* pages = &first_page;  // an array of kMaxPages once there is more than one page
  PageInfo first_page;

  Segment() = default;
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  uint32_t homes() const noexcept { return homes_of(line_count); }
  uint32_t page_count() const noexcept { return (line_count + kLinesPerPage - 1) / kLinesPerPage; }
  PageInfo& page_of(uint32_t line) noexcept { return pages[line / kLinesPerPage]; }
  const PageInfo& page_of(uint32_t line) const noexcept { return pages[line / kLinesPerPage]; }

  uint32_t home_at(uint64_t position) const noexcept { return home_of(tag_of(position, depth), homes()); }
  // The first position whose home is this one; for `homes()` that of the next segment, 0 after the last.
  uint64_t position_of(uint32_t home) const noexcept {
    if (home == homes()) return start + prefix_step(depth);
    return start + (uint64_t{first_tag(home, homes())} << (64 - kTagBits) >> depth);
  }

  // Not later than the expiry of any entry in the line; kNever if none there has one.
  int64_t line_earliest(uint32_t line) const noexcept {
    return read_mark(lines[line].mark(), page_of(line).earliest);
  }
  // Lowers the marks of the line, its page and the segment.
  void note_expiry(uint32_t line, int64_t expiry_ms) noexcept;
};

static_assert(sizeof(Segment) == 64);

struct SegmentDeleter {
  void operator()(Segment* segment) const noexcept;
};
using SegmentOwner = std::unique_ptr<Segment, SegmentDeleter>;

// A segment with `line_count` empty lines. Null when there is no memory.
SegmentOwner make_segment(uint64_t start, unsigned depth, uint32_t line_count) noexcept;

// Bytes charged for a segment with all that is its own.
size_t charged_bytes(const Segment& segment) noexcept;

// Memory for a segment that is to have another number of lines: taken before anything is changed, put in
// place afterwards.
class NewLines {
 public:
  NewLines(Segment& segment, uint32_t line_count) noexcept : segment_(segment), line_count_(line_count) {}
  NewLines(const NewLines&) = delete;
  ~NewLines();  // gives the memory back unless adopt() was called

  // All that can fail. The segment's lines are as before. False when there is no memory.
  [[nodiscard]] bool take() noexcept;
  // The segment has the new lines, whose contents are unspecified, and zeroed page information; the old
  // memory is freed. The entries must have been read out. REQUIRES: take() succeeded.
  void adopt() noexcept;

 private:
  bool in_place() const noexcept;

  Segment& segment_;
  uint32_t line_count_;
  Line* lines_ = nullptr;
  PageInfo* pages_ = nullptr;
  bool taken_ = false;
};

}  // namespace plimsoll
