// What a server counts, summed over its threads.

#include <zmalloc/line.h>

#include <algorithm>

#include "log.h"
#include "server.h"
#include "unix_time.h"

namespace plimsoll::server {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

ServerTotals Server::raw_totals() const noexcept {
  ServerTotals totals;
  totals.connections_received = counters_.connections_received.load(kRelaxed);
  totals.connections_rejected = counters_.connections_rejected.load(kRelaxed);
  totals.evicted_clients = counters_.evicted_clients.load(kRelaxed);
  totals.query_buffer_limit_disconnections = counters_.query_buffer_limit_disconnections.load(kRelaxed);
  totals.output_buffer_limit_disconnections = counters_.output_buffer_limit_disconnections.load(kRelaxed);
  totals.unauthenticated_refusals = counters_.unauthenticated_refusals.load(kRelaxed);
  for (const auto& thread : threads_) {
    const ThreadTotals& each = std::as_const(*thread).totals();
    totals.commands += each.commands.load(kRelaxed);
    totals.input_bytes += each.input_bytes.load(kRelaxed);
    totals.output_bytes += each.output_bytes.load(kRelaxed);
    totals.reads += each.reads.load(kRelaxed);
    totals.writes += each.writes.load(kRelaxed);
    totals.ring_calls += each.ring_calls.load(kRelaxed);
  }
  return totals;
}

ServerTotals Server::totals() const noexcept {
  ServerTotals totals = raw_totals();
  {
    std::lock_guard lock(baseline_mutex_);
    totals.connections_received -= baseline_.connections_received;
    totals.connections_rejected -= baseline_.connections_rejected;
    totals.evicted_clients -= baseline_.evicted_clients;
    totals.query_buffer_limit_disconnections -= baseline_.query_buffer_limit_disconnections;
    totals.output_buffer_limit_disconnections -= baseline_.output_buffer_limit_disconnections;
    totals.unauthenticated_refusals -= baseline_.unauthenticated_refusals;
    totals.commands -= baseline_.commands;
    totals.input_bytes -= baseline_.input_bytes;
    totals.output_bytes -= baseline_.output_bytes;
    totals.reads -= baseline_.reads;
    totals.writes -= baseline_.writes;
    totals.ring_calls -= baseline_.ring_calls;
  }
  for (const auto& thread : threads_) totals.errors += std::as_const(*thread).command_statistics().errors();
  return totals;
}

void Server::reset_statistics() noexcept {
  {
    std::lock_guard lock(baseline_mutex_);
    baseline_ = raw_totals();
  }
  statistics_generation_.fetch_add(1, kRelaxed);
  // A thread that runs no command would keep the memory of its histograms.
  for (auto& thread : threads_) {
    try {
      thread->post([&each = *thread] { each.command_statistics().renew_if_reset(); });
    } catch (const std::bad_alloc&) {
    }
  }
  store_->reset_statistics();
  active_defrag_->reset_statistics();
  for (RateSampler& rate : rates_) rate.reset();
}

CommandTotals Server::command_totals(uint32_t command_id) const noexcept {
  CommandTotals totals;
  for (const auto& thread : threads_) std::as_const(*thread).command_statistics().add_to(command_id, totals);
  return totals;
}

LatencyHistogram Server::latency_histogram(uint32_t command_id) const {
  LatencyHistogram histogram;
  for (const auto& thread : threads_)
    std::as_const(*thread).command_statistics().add_to(command_id, histogram);
  return histogram;
}

CommandStatistics::ErrorCounts Server::error_counts() const {
  CommandStatistics::ErrorCounts counts;
  for (const auto& thread : threads_) std::as_const(*thread).command_statistics().add_errors_to(counts);
  return counts;
}

double Server::rate(RateMetric metric) const noexcept {
  return rates_[static_cast<size_t>(metric)].per_second();
}

// --- memory ---

void Server::note_peak() const noexcept {
  raise_peak(zm::used_memory());
}

void Server::raise_peak(size_t used) const noexcept {
  size_t peak = peak_memory_.load(kRelaxed);
  while (used > peak) {
    if (!peak_memory_.compare_exchange_weak(peak, used, kRelaxed)) continue;
    peak_memory_ms_.store(unix_ms(), kRelaxed);
    return;
  }
}

size_t Server::peak_memory() const noexcept {
  note_peak();
  return peak_memory_.load(kRelaxed);
}

void Server::reset_peak_memory() noexcept {
  peak_memory_.store(0, kRelaxed);
  note_peak();
}

size_t Server::unfilled_input() const noexcept {
  size_t bytes = 0;
  for (const auto& thread : threads_) bytes += std::as_const(*thread).totals().unfilled_input.load(kRelaxed);
  return bytes;
}

// The memory line's part is a dynamic threshold: each may hold a share of what is still free, so that the
// more hold much the less each may, and some is always left (Choudhury and Hahne, "Dynamic Queue Length
// Thresholds for Shared-Memory Packet Switches", IEEE/ACM Transactions on Networking 6(2), 1998).
bool Server::too_much_output(size_t pending) const noexcept {
  constexpr size_t kShare = 8;
  const auto most = static_cast<size_t>(config_.number(Opt::client_output_pause));
  return pending > most || pending > zm::line::client_room() / kShare;
}

// As in Redis, no less than leaves room to talk to the server, and no limit as a percentage of no maxmemory.
size_t Server::client_memory_limit() const noexcept {
  constexpr size_t kLeast = 128 * 1024;
  const int64_t limit = config_.number(Opt::maxmemory_clients);
  const size_t bytes =
      limit >= 0 ? static_cast<size_t>(limit)
                 : static_cast<size_t>(config_.number(Opt::maxmemory)) / 100 * static_cast<size_t>(-limit);
  return bytes == 0 ? 0 : std::max(bytes, kLeast);
}

}  // namespace plimsoll::server
