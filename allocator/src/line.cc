#include <zmalloc/backend.h>
#include <zmalloc/line.h>
#include <zmalloc/region.h>

#include <algorithm>
#include <atomic>

#include "ledger_ranges.h"

constinit std::atomic<std::size_t> zm::detail::line_limit{0};

namespace zm::line {

namespace {

constinit std::atomic<std::size_t> outside{0};
constinit std::atomic<std::size_t> heap{0};
constinit std::atomic<std::size_t> heap_peak{0};
constinit std::atomic<std::uint64_t> refusals{0};
// While the process comes down to a limit below what it held: how far it has come. 0 otherwise.
constinit std::atomic<std::size_t> ceiling{0};

// Most that the heap may hold.
std::size_t allowance() noexcept {
  const std::size_t line = limit();
  if (line == 0) return SIZE_MAX;
  const std::size_t most = std::max(line, ceiling.load(std::memory_order_relaxed));
  const std::size_t other = outside.load(std::memory_order_relaxed);
  return most > other ? most - other : 0;
}

void begin(std::size_t bytes) noexcept {
  heap.fetch_add(bytes, std::memory_order_relaxed);
  heap_peak.store(heap.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

bool charge(std::size_t bytes) noexcept {
  std::size_t before = heap.load(std::memory_order_relaxed);
  do {
    const std::size_t most = allowance();
    if (before > most || bytes > most - before) {
      refusals.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
  } while (!heap.compare_exchange_weak(before, before + bytes, std::memory_order_relaxed));
  std::size_t peak = heap_peak.load(std::memory_order_relaxed);
  while (before + bytes > peak &&
         !heap_peak.compare_exchange_weak(peak, before + bytes, std::memory_order_relaxed)) {
  }
  return true;
}

void lower_ceiling() noexcept {
  std::size_t most = ceiling.load(std::memory_order_relaxed);
  if (most == 0) return;
  const std::size_t line = limit();
  const std::size_t total = heap.load(std::memory_order_relaxed) + outside.load(std::memory_order_relaxed);
  const std::size_t next = total <= line ? 0 : total;
  while (next < most && !ceiling.compare_exchange_weak(most, next, std::memory_order_relaxed)) {
  }
}

void refund(std::size_t bytes) noexcept {
  heap.fetch_sub(bytes, std::memory_order_relaxed);
  lower_ceiling();
}

constexpr CommitLedger kLedger = {begin, charge, refund};

}  // namespace

bool install() noexcept {
  set_commit_ledger(&kLedger);
  return backend::route_commits({&kLedger, detail::add_ledger_range, detail::in_ledger_range});
}

void set_limit(std::size_t bytes) noexcept {
  const std::size_t total = heap.load(std::memory_order_relaxed) + outside.load(std::memory_order_relaxed);
  ceiling.store(bytes != 0 && total > bytes ? total : 0, std::memory_order_relaxed);
  detail::line_limit.store(bytes, std::memory_order_relaxed);
}

void set_outside(std::size_t bytes) noexcept {
  outside.store(bytes, std::memory_order_relaxed);
  lower_ceiling();
}

bool covers(const void* address) noexcept {
  return detail::in_ledger_range(address);
}

Account account() noexcept {
  return {limit(), heap.load(std::memory_order_relaxed), heap_peak.load(std::memory_order_relaxed),
          outside.load(std::memory_order_relaxed), refusals.load(std::memory_order_relaxed)};
}

std::size_t room() noexcept {
  const std::size_t most = allowance();
  const std::size_t held = heap.load(std::memory_order_relaxed);
  if (most == SIZE_MAX) return SIZE_MAX;
  return most > held ? most - held : 0;
}

}  // namespace zm::line
