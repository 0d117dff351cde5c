#include "command_stats.h"

#include <gtest/gtest.h>

#include <random>

namespace plimsoll::server {
namespace {

TEST(LatencyBuckets, EveryDurationIsNearItsBucketsTop) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 200'000; ++i) {
    const uint64_t ns = random() >> (random() % 34 + 30);
    const size_t index = LatencyBuckets::index(ns);
    ASSERT_LT(index, LatencyBuckets::kCount);
    const uint64_t top = LatencyBuckets::highest(index);
    ASSERT_GE(top, ns);
    ASSERT_LE(top - ns, ns / 32) << ns;
  }
}

TEST(LatencyBuckets, BucketsFollowEachOtherWithoutGaps) {
  for (size_t i = 0; i + 1 < LatencyBuckets::kCount; ++i) {
    ASSERT_EQ(LatencyBuckets::index(LatencyBuckets::highest(i)), i);
    ASSERT_EQ(LatencyBuckets::index(LatencyBuckets::highest(i) + 1), i + 1);
  }
  EXPECT_EQ(LatencyBuckets::index(~uint64_t{0}), LatencyBuckets::kCount - 1);
}

TEST(LatencyHistogram, Percentiles) {
  std::atomic<uint32_t> generation{0};
  CommandStatistics statistics(1, generation);
  for (uint64_t ns = 1; ns <= 1000; ++ns) statistics.record(0, ns * 1000, false, true);
  LatencyHistogram histogram;
  statistics.add_to(0, histogram);
  EXPECT_EQ(histogram.total, 1000u);
  EXPECT_NEAR(static_cast<double>(histogram.percentile_ns(50)), 500e3, 16e3);
  EXPECT_NEAR(static_cast<double>(histogram.percentile_ns(99)), 990e3, 32e3);
  EXPECT_NEAR(static_cast<double>(histogram.percentile_ns(100)), 1000e3, 32e3);
  EXPECT_GE(histogram.percentile_ns(0), 1000u);
  EXPECT_EQ(LatencyHistogram().percentile_ns(50), 0u);
}

TEST(CommandStatistics, CountsAndResets) {
  std::atomic<uint32_t> generation{0};
  CommandStatistics statistics(3, generation);
  statistics.record(1, 500, false, true);
  statistics.record(1, 700, true, false);
  statistics.reject(2);
  statistics.error("ERR");
  statistics.error("ERR");
  statistics.error("WRONGTYPE");

  CommandTotals totals;
  statistics.add_to(1, totals);
  EXPECT_EQ(totals.calls, 2u);
  EXPECT_EQ(totals.nanoseconds, 1200u);
  EXPECT_EQ(totals.failed, 1u);
  statistics.add_to(2, totals);
  EXPECT_EQ(totals.rejected, 1u);
  EXPECT_EQ(statistics.errors(), 3u);
  CommandStatistics::ErrorCounts errors;
  statistics.add_errors_to(errors);
  EXPECT_EQ(errors.at("ERR"), 2u);
  EXPECT_EQ(errors.at("WRONGTYPE"), 1u);

  generation = 1;
  CommandTotals after;
  statistics.add_to(1, after);
  EXPECT_EQ(after.calls, 0u);
  EXPECT_EQ(statistics.errors(), 0u);
  statistics.record(1, 5, false, true);
  statistics.add_to(1, after);
  EXPECT_EQ(after.calls, 1u);
  EXPECT_EQ(after.nanoseconds, 5u);
  LatencyHistogram histogram;
  statistics.add_to(1, histogram);
  EXPECT_EQ(histogram.total, 1u);
}

TEST(CommandStatistics, ErrorCodesAreBounded) {
  std::atomic<uint32_t> generation{0};
  CommandStatistics statistics(1, generation);
  for (int i = 0; i < 1000; ++i) statistics.error("CODE" + std::to_string(i));
  CommandStatistics::ErrorCounts errors;
  statistics.add_errors_to(errors);
  EXPECT_EQ(errors.size(), CommandStatistics::kMostErrorCodes);
  EXPECT_EQ(statistics.errors(), 1000u);
}

}  // namespace
}  // namespace plimsoll::server
