#pragma once

#include <zmalloc/compaction.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "plimsoll/store.h"
#include "table/table.h"

namespace plimsoll {

class Engine;

// Moves entries out of sparsely used slabs, so that the slabs go back: one pass after another over all keys,
// in slices. An entry is moved under its shard's lock, where its slot alone knows its address. Never
// allocates but the moved blocks, by calls that may be refused.
class Compactor {
 public:
  explicit Compactor(Engine& engine) noexcept : engine_(engine) {}

  enum class Outcome : uint8_t {
    worked,
    busy,  // another thread is at it
    idle,  // nothing is worth moving
  };
  // How far it goes: sizes of which less than one block in so many is free are left alone.
  enum class Effort : uint8_t { coarse = 24, fine = 64 };
  // At most about `budget_us`. Locks by itself, one shard at a time.
  Outcome run(int64_t budget_us, Effort effort) noexcept;

  // Bytes in sparse slabs as of the last survey, taken anew if that is `older_than_us` ago or was of another
  // effort; 0 where slabs are not known.
  size_t reclaimable(int64_t older_than_us, Effort effort) noexcept;

  size_t last_reclaimable() const noexcept { return reclaimable_.load(std::memory_order_relaxed); }

  CompactionStatistics statistics() const noexcept;
  void reset_statistics() noexcept;

 private:
  // One of up to kBatch entries that stand in neighbouring buckets.
  struct Candidate {
    Entry* entry;
    SlotRef slot;
  };

  void begin_pass() noexcept;
  bool worthwhile() noexcept;
  size_t& settled() noexcept { return surveyed_for_ == Effort::coarse ? settled_coarse_ : settled_fine_; }
  bool at_start() const noexcept { return shard_ == 0 && database_ == 0 && position_ == 0; }
  void survey(int64_t older_than_us, Effort effort) noexcept;
  bool next_batch() noexcept;  // false: the pass is complete
  void move_payloads(const Candidate* candidates, size_t n) noexcept;
  void move_entries(Table& table, const Candidate* candidates, size_t n) noexcept;
  void finish_pass() noexcept;

  Engine& engine_;
  // Held by the thread that compacts; it guards what follows up to the counters.
  std::atomic_flag running_ = ATOMIC_FLAG_INIT;
  zm::SlabSurvey survey_;
  int64_t surveyed_us_ = INT64_MIN / 2;
  Effort surveyed_for_ = Effort::fine;
  int64_t worked_us_ = 0;  // since then
  unsigned shard_ = 0;
  int database_ = 0;
  uint64_t position_ = 0;
  size_t pass_began_with_ = 0;  // reclaimable bytes
  Effort pass_began_for_ = Effort::fine;
  uint64_t pass_began_at_change_ = 0;  // of those of the store, counted
  size_t pass_moved_bytes_ = 0, pass_moved_ = 0;
  unsigned rounds_ = 0;  // passes, one after the other, that only had blocks go round: see finish_pass()
  // What was left behind when no other pass was worth it, until there is more.
  size_t settled_coarse_ = 0, settled_fine_ = 0;

  std::atomic<size_t> reclaimable_{0};
  std::atomic<uint64_t> moved_{0}, stayed_{0}, passes_{0}, time_us_{0};
};

}  // namespace plimsoll
