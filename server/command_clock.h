#pragma once

#include <cstdint>

#include "unix_time.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace plimsoll::server {

// The monotonic clock as commands are timed with it, many a microsecond. The kernel's clock waits for all
// that the processor has under way before it looks (30 to 60 ns, and no overlap of one command's cache misses
// with the next one's work); within some milliseconds the processor's own counter tells as much. Used where
// the kernel itself goes by it (clocksource tsc or kvm-clock); else each look is at the kernel's.
class CommandClock {
 public:
  CommandClock() noexcept;

  // Looks at the kernel's clock. Nanoseconds.
  uint64_t start() noexcept {
    started_ns_ = monotonic_ns();
    started_ticks_ = ticks();
    return started_ns_;
  }
  // REQUIRES: start(). May be some nanoseconds behind an earlier look: the processor takes no order for
  // granted.
  uint64_t now() const noexcept {
    const uint64_t gone = ticks() - started_ticks_;
    if (gone >= trusted_ticks_) return monotonic_ns();
    return started_ns_ + (gone * ns_per_tick_ >> kFraction);
  }
  // Compares the two, to be called some times a second: until the second call each look is at the kernel's.
  void compare() noexcept;

 private:
  static constexpr unsigned kFraction = 32;

  static uint64_t ticks() noexcept {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return 0;
#endif
  }

  uint64_t started_ns_ = 0, started_ticks_ = 0;
  uint64_t trusted_ticks_ = 0;  // so long after start(); 0: not at all
  uint64_t ns_per_tick_ = 0;    // with kFraction bits behind the point
  uint64_t compared_ns_ = 0, compared_ticks_ = 0;
  bool usable_;
};

}  // namespace plimsoll::server
