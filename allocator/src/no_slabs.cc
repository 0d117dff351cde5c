// How a malloc answers that tells neither of its parts nor of the pages it commits: every one but jemalloc.
#include <zmalloc/backend.h>

namespace zm::backend {

bool purge_within(std::int64_t) noexcept {
  purge();
  return true;
}

std::size_t unfinished_purge() noexcept {
  return 0;
}

bool set_background_thread(bool) noexcept {
  return false;
}

std::size_t slab_classes(SlabClass*, std::size_t) noexcept {
  return 0;
}

bool slab_uses(const void* const*, std::size_t, SlabUse*) noexcept {
  return false;
}

Block allocate_beside(const void*, std::size_t n) noexcept {
  return allocate(n);
}

std::size_t release_uncached(void* p, std::size_t n) noexcept {
  return release_requested(p, n);
}

bool use_own_arena() noexcept {
  return false;
}

bool route_commits(const CommitRoute&) noexcept {
  return false;
}

}  // namespace zm::backend
