// Stands before jemalloc's malloc and its kin in the program that links it, and counts what comes through
// them: all that the program, the C library and other libraries take without zmalloc. libzmalloc itself goes
// on to jemalloc past these functions and is not counted here.
//
// They may be called before any constructor has run and after the last destructor: nothing here needs either.
#include <dlfcn.h>
#include <jemalloc/jemalloc.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "heap_calls.h"

namespace zm::backend {
namespace {

constinit std::atomic<std::int64_t> counted{0};  // few enough calls for one counter of all threads

std::size_t foreign_bytes() noexcept {
  const std::int64_t bytes = counted.load(std::memory_order_relaxed);
  return bytes < 0 ? 0 : static_cast<std::size_t>(bytes);
}

std::size_t at_least_one(std::size_t n) noexcept {
  return n == 0 ? 1 : n;
}

void count(std::int64_t bytes) noexcept {
  counted.fetch_add(bytes, std::memory_order_relaxed);
}

std::int64_t size_of(const void* block) noexcept {
  return static_cast<std::int64_t>(sallocx(block, 0));
}

void* counted_or_refused(void* block) noexcept {
  if (block == nullptr) {
    errno = ENOMEM;
  } else {
    count(size_of(block));
  }
  return block;
}

void* take(std::size_t n, int flags) noexcept {
  return counted_or_refused(mallocx(at_least_one(n), flags));
}

void* take_zeroed(std::size_t n, std::size_t size) noexcept {
  std::size_t bytes;
  if (__builtin_mul_overflow(n, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return take(bytes, MALLOCX_ZERO);
}

void give(void* block) noexcept {
  if (block == nullptr) return;
  const std::size_t bytes = sallocx(block, 0);
  count(-static_cast<std::int64_t>(bytes));
  sdallocx(block, bytes, 0);
}

// As glibc: of size 0 is a free.
void* take_again(void* block, std::size_t n) noexcept {
  if (block == nullptr) return take(n, 0);
  if (n == 0) {
    give(block);
    return nullptr;
  }
  const std::int64_t before = size_of(block);
  void* moved = rallocx(block, n, 0);
  if (moved == nullptr) {
    errno = ENOMEM;
  } else {
    count(size_of(moved) - before);
  }
  return moved;
}

void* take_aligned(std::size_t alignment, std::size_t n) noexcept {
  if (!std::has_single_bit(alignment)) {
    errno = EINVAL;
    return nullptr;
  }
  return take(n, MALLOCX_ALIGN(alignment));
}

constexpr std::size_t kPage = 4096;

// jemalloc's own functions, whatever they are called in this process; slower, and always there.
void* bare_malloc(std::size_t n) {
  return mallocx(at_least_one(n), 0);
}
void* bare_calloc(std::size_t n, std::size_t size) {
  std::size_t bytes;
  return __builtin_mul_overflow(n, size, &bytes) ? nullptr : mallocx(at_least_one(bytes), MALLOCX_ZERO);
}
void* bare_realloc(void* block, std::size_t n) {
  return block == nullptr ? bare_malloc(n) : rallocx(block, at_least_one(n), 0);
}
void bare_free(void* block) {
  if (block != nullptr) dallocx(block, 0);
}

// The function of this name that comes after the program's own, if it is jemalloc's; otherwise `instead`.
template <class Function>
Function* next_of(const char* name, Function* instead) noexcept {
  Dl_info found{}, jemalloc{};
  void* next = dlsym(RTLD_NEXT, name);
  const bool same = next != nullptr && dladdr(next, &found) != 0 &&
                    dladdr(reinterpret_cast<void*>(mallocx), &jemalloc) != 0 &&
                    found.dli_fbase == jemalloc.dli_fbase;
  return same ? reinterpret_cast<Function*>(next) : instead;
}

}  // namespace

constinit HeapCalls heap_calls{bare_malloc, bare_calloc, bare_realloc, bare_free, foreign_bytes};

namespace {

__attribute__((constructor(101))) void find_heap_calls() {
  heap_calls.malloc = next_of("malloc", heap_calls.malloc);
  heap_calls.calloc = next_of("calloc", heap_calls.calloc);
  heap_calls.realloc = next_of("realloc", heap_calls.realloc);
  heap_calls.free = next_of("free", heap_calls.free);
}

}  // namespace
}  // namespace zm::backend

using namespace zm::backend;

extern "C" {

void* malloc(std::size_t n) noexcept {
  return take(n, 0);
}
void* calloc(std::size_t n, std::size_t size) noexcept {
  return take_zeroed(n, size);
}
void* realloc(void* block, std::size_t n) noexcept {
  return take_again(block, n);
}
void free(void* block) noexcept {
  give(block);
}
void* aligned_alloc(std::size_t alignment, std::size_t n) noexcept {
  return take_aligned(alignment, n);
}
void* memalign(std::size_t alignment, std::size_t n) noexcept {
  return take_aligned(alignment, n);
}
void* valloc(std::size_t n) noexcept {
  return take_aligned(kPage, n);
}
int posix_memalign(void** result, std::size_t alignment, std::size_t n) noexcept {
  if (!std::has_single_bit(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
  const int before = errno;  // it answers with its value
  void* block = take(n, MALLOCX_ALIGN(alignment));
  errno = before;
  if (block == nullptr) return ENOMEM;
  *result = block;
  return 0;
}

}  // extern "C"
