#pragma once

#include <cstdint>

namespace plimsoll {

// Where a store takes the time from. Time is an input, so that tests and replays choose it.
// Implementations are called from any thread and must not call the store.
class Clock {
 public:
  // Milliseconds since the Unix epoch. Expiries are compared with it.
  virtual int64_t now_ms() const noexcept = 0;

  // The same time in microseconds: what TIME answers.
  virtual int64_t now_us() const noexcept { return now_ms() * 1000; }

  // Microseconds of a clock that never goes back. Slices and deadlines are measured with it.
  virtual int64_t monotonic_us() const noexcept = 0;

  // The machine's clocks. Never destroyed.
  static const Clock& system() noexcept;

 protected:
  ~Clock() = default;  // never owned through this class
};

}  // namespace plimsoll
