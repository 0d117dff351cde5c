// Stands before jemalloc's malloc and its kin in the program that links it, and counts what comes through
// them: all that the program, the C library and other libraries take without zmalloc. libzmalloc itself goes
// on to jemalloc past these functions and is not counted here.
//
// They may be called before any constructor has run and after the last destructor of a thread: nothing here
// needs either. A thread whose first call of all is a free may be on its way out: jemalloc keeps such a one
// from setting up what nobody would take down again, but to look up a size sets it up. So what it frees is
// left to the next thread that takes something or asks for the count.
#include <dlfcn.h>
#include <jemalloc/jemalloc.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "heap_calls.h"

namespace zm::backend {
namespace {

constinit std::atomic<std::int64_t> counted{0};  // few enough calls for one counter of all threads

std::size_t at_least_one(std::size_t n) noexcept {
  return n == 0 ? 1 : n;
}

void count(std::int64_t bytes) noexcept {
  counted.fetch_add(bytes, std::memory_order_relaxed);
}

// Blocks that threads on their way out have freed, a list in themselves.
struct Owed {
  Owed* next;
};
constinit std::atomic<Owed*> owed{nullptr};

// Set by the first call that takes something, or asks.
__thread bool heap_is_set_up __attribute__((tls_model("initial-exec"))) = false;

void owe(void* block) noexcept {
  auto* mine = static_cast<Owed*>(block);
  mine->next = owed.load(std::memory_order_relaxed);
  while (
      !owed.compare_exchange_weak(mine->next, mine, std::memory_order_release, std::memory_order_relaxed)) {
  }
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

void give_now(void* block) noexcept {
  const std::size_t bytes = sallocx(block, 0);
  count(-static_cast<std::int64_t>(bytes));
  sdallocx(block, bytes, 0);
}

void set_up() noexcept {
  heap_is_set_up = true;
  if (__builtin_expect(owed.load(std::memory_order_relaxed) == nullptr, 1)) return;
  for (Owed* block = owed.exchange(nullptr, std::memory_order_acquire); block != nullptr;) {
    Owed* next = block->next;
    give_now(block);
    block = next;
  }
}

std::size_t foreign_bytes() noexcept {
  set_up();
  const std::int64_t bytes = counted.load(std::memory_order_relaxed);
  return bytes < 0 ? 0 : static_cast<std::size_t>(bytes);
}

void* take(std::size_t n, int flags) noexcept {
  set_up();
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
  if (heap_is_set_up) {
    give_now(block);
  } else {
    owe(block);
  }
}

// As glibc: of size 0 is a free.
void* take_again(void* block, std::size_t n) noexcept {
  if (block == nullptr) return take(n, 0);
  set_up();
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
  return take_aligned(static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), n);
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
