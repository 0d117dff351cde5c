#include "command_stats.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>

namespace plimsoll::server {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

LatencyRows::Row* LatencyRows::add_row(size_t row) noexcept {
  void* memory = zm::try_allocate(zm::Tag::command, sizeof(Row));
  if (memory == nullptr) return nullptr;
  auto* counts = new (memory) Row{};
  rows_[row].store(counts, std::memory_order_release);
  return counts;
}

void LatencyRows::clear() noexcept {
  for (std::atomic<Row*>& row : rows_) {
    zm::deallocate(zm::Tag::command, row.exchange(nullptr, kRelaxed));
  }
}

uint64_t LatencyHistogram::percentile_ns(double percent) const noexcept {
  if (total == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(total);
  const auto rank = std::clamp<uint64_t>(static_cast<uint64_t>(std::ceil(share)), 1, total);
  uint64_t seen = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    seen += counts[i];
    if (seen >= rank) return LatencyBuckets::highest(i);
  }
  return LatencyBuckets::highest(LatencyBuckets::kCount - 1);
}

CommandStatistics::CommandStatistics(size_t commands, const std::atomic<uint32_t>& generation)
    : shared_generation_(generation),
      generation_(generation.load()),
      counters_(commands),
      histograms_(commands) {}

CommandStatistics::~CommandStatistics() {
  free_histograms();
}

// REQUIRES: nobody reads them.
void CommandStatistics::free_histograms() noexcept {
  for (auto& histogram : histograms_) {
    LatencyRows* rows = histogram.exchange(nullptr, kRelaxed);
    if (rows == nullptr) continue;
    std::destroy_at(rows);
    zm::deallocate(zm::Tag::command, rows);
  }
}

void CommandStatistics::renew() noexcept {
  for (Counters& counters : counters_) {
    for (auto* counter : {&counters.calls, &counters.nanoseconds, &counters.rejected, &counters.failed}) {
      counter->store(0, kRelaxed);
    }
  }
  {
    std::lock_guard lock(mutex_);
    free_histograms();
    error_counts_.clear();
    errors_.store(0, kRelaxed);
  }
  generation_.store(shared_generation_.load(kRelaxed), std::memory_order_release);
}

LatencyRows* CommandStatistics::add_histogram(uint32_t command_id) noexcept {
  void* memory = zm::try_allocate(zm::Tag::command, sizeof(LatencyRows));
  if (memory == nullptr) return nullptr;
  auto* rows = new (memory) LatencyRows;
  histograms_[command_id].store(rows, std::memory_order_release);
  return rows;
}

void CommandStatistics::reject(uint32_t command_id) noexcept {
  renew_if_reset();
  add_relaxed(counters_[command_id].rejected, 1);
}

void CommandStatistics::error(std::string_view code) noexcept {
  renew_if_reset();
  add_relaxed(errors_, 1);
  std::lock_guard lock(mutex_);
  if (const auto found = error_counts_.find(code); found != error_counts_.end()) {
    ++found->second;
  } else if (error_counts_.size() < kMostErrorCodes) {
    try {
      error_counts_.emplace(code, 1);
    } catch (const std::bad_alloc&) {
    }
  }
}

void CommandStatistics::add_to(uint32_t command_id, CommandTotals& totals) const noexcept {
  if (!current()) return;
  const Counters& counters = counters_[command_id];
  totals.calls += counters.calls.load(kRelaxed);
  totals.nanoseconds += counters.nanoseconds.load(kRelaxed);
  totals.rejected += counters.rejected.load(kRelaxed);
  totals.failed += counters.failed.load(kRelaxed);
}

void CommandStatistics::add_to(uint32_t command_id, LatencyHistogram& histogram) const {
  std::lock_guard lock(mutex_);
  const LatencyRows* rows = current() ? histograms_[command_id].load(std::memory_order_acquire) : nullptr;
  if (rows == nullptr) return;
  histogram.counts.resize(LatencyBuckets::kCount);
  rows->for_each([&](size_t bucket, uint64_t count) {
    histogram.counts[bucket] += count;
    histogram.total += count;
  });
}

void CommandStatistics::add_errors_to(ErrorCounts& counts) const {
  if (!current()) return;
  std::lock_guard lock(mutex_);
  for (const auto& [code, count] : error_counts_) counts[code] += count;
}

uint64_t CommandStatistics::errors() const noexcept {
  return current() ? errors_.load(kRelaxed) : 0;
}

}  // namespace plimsoll::server
