// What happens at times, on thread 0.

#include <algorithm>
#include <chrono>

#include "listeners.h"
#include "log.h"
#include "memory_line.h"
#include "server.h"
#include "unix_time.h"

namespace plimsoll::server {

namespace {

constexpr int64_t kMaintenanceBudgetUs = 500;
// Between two slices, for the clients of thread 0; over the memory limit only those who are ready.
constexpr std::chrono::microseconds kMaintenanceRest(1000);
constexpr std::chrono::microseconds kRestOverLimit(10);
constexpr int64_t kSampleIntervalUs = 100'000;

}  // namespace

void Server::cron() noexcept {
  cron_ticks_.fetch_add(1, std::memory_order_relaxed);
  listeners_->poll();
  maintain();
  if (memory_line_ != nullptr) memory_line_->measure_after_change();
  active_defrag_->cron();
  note_peak();
  sample_rates();
  evict_clients();
  end_pause_if_due();
  if (extension_ != nullptr) extension_->cron(unix_ms());
}

void Server::took(StoreWork work, int64_t us) noexcept {
  note_latency(work == StoreWork::eviction ? "eviction-cycle" : "expire-cycle", us);
}

void Server::maintain() noexcept {
  if (!store_->maintain(kMaintenanceBudgetUs)) return;
  maintenance_->once_in(store_->over_limit() ? kRestOverLimit : kMaintenanceRest);
}

void Server::sample_rates() noexcept {
  const int64_t now_us = Clock::system().monotonic_us();
  if (now_us - last_sample_us_ < kSampleIntervalUs * 9 / 10) return;  // hz may be higher
  last_sample_us_ = now_us;
  const ServerTotals totals = raw_totals();
  const auto sample = [&](RateMetric metric, uint64_t count) {
    rates_[static_cast<size_t>(metric)].sample(now_us, count);
  };
  sample(RateMetric::commands, totals.commands);
  sample(RateMetric::input_bytes, totals.input_bytes);
  sample(RateMetric::output_bytes, totals.output_bytes);
}

// maxmemory-clients: the largest go until the rest is within the limit. What threads keep for the connections
// in turn is nobody's.
void Server::evict_clients() noexcept {
  constexpr int kMostAtOnce = 100;  // the next tick goes on
  const size_t limit = client_memory_limit();
  zm::flush_thread();
  if (limit == 0 || zm::client_memory_fast() <= limit) return;
  for (int i = 0; i < kMostAtOnce; ++i) {
    size_t used = 0, largest = 0;
    uint64_t largest_id = 0;
    for_each_connection([&](const Connection& connection) {
      if (connection.killed()) return;
      const size_t memory = connection.total_memory();
      used += memory;
      if (memory <= largest || connection.has(kNoEvict)) return;
      largest = memory;
      largest_id = connection.id();
    });
    if (used <= limit || largest == 0) return;
    with_connection(largest_id, [](Connection& connection) { connection.kill(); });
    counters_.evicted_clients.fetch_add(1, std::memory_order_relaxed);
    log_notice("Evicting client {}: it took {} bytes", largest_id, largest);
  }
}

}  // namespace plimsoll::server
