// The counter of faults.h. The linker sends every call of the functions named below to their __wrap_ twin
// (--wrap, see CMakeLists.txt), which asks `refuse` and goes on to the function itself, __real_.
#include <zmalloc/backend.h>
#include <zmalloc/faults.h>
#include <zmalloc/region.h>

#include <atomic>
#include <cerrno>

namespace zm::faults {
namespace {

// Of one thread: it alone reads and writes.
struct ThreadPlan {
  bool on = false;
  Plan plan;
  std::uint64_t seen = 0;
  std::uint64_t refused = 0;

  bool refuse(std::size_t bytes) noexcept {
    if (bytes <= plan.above && plan.above != 0) return false;
    const std::uint64_t call = seen++;
    if (call < plan.pass || call - plan.pass >= plan.refuse) return false;
    ++refused;
    return true;
  }
};

thread_local constinit ThreadPlan of_thread;

// Of the process. The numbers are set while `on` is false; a call that runs meanwhile may see some of each.
struct ProcessPlan {
  std::atomic<bool> on{false};
  std::atomic<std::uint64_t> pass{0}, refuse_count{0}, seen{0}, refused{0};
  std::atomic<std::size_t> above{0};

  bool refuse(std::size_t bytes) noexcept {
    const std::size_t least = above.load(std::memory_order_relaxed);
    if (bytes <= least && least != 0) return false;
    const std::uint64_t call = seen.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t first = pass.load(std::memory_order_relaxed);
    if (call < first || call - first >= refuse_count.load(std::memory_order_relaxed)) return false;
    refused.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
};

constinit ProcessPlan of_process;

void begin_in_process(const Plan& plan) noexcept {
  of_process.on.store(false);
  of_process.pass.store(plan.pass);
  of_process.refuse_count.store(plan.refuse);
  of_process.above.store(plan.above);
  of_process.seen.store(0);
  of_process.refused.store(0);
  of_process.on.store(true);
}

// True: this call for memory is refused.
bool refuse(std::size_t bytes) noexcept {
  if (of_thread.on && of_thread.refuse(bytes)) return true;
  return of_process.on.load(std::memory_order_acquire) && of_process.refuse(bytes);
}

std::size_t new_pages(std::size_t from_bytes, std::size_t to_bytes) noexcept {
  const std::size_t page = region_page_size();
  return (to_bytes + page - 1) / page - (from_bytes + page - 1) / page;
}

}  // namespace

bool linked() noexcept {
  return true;
}

void begin(Scope scope, const Plan& plan) noexcept {
  if (scope == Scope::process) return begin_in_process(plan);
  of_thread = {true, plan, 0, 0};
}

std::uint64_t refused(Scope scope) noexcept {
  return scope == Scope::process ? of_process.refused.load() : of_thread.refused;
}

std::uint64_t end(Scope scope) noexcept {
  if (scope == Scope::process) {
    of_process.on.store(false);
  } else {
    of_thread.on = false;
  }
  return refused(scope);
}

}  // namespace zm::faults

using zm::backend::Block;
using zm::faults::refuse;

extern "C" {

Block __real__ZN2zm7backend8allocateEm(std::size_t n) noexcept;
Block __real__ZN2zm7backend15allocate_zeroedEm(std::size_t n) noexcept;
Block __real__ZN2zm7backend16allocate_alignedEmm(std::size_t n, std::size_t alignment) noexcept;
Block __real__ZN2zm7backend10reallocateEPvmPm(void* p, std::size_t n, std::size_t* old_usable) noexcept;
Block __real__ZN2zm7backend15allocate_besideEPKvm(const void* old, std::size_t n) noexcept;
void* __real__ZN2zm10RegionPool7acquireEv(zm::RegionPool* pool) noexcept;
bool __real__ZN2zm10RegionPool6commitEPvmmNS_3TagE(zm::RegionPool* pool, void* range, std::size_t from_bytes,
                                                   std::size_t to_bytes, zm::Tag tag) noexcept;
void* __real_aligned_alloc(std::size_t alignment, std::size_t n) noexcept;

Block __wrap__ZN2zm7backend8allocateEm(std::size_t n) noexcept {
  return refuse(n) ? Block{nullptr, 0} : __real__ZN2zm7backend8allocateEm(n);
}

Block __wrap__ZN2zm7backend15allocate_zeroedEm(std::size_t n) noexcept {
  return refuse(n) ? Block{nullptr, 0} : __real__ZN2zm7backend15allocate_zeroedEm(n);
}

Block __wrap__ZN2zm7backend16allocate_alignedEmm(std::size_t n, std::size_t alignment) noexcept {
  return refuse(n) ? Block{nullptr, 0} : __real__ZN2zm7backend16allocate_alignedEmm(n, alignment);
}

Block __wrap__ZN2zm7backend10reallocateEPvmPm(void* p, std::size_t n, std::size_t* old_usable) noexcept {
  return refuse(n) ? Block{nullptr, 0} : __real__ZN2zm7backend10reallocateEPvmPm(p, n, old_usable);
}

Block __wrap__ZN2zm7backend15allocate_besideEPKvm(const void* old, std::size_t n) noexcept {
  return refuse(n) ? Block{nullptr, 0} : __real__ZN2zm7backend15allocate_besideEPKvm(old, n);
}

void* __wrap__ZN2zm10RegionPool7acquireEv(zm::RegionPool* pool) noexcept {
  return refuse(pool->range_bytes()) ? nullptr : __real__ZN2zm10RegionPool7acquireEv(pool);
}

// A commit of no new page can't be refused.
bool __wrap__ZN2zm10RegionPool6commitEPvmmNS_3TagE(zm::RegionPool* pool, void* range, std::size_t from_bytes,
                                                   std::size_t to_bytes, zm::Tag tag) noexcept {
  const std::size_t pages = zm::faults::new_pages(from_bytes, to_bytes);
  if (pages != 0 && refuse(pages * zm::region_page_size())) return false;
  return __real__ZN2zm10RegionPool6commitEPvmmNS_3TagE(pool, range, from_bytes, to_bytes, tag);
}

void* __wrap_aligned_alloc(std::size_t alignment, std::size_t n) noexcept {
  if (!refuse(n)) return __real_aligned_alloc(alignment, n);
  errno = ENOMEM;
  return nullptr;
}

}  // extern "C"
