#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "directory.h"
#include "entry.h"
#include "hash.h"
#include "segment.h"

namespace plimsoll {

class Rebuild;

// Where an entry sits. Stays valid while the entry is in the table and neither reserve(), insert() nor
// maintain() of the same table is called: those may move entries. Removing others moves nothing.
struct SlotRef {
  Segment* segment = nullptr;
  uint32_t line = 0;
  uint32_t index = 0;
  explicit operator bool() const noexcept { return segment != nullptr; }
  bool operator==(const SlotRef&) const = default;
};

// How far a pass of the sweep has come; the owner keeps one per table. A fresh one starts a pass.
struct SweepCursor {
  uint64_t position = 0;
};

// What a table had, on its way to being freed: see Table::detach(). Belongs to one thread at a time.
class TableContents {
 public:
  TableContents() = default;
  TableContents(TableContents&& other) noexcept { *this = std::move(other); }
  TableContents& operator=(TableContents&& other) noexcept;
  // Frees the table's memory. Entries are their owner's: REQUIRES none left, or that they are owned
  // otherwise.
  ~TableContents() { free_rest(); }

  size_t size() const noexcept { return size_; }    // entries left
  size_t bytes() const noexcept { return bytes_; }  // table memory still charged

  // Hands about `entries` entries (at least one, up to a line more) to visit(Entry*), which owns them from
  // then on, and frees the memory they leave empty. True when nothing is left.
  template <class Visit>
  bool clear_slice(unsigned entries, Visit&& visit);

 private:
  friend class Table;

  void free_segment() noexcept;  // the one at next_, whose entries are gone
  void free_rest() noexcept;

  Directory directory_;
  size_t next_ = 0;    // index in the directory
  uint32_t line_ = 0;  // in the segment there
  size_t size_ = 0;
  size_t bytes_ = 0;
};

// How a table is laid out, for tests and reports.
struct TableShape {
  size_t entries = 0;
  size_t segments = 0;
  size_t lines = 0;
  size_t displaced = 0;     // entries that do not sit in their home
  size_t displacement = 0;  // sum over all entries
  size_t reach = 0;         // sum over all homes
  size_t homes = 0;
  unsigned depth = 0;  // of the directory
  double load() const noexcept { return lines == 0 ? 0 : double(entries) / double(lines * Line::kSlots); }
};

// The keys of one database in one shard: a hash table of Entry addresses in 64-byte lines, in the order of
// the hashes.
//
// Entries are the owner's; the table holds their addresses (16-aligned, below 2^47) and reads them only for
// their key and expiry. All calls but prefetch_line(), prefetch_entry() and size() belong to the shard's
// lock; those three may be called by any thread at any time while the table exists.
//
// A look-up reads one line, rarely a second, and the entry. Lines are kept at .82 full or more on average
// once there are some thousand entries: a table grows by a page of lines at a time, its segments split when
// they have kMaxLines, and maintain() shrinks and merges them. All memory is charged to Tag::table.
class Table {
 public:
  // The first `shard_bits` bits of a hash are the same for all keys of the table. REQUIRES: shard_bits <= 16.
  Table(unsigned shard_bits, uint64_t hash_seed) noexcept : hash_seed_(hash_seed), shard_bits_(shard_bits) {}
  // Frees the table's own memory; the entries, if any are left, are the owner's.
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  static uint64_t hash(std::string_view key, uint64_t seed) noexcept { return hash_key(key, seed); }

  SlotRef find(uint64_t hash, std::string_view key) noexcept;

  // Makes room for one entry with this hash: all of an insertion that may fail. Throws std::bad_alloc when
  // there is no memory, or no place because more than 64 keys share the hash's first 37 bits after the
  // shard's; the entries are then as they were, though the table may have grown (bytes() tells).
  void reserve(uint64_t hash) {
    const DirectoryEntry& at = directory_.at(hash << shard_bits_);
    if (at.segment != nullptr && has_vacancy(*at.segment, at.segment->home_at(hash << shard_bits_))) return;
    make_room(hash << shard_bits_);
  }
  // Notes the entry's expiry too. REQUIRES: reserve(hash) was the last change of the table, and its key is
  // not in it.
  SlotRef insert(uint64_t hash, Entry* entry, uint8_t state) noexcept;
  // Another block for the same key; notes its expiry. The eviction state stays. The old one is the caller's.
  void replace(SlotRef at, Entry* entry) noexcept;
  // The same entry, moved to another block; its bytes are the same.
  void relocate(SlotRef at, Entry* entry) noexcept;
  // Takes the entry out; it is the caller's. Frees nothing: shrinking is maintain()'s.
  Entry* remove(SlotRef at) noexcept;

  static Entry* entry(SlotRef at) noexcept { return slot::entry(word(at)); }
  static uint8_t state(SlotRef at) noexcept { return slot::state(word(at)); }
  void set_state(SlotRef at, uint8_t state) noexcept;
  // The evictor's own of the page the entry sits in.
  static EvictionPage& eviction_page(SlotRef at) noexcept { return at.segment->page_of(at.line).eviction; }
  // Entries move between pages when the table is restructured; `move` tells the state that means in the page
  // `to` what `state` means in `from`. Without it states stay as they are. A page that is new takes over that
  // of its first entry.
  using MoveState = uint8_t (*)(uint8_t state, const EvictionPage& from, const EvictionPage& to) noexcept;
  void set_move_state(MoveState move) noexcept { move_state_ = move; }

  // To be called when the entry got an expiry or an earlier one in place; later ones and none need no call.
  void note_expiry(SlotRef at, int64_t expiry_ms) noexcept;

  size_t size() const noexcept { return load_relaxed(size_); }
  // Charged for lines, segments and directory; not the object itself.
  size_t bytes() const noexcept { return bytes_; }

  // Visits all entries of the home at `position` and returns the position to go on with, 0 at the end; starts
  // with 0. visit(Entry*, SlotRef) may remove that entry and change the table in no other way. Positions are
  // in the order of hashes without the shard's bits: whatever happens to the table between two calls, an
  // entry that was there all the time is visited, once or more. The low kPositionZeroBits bits of a
  // returned position are 0.
  static constexpr unsigned kPositionZeroBits = 27;
  template <class Visit>
  uint64_t scan(uint64_t position, Visit&& visit) const;

  // Visits the entries in `lines` lines chosen by `random`, as visit(SlotRef, uint8_t state), without reading
  // the entries. Where a chosen line is empty the next one with entries is taken, up to kSampleWalk lines on:
  // a table emptied long since may show nothing. The visitor changes nothing; SlotRefs may be kept as said
  // there.
  template <class Visit>
  void sample(uint64_t random, unsigned lines, Visit&& visit) const;
  // The same for lines that hold an entry with an expiry; others in the line are visited too. Walks on over
  // pages without, so some may be chosen more often. Reads the entries of the lines it looks at, and clears
  // the marks of those whose expiring entries have gone: so each such line costs a look once, and repeated
  // calls find an entry if there is one.
  template <class Visit>
  void sample_volatile(uint64_t random, unsigned lines, Visit&& visit);
  static constexpr unsigned kStaleMarks = 256;  // most that one line's choice clears
  static constexpr uint32_t kSampleWalk = 64;

  // One slice of a pass over the entries that are due, visit(SlotRef) each: it normally removes the entry,
  // and changes the table in no other way. One that stays is visited again in the next pass. Ends after about
  // `budget_lines` lines read, one page at least; true when the pass is complete. A pass that meets nothing
  // due costs one word, and where something is due somewhere one cache line a segment. Every entry due when a
  // pass begins is visited in that pass, unless the table is restructured meanwhile, then in the next at the
  // latest.
  template <class Visit>
  bool sweep_due(int64_t now_ms, SweepCursor& cursor, unsigned budget_lines, Visit&& visit);
  // Not later than the earliest expiry; kNoExpiry if no entry is known to have one.
  int64_t earliest_expiry() const noexcept { return earliest_ == kNever ? kNoExpiry : earliest_; }

  // One bounded step of giving memory back: frees an empty table, shrinks a segment less than six tenths
  // full, or merges two. True if it did something. Looks at kMaintainSegments segments at most, then goes on
  // from there. Never throws; does nothing when memory for the step is refused.
  bool maintain() noexcept;
  static constexpr unsigned kMaintainSegments = 64;
  // The same for the one segment that an entry was just removed from. REQUIRES: nothing else has changed
  // since.
  bool maintain_at(SlotRef removed) noexcept { return size_ != 0 && maintain_at(*removed.segment); }

  // Moves everything out; the table is empty, and its prefetches go on to be harmless.
  TableContents detach() noexcept;

  // Where an entry belongs as far as a reader without the lock can tell. No line: they may be freed at any
  // time.
  struct Home {
    const Line* line = nullptr;
    uint32_t tag = 0;
    uint32_t lines_left = 0;  // from here to the segment's end
  };
  // Both take no lock. They may read old lines but nothing unmapped; segments of up to kHeapLines lines,
  // which are in a cache anyway, are skipped. prefetch_entry() reads the line, so prefetch_line() goes some
  // time before, and tells it where that is: 16 keys at a time work well.
  Home prefetch_line(uint64_t hash) const noexcept;
  static void prefetch_entry(const Home& home) noexcept;
  void prefetch_entry(uint64_t hash) const noexcept { prefetch_entry(home_unlocked(hash)); }

  TableShape shape() const noexcept;
  // Walks everything and checks every invariant. Empty, or what is wrong.
  std::string_view check() const noexcept;

 private:
  friend class TableContents;

  static uint64_t& word(SlotRef at) noexcept { return at.segment->lines[at.line].slots[at.index]; }

  // To be called before anything of a line changes: where a snapshot will write the line out first. Lines
  // keep their epoch bit.
  static void before_change(const Segment&, uint32_t /*line*/) noexcept {}

  // table.cc
  static bool has_vacancy(const Segment& segment, uint32_t home) noexcept {
    if (segment.entries >= most_entries(segment.line_count)) return false;
    return segment.lines[home].vacant() != 0 || has_vacancy_behind(segment, home);
  }
  static bool has_vacancy_behind(const Segment& segment, uint32_t home) noexcept;
  void lower_reach(Segment& segment, uint32_t home) noexcept;
  void add_to_size(int64_t n) noexcept { store_relaxed(size_, size_ + static_cast<uint64_t>(n)); }
  Segment* segment_at(uint64_t position) const noexcept { return directory_.at(position).segment; }
  Segment* segment_after(const Segment& segment) const noexcept;
  Home home_unlocked(uint64_t hash) const noexcept;

  // restructure.cc
  void make_room(uint64_t position);
  bool hop(Segment& segment, uint32_t home) noexcept;
  bool hop_once(Segment& segment, uint32_t& vacant_line) noexcept;
  void move_entry(Segment& segment, uint32_t from, unsigned index, uint32_t to) noexcept;
  void add_first_segment();
  void grow(Segment& segment);
  void split(Segment& segment);
  void change_lines(Segment& segment, Rebuild& rebuild, NewLines& lines) noexcept;
  void before_change(const Segment& segment) noexcept;

  // maintain.cc
  bool maintain_at(Segment& segment) noexcept;
  bool shrink(Segment& segment) noexcept;
  bool merge(Segment& low, Segment& high) noexcept;
  Segment* sibling(const Segment& segment) const noexcept;
  void halve_directory() noexcept;
  void drop_all() noexcept;

  // walks.cc and table_walks.h
  struct LineRef {
    Segment* segment;
    uint32_t line;
  };
  LineRef random_line(uint64_t random) const noexcept;
  static bool walk_to_entries(LineRef& at) noexcept;
  static bool walk_to_mark(LineRef& at) noexcept;
  bool walk_to_expiry(LineRef& at) const noexcept;
  bool walk_to_volatile(LineRef& at) noexcept;
  static bool holds_volatile(const Line& line) noexcept;
  static void clear_mark(LineRef at) noexcept;
  // The SplitMix64 generator (Steele, Lea and Flood, 2014).
  static uint64_t next_random(uint64_t& state) noexcept {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  static void prefetch_entries(const Line& line) noexcept {
    for (unsigned i = 0; i < Line::kSlots; ++i) __builtin_prefetch(slot::entry(line.load(i)));
  }
  template <class Visit>
  static void visit_slots(LineRef at, Visit&& visit);

  // A page that the sweep is going through.
  struct DuePage {
    Segment* segment = nullptr;
    uint32_t first = 0;  // line
    uint32_t lines = 0;
    uint64_t due = 0;                 // bit i: line first + i may hold something due
    int64_t earliest[kLinesPerPage];  // per line: what its mark says; exact once a due line has been read
  };
  bool next_due_page(int64_t now_ms, SweepCursor& cursor, int64_t& budget, DuePage& page) noexcept;
  static void begin_page(Segment& segment, uint32_t first, int64_t now_ms, DuePage& page) noexcept;
  void finish_page(const DuePage& page, SweepCursor& cursor) noexcept;
  void finish_pass() noexcept;

  Directory directory_;
  uint64_t size_ = 0;  // read without the lock
  size_t bytes_ = 0;
  int64_t earliest_ = kNever;
  MoveState move_state_ = nullptr;
  uint64_t maintain_position_ = 0;
  const uint64_t hash_seed_;
  const unsigned shard_bits_;
};

}  // namespace plimsoll

#include "table_walks.h"
