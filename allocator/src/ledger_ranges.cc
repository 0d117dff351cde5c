#include "ledger_ranges.h"

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "mutex_lock.h"

namespace zm::detail {
namespace {

constexpr std::size_t kMost = 4096;

// Appended under the mutex, read without it: an element is whole before the count shows it.
struct Range {
  std::uintptr_t start;
  std::uintptr_t end;
};
constinit Range ranges[kMost] = {};
constinit std::atomic<std::size_t> count{0};
constinit pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

}  // namespace

bool add_ledger_range(const void* start, std::size_t bytes) noexcept {
  const MutexLock lock(&mutex);
  const auto first = reinterpret_cast<std::uintptr_t>(start);
  const std::size_t n = count.load(std::memory_order_relaxed);
  if (n == kMost) return false;
  ranges[n] = {first, first + bytes};
  count.store(n + 1, std::memory_order_release);
  return true;
}

bool in_ledger_range(const void* address) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  // The newest first: it is the one in use.
  for (std::size_t i = count.load(std::memory_order_acquire); i-- > 0;) {
    if (at >= ranges[i].start && at < ranges[i].end) return true;
  }
  return false;
}

}  // namespace zm::detail
