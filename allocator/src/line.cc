#include <zmalloc/backend.h>
#include <zmalloc/counters.h>
#include <zmalloc/line.h>
#include <zmalloc/region.h>

#include <algorithm>
#include <atomic>
#include <bit>

#include "ledger_ranges.h"

constinit std::atomic<std::size_t> zm::detail::line_limit{0};
constinit std::atomic<std::size_t> zm::detail::line_apart{0};

namespace zm::line {

namespace {

constinit std::atomic<std::size_t> outside{0};
constinit std::atomic<std::size_t> heap{0};
constinit std::atomic<std::size_t> heap_peak{0};
constinit std::atomic<std::uint64_t> refusals{0};
// While the process comes down to a limit below what it held: how far it has come. 0 otherwise.
constinit std::atomic<std::size_t> ceiling{0};

// What is set apart, whether in use or not, and for whom.
constinit std::atomic<std::size_t> share{0};
constinit std::atomic<std::uint32_t> share_tags{0};

constexpr std::size_t kMarginShare = 64;
constexpr std::size_t kLeastMargin = 768 * 1024;
constexpr std::size_t kMostMargin = 32 * 1024 * 1024;

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

std::size_t margin() noexcept {
  return std::clamp(limit() / kMarginShare, kLeastMargin, kMostMargin);
}

void set_apart(std::size_t bytes, std::uint32_t tags) noexcept {
  share.store(bytes, std::memory_order_relaxed);
  share_tags.store(tags, std::memory_order_relaxed);
  measure_apart();
}

std::size_t measure_apart() noexcept {
  const std::size_t all = share.load(std::memory_order_relaxed);
  std::size_t held = 0;
  for (std::uint32_t tags = share_tags.load(std::memory_order_relaxed); tags != 0; tags &= tags - 1) {
    held += tag_bytes(static_cast<Tag>(std::countr_zero(tags)));
  }
  const std::size_t left = all - std::min(all, held);
  detail::line_apart.store(left, std::memory_order_relaxed);
  return left;
}

bool has_share(Tag tag) noexcept {
  return limit() != 0 && (share_tags.load(std::memory_order_relaxed) >> static_cast<unsigned>(tag) & 1) != 0;
}

}  // namespace zm::line
