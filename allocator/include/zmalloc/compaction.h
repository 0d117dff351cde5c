// Compaction: which blocks stand in slabs so sparsely used that moving them elsewhere empties whole slabs.
//
// jemalloc keeps small blocks of one size together in slabs of some pages, and a slab goes back only when its
// last block is freed. Who can move a block (nothing else holds its address) asks whether its slab is sparse,
// allocates another with allocate_compact(), copies, and frees the old one with deallocate_compact(). Both
// pass by the thread's cache: the old slab notices at once. The new block comes from the arena that holds the
// old one, whichever thread moves it, so that moving fills slabs that are there instead of making more.
//
// All functions are thread-safe and throw nothing; a SlabSurvey belongs to one thread at a time.
#pragma once

#include <zmalloc/backend.h>
#include <zmalloc/tags.h>

#include <cstddef>
#include <cstdint>

namespace zm {

class SlabSurvey {
 public:
  static constexpr std::size_t kBatch = 64;  // blocks asked about in one go: half the price each of one alone

  static constexpr std::size_t kEverything =
      SIZE_MAX / 2;  // reclaimable() where every block counts as sparse

  // Takes in how full the slabs of each size are on average. Some 25 µs. Sizes of which less than one block in
  // `dense` is free are left alone: to empty one of their slabs, many others would have to be moved. False:
  // the backend tells nothing of slabs, and no block is ever sparse.
  bool take(std::size_t dense) noexcept;

  // Bytes of free blocks in slabs of the other sizes, less what each size needs to go on: at most so much
  // would moving give back.
  std::size_t reclaimable() const noexcept { return reclaimable_; }

  // Bit i: blocks[i] stands in a slab emptier than the average of its size by enough to be worth a move.
  // REQUIRES: n <= kBatch, and live blocks of this heap.
  std::uint64_t sparse(const void* const* blocks, std::size_t n) const noexcept;

 private:
  static constexpr std::size_t kClasses = 64;
  const backend::SlabClass* class_of(std::size_t block_bytes) const noexcept;

  backend::SlabClass classes_[kClasses];  // by size
  std::size_t count_ = 0;
  std::size_t reclaimable_ = 0;
};

// As try_allocate; see above. `old` is the live block that moves.
[[nodiscard]] void* try_allocate_compact(Tag tag, const void* old, std::size_t n) noexcept;
// As deallocate_requested: n is what was asked for.
void deallocate_compact(Tag tag, void* p, std::size_t n) noexcept;

// For tests: every block counts as sparse, on every backend, so that all that can move does.
void set_every_block_sparse(bool on) noexcept;

}  // namespace zm
