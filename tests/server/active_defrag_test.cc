// How much there has to be before activedefrag begins, and how hard it then works.
#include "active_defrag.h"

#include <gtest/gtest.h>

#include "config.h"

namespace plimsoll::server {
namespace {

constexpr size_t kMiB = 1024 * 1024;
constexpr DefragSettings kDefaults{100 * kMiB, 10, 100, 1, 25};

TEST(DefragSettings, AreTheConfigurations) {
  const Config config;
  const DefragSettings settings = DefragSettings::of(config);
  EXPECT_EQ(settings.ignore_bytes, kDefaults.ignore_bytes);
  EXPECT_EQ(settings.threshold_lower, kDefaults.threshold_lower);
  EXPECT_EQ(settings.threshold_upper, kDefaults.threshold_upper);
  EXPECT_EQ(settings.cycle_min, kDefaults.cycle_min);
  EXPECT_EQ(settings.cycle_max, kDefaults.cycle_max);
}

TEST(WorthDefragmenting, AsksForBytesAndForAShare) {
  EXPECT_TRUE(worth_defragmenting({100 * kMiB, 10}, kDefaults));
  EXPECT_FALSE(worth_defragmenting({100 * kMiB - 1, 10}, kDefaults));
  EXPECT_FALSE(worth_defragmenting({100 * kMiB, 9.9}, kDefaults));
  EXPECT_FALSE(worth_defragmenting({}, kDefaults));
}

TEST(DefragEffort, GrowsFromTheLowerThresholdToTheUpper) {
  const auto effort = [](double percent) { return defrag_effort({100 * kMiB, percent}, kDefaults); };
  EXPECT_EQ(effort(0), 0);
  EXPECT_EQ(effort(9.9), 0);
  EXPECT_EQ(effort(10), 1);
  EXPECT_EQ(effort(13.7), 1);
  EXPECT_EQ(effort(13.8), 2);
  EXPECT_EQ(effort(55), 13);
  EXPECT_EQ(effort(99), 24);
  EXPECT_EQ(effort(100), 25);
  EXPECT_EQ(effort(1000), 25);
}

TEST(DefragEffort, NeedsNoOrderOfItsSettings) {
  const DefragSettings level{1, 50, 50, 5, 20};
  EXPECT_EQ(defrag_effort({kMiB, 49.9}, level), 0);
  EXPECT_EQ(defrag_effort({kMiB, 50}, level), 20);
  const DefragSettings crossed{1, 100, 10, 20, 5};
  EXPECT_EQ(defrag_effort({kMiB, 50}, crossed), 0);
  EXPECT_EQ(defrag_effort({kMiB, 100}, crossed), 5);
  const DefragSettings falling{1, 0, 100, 20, 10};
  EXPECT_EQ(defrag_effort({kMiB, 0}, falling), 20);
  EXPECT_EQ(defrag_effort({kMiB, 50}, falling), 15);
  EXPECT_EQ(defrag_effort({kMiB, 100}, falling), 10);
}

}  // namespace
}  // namespace plimsoll::server
