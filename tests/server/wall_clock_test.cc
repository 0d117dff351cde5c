#include "wall_clock.h"

#include <gtest/gtest.h>

namespace plimsoll::server {
namespace {

constexpr int64_t kMs = 1'000'000, kMonotonic = 5'000'000'123, kEpochMs = 1'800'000'000'000;

TEST(WallClock, GoesOnWithTheMonotonicOne) {
  WallClock clock;
  clock.set(kMonotonic, kEpochMs * kMs + 999'999);
  EXPECT_EQ(clock.ms(kMonotonic), kEpochMs);
  EXPECT_EQ(clock.ms(kMonotonic + 1), kEpochMs + 1);
  EXPECT_EQ(clock.ms(kMonotonic + 3'600'000 * kMs), kEpochMs + 3'600'000);
}

TEST(WallClock, NoticesSteps) {
  WallClock clock;
  clock.set(kMonotonic, kEpochMs * kMs);
  const int64_t later = kMonotonic + 1000 * kMs;
  for (const int64_t coarse : {kEpochMs + 990, kEpochMs + 1000}) EXPECT_FALSE(clock.stepped(later, coarse));
  for (const int64_t coarse : {kEpochMs + 900, kEpochMs + 1100, kEpochMs + 3'600'000, kEpochMs - 1})
    EXPECT_TRUE(clock.stepped(later, coarse)) << coarse - kEpochMs;
  clock.set(later, (kEpochMs + 3'600'000) * kMs);
  EXPECT_FALSE(clock.stepped(later, kEpochMs + 3'600'000));
}

}  // namespace
}  // namespace plimsoll::server
