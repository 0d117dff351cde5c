#include "histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace plimsoll::bench {
namespace {

TEST(Histogram, EmptyAnswersZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.min(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.percentile(50), 0u);
  EXPECT_EQ(histogram.mean(), 0);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 200; ++value) histogram.record(value);
  EXPECT_EQ(histogram.percentile(50), 100u);
  EXPECT_EQ(histogram.percentile(99), 198u);
  EXPECT_EQ(histogram.percentile(0), 1u);
  EXPECT_EQ(histogram.percentile(100), 200u);
  EXPECT_DOUBLE_EQ(histogram.mean(), 100.5);
}

TEST(Histogram, OneValueAnswersItselfAtEveryPercentile) {
  for (unsigned bit = 0; bit < Histogram::kValueBits; ++bit) {
    for (const uint64_t value : {(uint64_t{1} << bit) - 1, uint64_t{1} << bit, (uint64_t{1} << bit) + 1}) {
      Histogram histogram;
      histogram.record(value);
      EXPECT_EQ(histogram.percentile(50), value);
    }
  }
}

TEST(Histogram, PercentilesAreWithinTheirPrecisionOfSortedValues) {
  std::mt19937_64 random(7);
  std::vector<uint64_t> values;
  Histogram histogram;
  for (int i = 0; i < 20000; ++i) {
    const uint64_t value = random() >> (22 + random() % 40);
    values.push_back(value);
    histogram.record(value);
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
    const auto rank = static_cast<size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
    const uint64_t truth = values[rank - 1];
    const uint64_t told = histogram.percentile(percent);
    EXPECT_GE(told, truth) << percent;
    EXPECT_LE(told, truth + truth / 128) << percent;
  }
}

TEST(Histogram, ValuesBeyondTheRangeCountAndKeepTheMaximum) {
  Histogram histogram;
  histogram.record(UINT64_MAX);
  histogram.record(5, 3);
  EXPECT_EQ(histogram.count(), 4u);
  EXPECT_EQ(histogram.max(), UINT64_MAX);
  EXPECT_EQ(histogram.min(), 5u);
  EXPECT_EQ(histogram.percentile(75), 5u);
}

TEST(Histogram, MergeEqualsRecordingTogether) {
  Histogram one, two, both;
  std::mt19937_64 random(3);
  for (int i = 0; i < 5000; ++i) {
    const uint64_t value = random() % 10'000'000;
    (i % 3 == 0 ? one : two).record(value);
    both.record(value);
  }
  one.merge(two);
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.min(), both.min());
  EXPECT_EQ(one.max(), both.max());
  for (double percent = 0; percent <= 100; percent += 0.5) {
    EXPECT_EQ(one.percentile(percent), both.percentile(percent));
  }
}

}  // namespace
}  // namespace plimsoll::bench
