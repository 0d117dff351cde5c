#include <gtest/gtest.h>

#include <random>
#include <unordered_set>

#include "key_set.h"

namespace plimsoll::test {
namespace {

uint64_t number_of(const Entry* entry) {
  return std::stoull(std::string(entry->key().substr(4)));
}

TEST(TableScan, VisitsEverythingOnceWhenNothingChanges) {
  for (uint64_t count : {1u, 7u, 100u, 1000u, 30000u}) {
    KeySet keys(3);
    for (uint64_t n = 0; n < count; ++n) keys.add(n);
    std::unordered_set<uint64_t> seen;
    uint64_t position = 0;
    do {
      const uint64_t before = position;
      position = keys.table.scan(position, [&](Entry* entry, SlotRef at) {
        EXPECT_TRUE(seen.insert(number_of(entry)).second);
        EXPECT_EQ(Table::entry(at), entry);
      });
      ASSERT_TRUE(position == 0 || position > before);
      ASSERT_EQ(position & ((uint64_t{1} << Table::kPositionZeroBits) - 1), 0u);
    } while (position != 0);
    EXPECT_EQ(seen.size(), count);
  }
}

TEST(TableScan, TheVisitorMayRemove) {
  KeySet keys;
  for (uint64_t n = 0; n < 20000; ++n) keys.add(n);
  uint64_t position = 0;
  do {
    position = keys.table.scan(position, [&](Entry*, SlotRef at) { keys.erase(at); });
  } while (position != 0);
  EXPECT_EQ(keys.table.size(), 0u);
  EXPECT_EQ(keys.table.check(), "");
}

// Keys below kStay are there all the time, the others come and go so that the table grows and shrinks between
// the calls.
TEST(TableScan, MissesNoKeyThatStaysWhileTheTableIsRestructured) {
  constexpr uint64_t kStay = 2000, kOthers = 40000;
  std::mt19937_64 random(9);
  KeySet keys;
  for (uint64_t n = 0; n < kStay; ++n) keys.add(n);
  uint64_t present = 0;  // of the others
  bool growing = true;
  size_t fewest = SIZE_MAX, most = 0;
  for (int pass = 0; pass < 15; ++pass) {
    std::unordered_set<uint64_t> seen;
    uint64_t position = 0;
    do {
      position = keys.table.scan(position, [&](Entry* entry, SlotRef) { seen.insert(number_of(entry)); });
      for (uint64_t steps = random() % 200; steps != 0; --steps) {
        if (growing) {
          keys.add(kStay + present++);
        } else {
          keys.erase(kStay + --present);
          if (present % 64 == 0) keys.table.maintain();
        }
        if (present == 0 || present == kOthers) growing = !growing;
      }
      fewest = std::min(fewest, keys.table.bytes());
      most = std::max(most, keys.table.bytes());
    } while (position != 0);
    for (uint64_t n = 0; n < kStay; ++n) ASSERT_TRUE(seen.count(n)) << "pass " << pass << ", key " << n;
  }
  EXPECT_GT(most, fewest * 8);
  EXPECT_EQ(keys.table.check(), "");
}

}  // namespace
}  // namespace plimsoll::test
