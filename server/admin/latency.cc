#include "admin/latency.h"

#include <algorithm>
#include <new>

#include "unix_time.h"

namespace plimsoll::server {

void LatencyMonitor::add(std::string_view event, int64_t milliseconds) noexcept {
  const int64_t now = unix_ms() / 1000;
  std::lock_guard lock(mutex_);
  auto found = events_.find(event);
  if (found == events_.end()) {
    try {
      found = events_.emplace(Name(event), LatencySeries()).first;
    } catch (const std::bad_alloc&) {
      return;
    }
  }
  LatencySeries& series = found->second;
  series.highest = std::max(series.highest, milliseconds);
  LatencySample& newest =
      series.samples[(series.next + LatencySeries::kSamples - 1) % LatencySeries::kSamples];
  if (newest.time == now) {
    newest.milliseconds = std::max(newest.milliseconds, milliseconds);
    return;
  }
  series.samples[series.next] = {now, milliseconds};
  series.next = (series.next + 1) % LatencySeries::kSamples;
}

size_t LatencyMonitor::reset() noexcept {
  std::lock_guard lock(mutex_);
  const size_t count = events_.size();
  events_.clear();
  return count;
}

bool LatencyMonitor::reset(std::string_view event) noexcept {
  std::lock_guard lock(mutex_);
  const auto found = events_.find(event);
  if (found == events_.end()) return false;
  events_.erase(found);
  return true;
}

}  // namespace plimsoll::server
