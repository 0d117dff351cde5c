#pragma once

#include <sys/time.h>
#include <time.h>

#include <cstdint>

namespace plimsoll::server {

// Nanoseconds since the Unix epoch.
inline int64_t unix_ns() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Microseconds of that.
inline int64_t unix_us() noexcept {
  return unix_ns() / 1000;
}

inline int64_t unix_ms() noexcept {
  return unix_us() / 1000;
}

// Milliseconds since the Unix epoch, as of the kernel's last tick (some 4 ms ago at most): a quarter of the
// price.
inline int64_t unix_ms_coarse() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// Of a clock that nobody sets.
inline uint64_t monotonic_ns() noexcept {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

inline int64_t microseconds(const timeval& time) noexcept {
  return int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

}  // namespace plimsoll::server
