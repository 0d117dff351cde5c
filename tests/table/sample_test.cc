#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "key_set.h"

namespace plimsoll::test {
namespace {

TEST(TableSample, EveryKeyAboutAsOften) {
  KeySet keys;
  constexpr uint64_t kKeys = 20000;
  for (uint64_t n = 0; n < kKeys; ++n) keys.add(n, kNoExpiry, static_cast<uint8_t>(n));
  std::vector<int> times(kKeys);
  std::mt19937_64 random(21);
  uint64_t visits = 0;
  for (int round = 0; round < 40000; ++round) {
    keys.table.sample(random(), 5, [&](SlotRef at, uint8_t state) {
      const auto number = static_cast<uint64_t>(Table::entry(at)->integer());
      ASSERT_EQ(state, static_cast<uint8_t>(number));
      ++times[number];
      ++visits;
    });
  }
  const double mean = double(visits) / kKeys;
  EXPECT_GT(mean, 40);
  double squares = 0;
  for (int t : times) {
    EXPECT_GT(t, 0);
    squares += (t - mean) * (t - mean);
  }
  // Poisson's deviation is the root of the mean; lines of different segments differ a little in how often
  // they are met.
  EXPECT_LT(std::sqrt(squares / kKeys), 2.5 * std::sqrt(mean));
}

TEST(TableSample, FindsTheFewKeysOfASmallTable) {
  KeySet keys;
  for (uint64_t n = 0; n < 3; ++n) keys.add(n);
  int visits = 0;
  for (uint64_t random = 0; random < 100; ++random)
    keys.table.sample(random, 1, [&](SlotRef, uint8_t) { ++visits; });
  EXPECT_EQ(visits, 300);
  keys.clear();
  keys.table.sample(1, 5, [](SlotRef, uint8_t) { FAIL(); });
}

TEST(TableSample, VolatileOnesAreFoundAmongMany) {
  KeySet keys;
  for (uint64_t n = 0; n < 100000; ++n) keys.add(n, n % 5000 == 0 ? 1000 : kNoExpiry);
  std::mt19937_64 random(22);
  std::vector<int> times(20);
  for (int round = 0; round < 2000; ++round) {
    int found = 0;
    keys.table.sample_volatile(random(), 1, [&](SlotRef at, uint8_t) {
      if (!Table::entry(at)->has_expiry()) return;
      ++found;
      ++times[static_cast<size_t>(Table::entry(at)->integer() / 5000)];
    });
    ASSERT_LE(found, 8);
  }
  int sum = 0;
  for (int t : times) {
    EXPECT_GT(t, 0);
    sum += t;
  }
  EXPECT_GT(sum, 1500) << "of 2000 lines, most hold the key that their mark tells of";
}

TEST(TableSample, NoVolatileOnes) {
  KeySet keys;
  for (uint64_t n = 0; n < 10000; ++n) keys.add(n);
  keys.table.sample_volatile(7, 50, [](SlotRef, uint8_t) { FAIL(); });
}

}  // namespace
}  // namespace plimsoll::test
