#pragma once

#include <cstddef>
#include <cstdint>

#include "segment.h"

namespace plimsoll {

// Carries the entries of one or two segments into new lines: a segment that gets more or fewer lines, one
// that is split, two that are merged. In this order:
//
//   - take_scratch(): memory for all entries, apart from the lines;
//   - read() each source: entries, and what is known of them without their keys, go to the scratch;
//   - fit() each target: finds a number of lines in which every entry comes to sit within reach of its home;
//   - write() each target.
//
// Everything before write() may fail and leaves the table as it is; write() cannot fail, and has the entries
// out of the way of the lines it writes, which may be those they came from.
//
// Entries are laid out in the order of their homes, each as near to its home as the homes before leave room:
// home h begins at slot max(8 h, end of home h - 1). No other order has a lesser greatest displacement.
class Rebuild {
 public:
  using MoveState = uint8_t (*)(uint8_t state, const EvictionPage& from, const EvictionPage& to) noexcept;

  Rebuild(uint64_t hash_seed, unsigned shard_bits, MoveState move_state) noexcept
      : hash_seed_(hash_seed), shard_bits_(shard_bits), move_state_(move_state) {}
  Rebuild(const Rebuild&) = delete;
  Rebuild& operator=(const Rebuild&) = delete;
  ~Rebuild();

  // For this many entries in all. False when there is no memory.
  [[nodiscard]] bool take_scratch(uint32_t entries) noexcept;

  // `depth` is that of the targets. If it is the source's and the source has kExactHomes no key is read.
  // Of two sources the one with the lower positions comes first.
  void read(const Segment& source, unsigned depth) noexcept;

  // Entries for a target: 0, or 1 for the upper half of a split.
  uint32_t entries(unsigned target) const noexcept { return layouts_[target].entries; }

  // The least number of lines, `least` or more, that holds the target's entries; 0 if kMaxLines do not.
  uint32_t fit(unsigned target, uint32_t least) noexcept;

  // REQUIRES: the segment has the lines that fit() found, and its page information is as new.
  void write(unsigned target, Segment& segment) noexcept;

 private:
  // What goes with a slot's word, in 32 bits: tag | mark << 17 | epoch << 29 | target << 30 | whether the
  // entry itself tells its expiry << 31.
  static constexpr uint32_t kTag = (1u << kTagBits) - 1;
  static constexpr unsigned kMarkShift = 17, kEpochShift = 29, kTargetShift = 30, kReadShift = 31;
  static uint32_t tag(uint32_t origin) noexcept { return origin & kTag; }
  static unsigned mark(uint32_t origin) noexcept { return origin >> kMarkShift & 4095; }
  static bool epoch(uint32_t origin) noexcept { return origin >> kEpochShift & 1; }
  static unsigned target(uint32_t origin) noexcept { return origin >> kTargetShift & 1; }
  static bool reads_expiry(uint32_t origin) noexcept { return origin >> kReadShift; }

  using LineSet = uint64_t[kMaxLines / 64];  // bit l: line l

  // The entries from number `first` on come from this page.
  struct Page {
    uint32_t first;
    PageInfo info;
  };

  struct Layout {
    uint32_t entries = 0;
    uint16_t begin[kMaxLines];  // first slot of each home, counted through the segment
  };

  static void choose_soon(const Segment& source, LineSet& soon) noexcept;
  void read_lines(const Segment& source, bool exact, const LineSet& soon) noexcept;
  void read_keys(uint32_t first, unsigned source_depth, unsigned depth) noexcept;
  bool lay_out(unsigned target, uint32_t line_count) noexcept;
  // The pages between which entries are going just now.
  struct Route {
    uint32_t from = 0;
    uint32_t to = ~0u;
    uint32_t end = 0;         // the first entry of the page after `from`
    uint32_t started = 0;     // bit p: page p has got an entry
    bool translates = false;  // states mean something else there
  };
  void turn(Route& route, uint32_t i, uint32_t to, Segment& segment) noexcept;
  uint64_t translated(uint64_t word, const PageInfo& from, const PageInfo& to) const noexcept;
  int64_t expiry(uint32_t i, const PageInfo& from) const noexcept;
  void place(unsigned target, Segment& segment, int64_t* line_earliest, uint8_t* line_bits) noexcept;

  const uint64_t hash_seed_;
  const unsigned shard_bits_;
  const MoveState move_state_;
  uint64_t* words_ = nullptr;  // slots as they were
  uint32_t* origins_ = nullptr;
  uint32_t capacity_ = 0;
  uint32_t count_ = 0;
  uint32_t page_count_ = 0;
  bool expiries_ = false;  // some entry may have one
  Page pages_[2 * kMaxPages];
  Layout layouts_[2];
};

}  // namespace plimsoll
