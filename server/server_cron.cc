// What happens at times, on thread 0.

#include <algorithm>
#include <chrono>

#include "listeners.h"
#include "log.h"
#include "server.h"
#include "unix_time.h"

namespace plimsoll::server {

namespace {

constexpr int64_t kMaintenanceBudgetUs = 500;
constexpr std::chrono::milliseconds kMaintenanceRest(1);  // between two slices, for the clients of thread 0
constexpr int64_t kSampleIntervalUs = 100'000;

size_t client_memory() noexcept {
  return zm::tag_bytes(zm::Tag::client) + zm::tag_bytes(zm::Tag::client_input) +
         zm::tag_bytes(zm::Tag::client_output);
}

}  // namespace

void Server::cron() noexcept {
  cron_ticks_.fetch_add(1, std::memory_order_relaxed);
  listeners_->poll();
  maintain();
  active_defrag_->cron();
  note_peak();
  sample_rates();
  evict_clients();
  end_pause_if_due();
  if (extension_ != nullptr) extension_->cron(unix_ms());
}

void Server::maintain() noexcept {
  if (store_->maintain(kMaintenanceBudgetUs)) maintenance_->once_in(kMaintenanceRest);
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

// maxmemory-clients: the largest go until the rest is within the limit.
void Server::evict_clients() noexcept {
  const size_t limit = client_memory_limit();
  if (limit == 0) return;
  size_t used = client_memory();
  while (used > limit) {
    size_t largest = 0;
    uint64_t largest_id = 0;
    for_each_connection([&](const Connection& connection) {
      const size_t memory = connection.total_memory();
      if (memory <= largest || connection.killed() || connection.has(kNoEvict)) return;
      largest = memory;
      largest_id = connection.id();
    });
    if (largest == 0) return;
    with_connection(largest_id, [](Connection& connection) { connection.kill(); });
    counters_.evicted_clients.fetch_add(1, std::memory_order_relaxed);
    log_notice("Evicting client {}: it took {} bytes", largest_id, largest);
    used -= std::min(used, largest);
  }
}

}  // namespace plimsoll::server
