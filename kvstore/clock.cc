#include "plimsoll/clock.h"

#include <ctime>
#include <new>

namespace plimsoll {
namespace {

int64_t microseconds(clockid_t id) noexcept {
  timespec time;
  clock_gettime(id, &time);
  return int64_t{time.tv_sec} * 1000000 + time.tv_nsec / 1000;
}

class SystemClock final : public Clock {
 public:
  int64_t now_ms() const noexcept override { return microseconds(CLOCK_REALTIME) / 1000; }
  int64_t now_us() const noexcept override { return microseconds(CLOCK_REALTIME); }
  int64_t monotonic_us() const noexcept override { return microseconds(CLOCK_MONOTONIC); }
};

}  // namespace

const Clock& Clock::system() noexcept {
  alignas(SystemClock) static unsigned char storage[sizeof(SystemClock)];
  static const Clock* clock = new (storage) SystemClock;
  return *clock;
}

}  // namespace plimsoll
