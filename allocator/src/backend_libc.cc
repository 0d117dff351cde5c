// The C library's malloc, asked for sizes through malloc_usable_size.
#include <malloc.h>
#include <zmalloc/backend.h>

#include <algorithm>
#include <cstdlib>

namespace zm::backend {
namespace {

Block block_of(void* p) noexcept {
  return p == nullptr ? Block{nullptr, 0} : Block{p, malloc_usable_size(p)};
}

}  // namespace

const std::size_t kOverhead = 0;

Block allocate(std::size_t n) noexcept {
  if (n >= kRequestLimit) return {nullptr, 0};
  return block_of(std::malloc(std::max<std::size_t>(n, 1)));
}

Block allocate_zeroed(std::size_t n) noexcept {
  if (n >= kRequestLimit) return {nullptr, 0};
  return block_of(std::calloc(1, std::max<std::size_t>(n, 1)));
}

Block allocate_aligned(std::size_t n, std::size_t alignment) noexcept {
  if (n >= kRequestLimit) return {nullptr, 0};
  void* p = nullptr;
  const int error = posix_memalign(&p, std::max(alignment, kAlignment), std::max<std::size_t>(n, 1));
  return error == 0 ? block_of(p) : Block{nullptr, 0};
}

Block reallocate(void* p, std::size_t n, std::size_t* old_usable) noexcept {
  *old_usable = malloc_usable_size(p);
  if (n >= kRequestLimit) return {nullptr, 0};
  return block_of(std::realloc(p, n));
}

void deallocate(void* p, std::size_t) noexcept {
  std::free(p);
}

std::size_t release(void* p) noexcept {
  const std::size_t usable = malloc_usable_size(p);
  std::free(p);
  return usable;
}

std::size_t release_requested(void* p, std::size_t) noexcept {
  return release(p);
}

std::size_t usable_size(const void* p) noexcept {
  return malloc_usable_size(const_cast<void*>(p));
}

std::size_t usable_size_requested(const void* p, std::size_t) noexcept {
  return usable_size(p);
}

// glibc may hand out a chunk one step larger than the request needs, so only a lower bound is known.
std::size_t good_size(std::size_t n) noexcept {
  return n;
}

const char* version() noexcept {
  return "libc";
}

bool purge() noexcept {
  malloc_trim(0);
  return true;
}

}  // namespace zm::backend
