#include <zmalloc/compaction.h>
#include <zmalloc/zm.h>

#include <algorithm>
#include <atomic>

namespace zm {
namespace {

constinit std::atomic<bool> every_block_sparse{false};

}  // namespace

void set_every_block_sparse(bool on) noexcept {
  every_block_sparse.store(on, std::memory_order_relaxed);
}

bool SlabSurvey::take(std::size_t dense) noexcept {
  const std::size_t known = backend::slab_classes(classes_, kClasses);
  count_ = 0;
  reclaimable_ = 0;
  for (std::size_t i = 0; i < known; ++i) {
    const backend::SlabClass& slabs = classes_[i];
    const std::size_t free = slabs.room - slabs.used;
    // Where the free blocks of all slabs together are fewer than one slab holds, none can be emptied.
    if (free <= slabs.blocks_per_slab || free < slabs.room / dense) continue;
    reclaimable_ += (free - slabs.blocks_per_slab) * slabs.block_bytes;
    classes_[count_++] = slabs;
  }
  if (every_block_sparse.load(std::memory_order_relaxed)) reclaimable_ = kEverything;
  return reclaimable_ != 0 || known != 0;
}

const backend::SlabClass* SlabSurvey::class_of(std::size_t block_bytes) const noexcept {
  const auto* const end = classes_ + count_;
  const auto* const found = std::lower_bound(
      classes_, end, block_bytes,
      [](const backend::SlabClass& slabs, std::size_t bytes) { return slabs.block_bytes < bytes; });
  return found != end && found->block_bytes == block_bytes ? found : nullptr;
}

std::uint64_t SlabSurvey::sparse(const void* const* blocks, std::size_t n) const noexcept {
  if (every_block_sparse.load(std::memory_order_relaxed)) {
    return n == kBatch ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
  }
  if (count_ == 0) return 0;
  backend::SlabUse uses[kBatch];
  if (!backend::slab_uses(blocks, n, uses)) return 0;
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (uses[i].blocks <= 1 || uses[i].free == 0) continue;
    const backend::SlabClass* slabs = class_of(uses[i].block_bytes);
    if (slabs == nullptr) continue;
    if (uses[i].free * slabs->room > (slabs->room - slabs->used) * uses[i].blocks) {
      result |= std::uint64_t{1} << i;
    }
  }
  return result;
}

void* try_allocate_compact(Tag tag, const void* old, std::size_t n) noexcept {
  return detail::charged(tag, backend::allocate_beside(old, n), nullptr);
}

void deallocate_compact(Tag tag, void* p, std::size_t n) noexcept {
  detail::charge(tag, -detail::charge_of(backend::release_uncached(p, n)));
}

}  // namespace zm
