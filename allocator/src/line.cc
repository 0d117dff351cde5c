#include <sys/mman.h>
#include <zmalloc/backend.h>
#include <zmalloc/counters.h>
#include <zmalloc/line.h>
#include <zmalloc/pause.h>
#include <zmalloc/region.h>

#include <algorithm>
#include <atomic>

#include "ledger_ranges.h"

constinit std::atomic<std::size_t> zm::detail::line_limit{0};

namespace zm::line {

namespace {

constinit std::atomic<std::size_t> outside{0};
constinit std::atomic<std::size_t> expected{0};         // outside, since that was measured
constinit std::atomic<std::size_t> expected_before{0};  // between the two measurements before
constinit std::atomic<std::uint32_t> measured{0};
constinit std::atomic_flag settling = ATOMIC_FLAG_INIT;  // a measurement has ended
constinit std::atomic<std::size_t> heap{0};
constinit std::atomic<std::size_t> heap_peak{0};
constinit std::atomic<std::uint64_t> refusals{0};
// While the process comes down to a limit below what it held: how far it has come. 0 otherwise.
constinit std::atomic<std::size_t> ceiling{0};

constinit std::atomic<std::size_t> share{0};  // of clients, in use or not
constinit std::atomic<std::size_t> reserved{0};
constinit std::atomic<std::size_t> untouched{0};        // freed so since the heap was purged for it
constinit std::atomic<std::size_t> passed_over{0};      // by the purges for them
constinit std::atomic<std::size_t> put_off{0};          // by those that had no more time
constinit std::atomic_flag purging = ATOMIC_FLAG_INIT;  // because of them
constinit std::atomic<std::size_t> ends{0};             // see give_back_end()

constexpr std::size_t kLeastEnd = 8 * 1024;  // below, a system call costs more than the memory is worth
constexpr std::size_t kBriefShare = 4;
constexpr std::size_t kLeastBrief = 1024 * 1024;
constexpr std::size_t kUntouchedShare = 128;
constexpr std::int64_t kPurgeUs = 500;  // by a thread that commands wait for
constexpr std::size_t kMarginShare = 64;
constexpr std::size_t kLeastMargin = 768 * 1024;
constexpr std::size_t kMostMargin = 32 * 1024 * 1024;

std::size_t outside_by_now() noexcept {
  return outside.load(std::memory_order_relaxed) + expected.load(std::memory_order_relaxed);
}

// Most that the heap may hold.
std::size_t allowance() noexcept {
  const std::size_t line = limit();
  if (line == 0) return SIZE_MAX;
  const std::size_t most = std::max(line, ceiling.load(std::memory_order_relaxed));
  const std::size_t other = outside_by_now();
  return most > other ? most - other : 0;
}

void begin(std::size_t bytes) noexcept {
  heap.fetch_add(bytes, std::memory_order_relaxed);
  heap_peak.store(heap.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void raise_peak(std::size_t held) noexcept {
  std::size_t peak = heap_peak.load(std::memory_order_relaxed);
  while (held > peak && !heap_peak.compare_exchange_weak(peak, held, std::memory_order_relaxed)) {
  }
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
  raise_peak(before + bytes);
  return true;
}

// A margin stays above what is held: what goes and what comes are not the same blocks.
void lower_ceiling() noexcept {
  std::size_t most = ceiling.load(std::memory_order_relaxed);
  if (most == 0) return;
  const std::size_t line = limit();
  const std::size_t total = heap.load(std::memory_order_relaxed) + outside_by_now();
  const std::size_t next = total + margin() <= line ? 0 : total + margin();
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

namespace {

bool much_is_untouched() noexcept {
  const std::size_t line = limit();
  return line != 0 && untouched.load(std::memory_order_relaxed) > line / kUntouchedShare;
}

// A purge passes over what another one has begun with, and leaves what was freed since: then there is a
// second. Not more: other threads free while this one purges. If that passes over it, too, complete_purges()
// tries again.
void purge_untouched(std::int64_t us) noexcept {
  constexpr int kMostPurges = 2;
  if (!much_is_untouched() || purging.test_and_set(std::memory_order_acquire)) return;
  const std::size_t freed = untouched.exchange(0, std::memory_order_relaxed);
  bool gone = false;
  for (int i = 0; i < kMostPurges && !gone; ++i) {
    if (i > 0) pause_briefly();
    backend::purge_within(us);
    gone = backend::info().dirty <= limit() / kUntouchedShare;
  }
  if (!gone) passed_over.fetch_add(freed, std::memory_order_relaxed);
  if (backend::unfinished_purge() != 0) put_off.fetch_add(freed, std::memory_order_relaxed);
  purging.clear(std::memory_order_release);
}

}  // namespace

void set_limit(std::size_t bytes) noexcept {
  const std::size_t total = heap.load(std::memory_order_relaxed) + outside_by_now();
  detail::line_limit.store(bytes, std::memory_order_relaxed);
  ceiling.store(bytes != 0 && total + margin() > bytes ? total + margin() : 0, std::memory_order_relaxed);
}

namespace {

// What a measurement has seen of what was expected. By now that may be more.
void forget_expected(std::size_t seen) noexcept {
  std::size_t now = expected.load(std::memory_order_relaxed);
  while (!expected.compare_exchange_weak(now, now - std::min(now, seen), std::memory_order_relaxed)) {
  }
  expected_before.store(std::min(now, seen), std::memory_order_relaxed);
  measured.fetch_add(1, std::memory_order_release);
}

}  // namespace

int measure() noexcept {
  const std::uint32_t before = measurements();
  const std::size_t seen = expected.load(std::memory_order_relaxed);
  std::size_t bytes = 0;
  const int error = measure_outside(&bytes);
  if (settling.test_and_set(std::memory_order_acquire)) return error;
  if (measurements() == before) {
    if (error == 0) outside.store(bytes, std::memory_order_relaxed);
    forget_expected(seen);
  }
  settling.clear(std::memory_order_release);
  lower_ceiling();
  return error;
}

void set_outside(std::size_t bytes) noexcept {
  outside.store(bytes, std::memory_order_relaxed);
  forget_expected(SIZE_MAX);
  lower_ceiling();
}

std::size_t expect_outside(std::size_t bytes) noexcept {
  return expected.fetch_add(bytes, std::memory_order_relaxed) + bytes;
}

std::uint32_t measurements() noexcept {
  return measured.load(std::memory_order_acquire);
}

bool covers(const void* address) noexcept {
  return detail::in_ledger_range(address);
}

Account account() noexcept {
  return {limit(),
          heap.load(std::memory_order_relaxed),
          heap_peak.load(std::memory_order_relaxed),
          outside.load(std::memory_order_relaxed),
          expected.load(std::memory_order_relaxed),
          reserved.load(std::memory_order_relaxed),
          refusals.load(std::memory_order_relaxed)};
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

void set_client_share(std::size_t bytes) noexcept {
  share.store(bytes, std::memory_order_relaxed);
}

std::size_t client_share() noexcept {
  return share.load(std::memory_order_relaxed);
}

std::size_t client_share_left() noexcept {
  const std::size_t all = client_share();
  return all - std::min(all, client_memory_fast() + expected.load(std::memory_order_relaxed));
}

std::size_t brief_share() noexcept {
  const std::size_t all = client_share();
  return std::max(all / kBriefShare, std::min(all / 2, kLeastBrief));
}

void reserve(std::size_t bytes) noexcept {
  reserved.fetch_add(bytes, std::memory_order_relaxed);
}

void release(std::size_t bytes) noexcept {
  reserved.fetch_sub(bytes, std::memory_order_relaxed);
}

std::size_t wanted_room() noexcept {
  // What is reserved is client memory once it is taken.
  return margin() + std::max(client_share_left(), reserved.load(std::memory_order_relaxed) + brief_share());
}

namespace {

std::size_t less_brief_share(std::size_t bytes) noexcept {
  return bytes - std::min(bytes, brief_share());
}

std::size_t missing_of_least_data() noexcept {
  const std::size_t least = client_share();
  return least - std::min(least, used_memory_but_clients());
}

}  // namespace

std::size_t free_room() noexcept {
  const std::size_t left = room();
  if (left == SIZE_MAX) return left;
  const std::size_t kept = margin() + reserved.load(std::memory_order_relaxed);
  return less_brief_share(left - std::min(left, kept));
}

std::size_t free_room_for_announced() noexcept {
  const std::size_t left = free_room();
  return left == SIZE_MAX ? left : left - std::min(left, missing_of_least_data());
}

// Beyond their share clients stay a margin away from what others leave free: these give more than is missing,
// and whatever that is would be taken, so that they had to give again. For the same reason they do not take
// what turns out to be free when expectations are replaced by a measurement.
std::size_t client_room() noexcept {
  std::size_t left = free_room_for_announced();
  if (left == SIZE_MAX) return left;
  const std::size_t now = expected.load(std::memory_order_relaxed);
  const std::size_t before = expected_before.load(std::memory_order_relaxed);
  left -= std::min(left, before - std::min(before, now));
  const std::size_t of_share = less_brief_share(client_share_left());
  if (left <= of_share) return left;
  const std::size_t beyond = left - of_share;
  return of_share + (beyond > margin() ? beyond - margin() : 0);
}

bool fits_briefly(std::size_t bytes) noexcept {
  const std::size_t left = room();
  if (left == SIZE_MAX) return true;
  // For the moment all but a quarter of the margin will do, and what is reserved and has not been taken.
  const std::size_t brief = std::min(left - std::min(left, margin() / 4), brief_share());
  return bytes <= brief || bytes - brief <= client_room();
}

std::size_t give_back_end(void* block, std::size_t used, std::size_t usable) noexcept {
  if (usable - used < kLeastEnd || limit() == 0 || !covers(block)) return 0;
  const std::size_t page = region_page_size();
  const auto start = reinterpret_cast<std::uintptr_t>(block);
  const std::uintptr_t first = (start + used + page - 1) & ~(page - 1);
  const std::uintptr_t end = (start + usable) & ~(page - 1);
  if (end < first + kLeastEnd) return 0;
  if (madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED) != 0) return 0;
  ends.fetch_add(end - first, std::memory_order_relaxed);
  refund(end - first);
  return end - first;
}

// What the heap keeps for reuse goes first, as far as there is time, so that the line is seldom passed, and
// by no more than the end.
void take_back_end(std::size_t bytes) noexcept {
  if (bytes == 0) return;
  ends.fetch_sub(bytes, std::memory_order_relaxed);
  if (bytes > room()) backend::purge_within(kPurgeUs);
  raise_peak(heap.fetch_add(bytes, std::memory_order_relaxed) + bytes);
}

std::size_t ends_given_back() noexcept {
  return ends.load(std::memory_order_relaxed);
}

void freed_untouched(std::size_t bytes) noexcept {
  untouched.fetch_add(bytes, std::memory_order_relaxed);
  purge_untouched(kPurgeUs);
}

std::size_t untouched_on_way_back() noexcept {
  return std::min(put_off.load(std::memory_order_relaxed), backend::unfinished_purge());
}

void complete_purges() noexcept {
  const std::size_t left = put_off.load(std::memory_order_relaxed);
  if (backend::unfinished_purge() != 0) backend::purge();
  put_off.fetch_sub(left - std::min(left, backend::unfinished_purge()), std::memory_order_relaxed);
  untouched.fetch_add(passed_over.exchange(0, std::memory_order_relaxed), std::memory_order_relaxed);
  purge_untouched(INT64_MAX);
}

}  // namespace zm::line
