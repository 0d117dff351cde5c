// Any C library's malloc: the size is stored in front of the block. The portable fallback.
#include <zmalloc/backend.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace zm::backend {
namespace {

// Stands right before the bytes the caller sees; as large as it is aligned, it keeps those aligned as malloc
// aligns, however wide a size is.
struct alignas(kAlignment) Prefix {
  std::size_t usable;
  std::size_t offset;  // from the start of malloc's block to the caller's bytes
};
static_assert(sizeof(Prefix) == kAlignment && alignof(std::max_align_t) >= kAlignment,
              "malloc's blocks are as aligned as the prefix");

Prefix* prefix_of(void* p) noexcept {
  return static_cast<Prefix*>(p) - 1;
}
const Prefix* prefix_of(const void* p) noexcept {
  return static_cast<const Prefix*>(p) - 1;
}

Block with_prefix(void* base, std::size_t offset, std::size_t n) noexcept {
  if (base == nullptr) return {nullptr, 0};
  void* p = static_cast<char*>(base) + offset;
  *prefix_of(p) = {n, offset};
  return {p, n};
}

void* base_of(void* p) noexcept {
  return static_cast<char*>(p) - prefix_of(p)->offset;
}

}  // namespace

const std::size_t kOverhead = sizeof(Prefix);

Block allocate(std::size_t n) noexcept {
  if (n >= kRequestLimit) return {nullptr, 0};
  return with_prefix(std::malloc(n + sizeof(Prefix)), sizeof(Prefix), n);
}

Block allocate_zeroed(std::size_t n) noexcept {
  if (n >= kRequestLimit) return {nullptr, 0};
  return with_prefix(std::calloc(1, n + sizeof(Prefix)), sizeof(Prefix), n);
}

// The padding that alignment costs is not charged: it is the malloc's affair like its own headers.
Block allocate_aligned(std::size_t n, std::size_t alignment) noexcept {
  if (n >= kRequestLimit || alignment >= kRequestLimit / 2) return {nullptr, 0};
  const std::size_t offset = std::max(alignment, sizeof(Prefix));
  void* base = nullptr;
  if (posix_memalign(&base, offset, n + offset) != 0) return {nullptr, 0};
  return with_prefix(base, offset, n);
}

Block reallocate(void* p, std::size_t n, std::size_t* old_usable) noexcept {
  *old_usable = prefix_of(p)->usable;
  if (n >= kRequestLimit) return {nullptr, 0};
  if (prefix_of(p)->offset == sizeof(Prefix)) {
    return with_prefix(std::realloc(base_of(p), n + sizeof(Prefix)), sizeof(Prefix), n);
  }
  const Block moved = allocate(n);
  if (moved.address == nullptr) return moved;
  std::memcpy(moved.address, p, std::min(*old_usable, n));
  std::free(base_of(p));
  return moved;
}

void deallocate(void* p, std::size_t) noexcept {
  std::free(base_of(p));
}

std::size_t release(void* p) noexcept {
  const std::size_t usable = prefix_of(p)->usable;
  std::free(base_of(p));
  return usable;
}

std::size_t release_requested(void* p, std::size_t) noexcept {
  return release(p);
}

std::size_t usable_size(const void* p) noexcept {
  return prefix_of(p)->usable;
}

std::size_t usable_size_requested(const void* p, std::size_t) noexcept {
  return usable_size(p);
}

std::size_t good_size(std::size_t n) noexcept {
  return n;
}

const char* version() noexcept {
  return "libc-prefix";
}

bool purge() noexcept {
  return false;
}

}  // namespace zm::backend
