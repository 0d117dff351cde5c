#pragma once

#include <cstdint>
#include <cstdlib>

namespace plimsoll::server {

// The wall clock, worked out from the monotonic one, so that only that is read for each command. Nanoseconds,
// but for milliseconds since the Unix epoch.
class WallClock {
 public:
  void set(int64_t monotonic_ns, int64_t wall_ns) noexcept { ahead_ns_ = wall_ns - monotonic_ns; }
  int64_t ms(int64_t monotonic_ns) const noexcept { return (monotonic_ns + ahead_ns_) / 1'000'000; }

  // Whether the wall clock has been set since, or the machine was asleep, when the monotonic one stands
  // still. `coarse_ms`: the wall clock as of the kernel's last tick, up to 10 ms ago.
  bool stepped(int64_t monotonic_ns, int64_t coarse_ms) const noexcept {
    constexpr int64_t kApartMs = 20;
    return std::abs(ms(monotonic_ns) - coarse_ms) > kApartMs;
  }

 private:
  int64_t ahead_ns_ = 0;
};

}  // namespace plimsoll::server
