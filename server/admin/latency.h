#pragma once

#include <plimsoll/command.h>
#include <zmalloc/allocator.h>

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string_view>

namespace plimsoll::server {

struct LatencySample {
  int64_t time = 0;          // Unix seconds; 0: none yet
  int64_t milliseconds = 0;  // the worst within that second
};

// The spikes of one kind of event: the last 160 seconds that had one, in a ring.
struct LatencySeries {
  static constexpr size_t kSamples = 160;

  std::array<LatencySample, kSamples> samples;
  size_t next = 0;      // where the next sample goes, which is the oldest
  int64_t highest = 0;  // of all time

  const LatencySample& newest() const noexcept { return samples[(next + kSamples - 1) % kSamples]; }
  // Calls `visit(const LatencySample&)` from the oldest to the newest.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (size_t i = 0; i < kSamples; ++i) {
      const LatencySample& sample = samples[(next + i) % kSamples];
      if (sample.time != 0) visit(sample);
    }
  }
};

// What LATENCY shows but its histograms. Any thread.
class LatencyMonitor {
 public:
  using Name = zm::string<zm::Tag::command>;

  // Event names are the server's own and few. Forgets the spike if memory is refused.
  void add(std::string_view event, int64_t milliseconds) noexcept;

  // How many events were forgotten.
  size_t reset() noexcept;
  bool reset(std::string_view event) noexcept;

  // Calls `visit(const Events&)` under the lock; copy or reply, and leave.
  using Events = zm::map<Name, LatencySeries, zm::Tag::command, std::less<>>;
  template <class Visit>
  void visit(Visit&& visit) const {
    std::lock_guard lock(mutex_);
    visit(events_);
  }

 private:
  mutable std::mutex mutex_;
  Events events_;
};

}  // namespace plimsoll::server
