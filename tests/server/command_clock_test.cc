#include "command_clock.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace plimsoll::server {
namespace {

constexpr uint64_t kMs = 1'000'000;

void pass(uint64_t ns) {
  const uint64_t until = monotonic_ns() + ns;
  while (monotonic_ns() < until) {
  }
}

// How far it is from the kernel's clock, `after` its start. Of some attempts the best: the thread may be held
// up between the two looks.
uint64_t error_after(CommandClock& clock, uint64_t after) {
  uint64_t least = UINT64_MAX;
  for (int i = 0; i < 20; ++i) {
    clock.start();
    pass(after);
    const uint64_t now = clock.now(), kernels = monotonic_ns();
    least = std::min(least, std::max(now, kernels) - std::min(now, kernels));
  }
  return least;
}

TEST(CommandClocks, KeepTimeBeforeAndAfterTheyAreCompared) {
  CommandClock clock;
  EXPECT_LT(error_after(clock, kMs), kMs / 100);
  for (int i = 0; i < 5; ++i) {
    pass(60 * kMs);
    clock.compare();
    EXPECT_LT(error_after(clock, kMs), kMs / 100);
  }
}

TEST(CommandClocks, TrustTheCounterForAShortTime) {
  CommandClock clock;
  pass(60 * kMs);
  clock.compare();
  EXPECT_LT(error_after(clock, 30 * kMs), kMs / 100);
}

TEST(CommandClocks, ComparedTooOftenKeepTime) {
  CommandClock clock;
  for (int i = 0; i < 1000; ++i) clock.compare();
  EXPECT_LT(error_after(clock, kMs), kMs / 100);
}

}  // namespace
}  // namespace plimsoll::server
