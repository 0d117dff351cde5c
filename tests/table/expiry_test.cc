#include <gtest/gtest.h>

#include <map>
#include <random>

#include "key_set.h"

namespace plimsoll::test {
namespace {

constexpr int64_t kDay = 86400000;
constexpr int64_t kYear = 365 * kDay;
constexpr int64_t kStart = 1700000000000;

class Sweeper {
 public:
  KeySet keys;

  void add(uint64_t number, int64_t expiry) {
    keys.add(number, expiry);
    expiries_[number] = expiry;
  }

  // A whole pass in slices; every key due at `now` must go and no other.
  void pass(int64_t now, unsigned budget = 100) {
    SweepCursor cursor;
    while (!keys.table.sweep_due(now, cursor, budget, [&](SlotRef at) { expire(at, now); })) {
    }
    verify(now);
  }

  void expire(SlotRef at, int64_t now) {
    const Entry* entry = Table::entry(at);
    ASSERT_TRUE(entry->due(now));
    expiries_.erase(static_cast<uint64_t>(entry->integer()));
    keys.erase(at);
  }

  void verify(int64_t now) {
    ASSERT_EQ(keys.table.check(), "");
    ASSERT_EQ(keys.table.size(), expiries_.size());
    int64_t least = kNever;
    for (const auto& [number, expiry] : expiries_) {
      if (expiry == kNoExpiry) continue;
      least = std::min(least, expiry);
      ASSERT_GT(expiry, now) << "key " << number << " is due and still there";
    }
    if (least != kNever) {
      ASSERT_LE(keys.table.earliest_expiry(), least);
    }
  }

  std::map<uint64_t, int64_t>& expiries() { return expiries_; }

 private:
  std::map<uint64_t, int64_t> expiries_;
};

TEST(TableSweep, FindsEveryDueKeyWhateverTheDistance) {
  std::mt19937_64 random(11);
  for (const int64_t span : {int64_t{500}, int64_t{60000}, int64_t{5000000}, kDay, kYear, 100 * kYear}) {
    Sweeper sweeper;
    for (uint64_t n = 0; n < 20000; ++n) {
      sweeper.add(
          n, n % 4 == 0 ? kNoExpiry : kStart + static_cast<int64_t>(random() % static_cast<uint64_t>(span)));
    }
    for (int step = 0; step <= 50; ++step) {
      sweeper.pass(kStart + span * step / 50);
      if (testing::Test::HasFatalFailure()) FAIL() << "span " << span << ", step " << step;
    }
    EXPECT_EQ(sweeper.keys.table.size(), 5000u);
    EXPECT_EQ(sweeper.keys.table.earliest_expiry(), kNoExpiry) << "the marks are gone with the keys";
  }
}

TEST(TableSweep, TimeMayJumpByYearsAndBack) {
  std::mt19937_64 random(12);
  Sweeper sweeper;
  uint64_t number = 0;
  int64_t now = kStart;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 100; ++i) {
      const int64_t ahead = static_cast<int64_t>(random() >> (24 + random() % 40));
      sweeper.add(number++, now + 1 + ahead);
    }
    switch (random() % 4) {
      case 0:
        now += static_cast<int64_t>(random() % 10000);
        break;
      case 1:
        now += static_cast<int64_t>(random() % (3 * kYear));
        break;
      case 2:
        now -= static_cast<int64_t>(random() % kDay);
        break;
      default:
        now += static_cast<int64_t>(random() % 8000000);
        break;
    }
    sweeper.pass(now);
    if (testing::Test::HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST(TableSweep, KeepsUpWithATableThatIsRestructuredInThePass) {
  std::mt19937_64 random(13);
  Sweeper sweeper;
  SweepCursor cursor;
  uint64_t number = 0;
  int64_t now = kStart;
  for (int round = 0; round < 4000; ++round) {
    const bool growing = round / 1000 % 2 == 0;
    for (int i = 0; i < (growing ? 30 : 3); ++i) {
      sweeper.add(number++, now + static_cast<int64_t>(random() % (growing ? 20000000 : 200000)));
    }
    sweeper.keys.table.maintain();
    now += growing ? 100 : 20000;
    sweeper.keys.table.sweep_due(now, cursor, 1 + random() % 50,
                                 [&](SlotRef at) { sweeper.expire(at, now); });
  }
  sweeper.pass(now);
  sweeper.pass(now + kYear);
  EXPECT_EQ(sweeper.keys.table.size(), 0u);
}

TEST(TableSweep, KeysThatTheVisitorLeavesAreVisitedInTheNextPass) {
  KeySet keys;
  for (uint64_t n = 0; n < 1000; ++n) keys.add(n, kStart);
  for (int pass = 0; pass < 3; ++pass) {
    SweepCursor cursor;
    int visits = 0;
    while (!keys.table.sweep_due(kStart, cursor, 5, [&](SlotRef) { ++visits; })) {
    }
    EXPECT_EQ(visits, 1000);
  }
  EXPECT_EQ(keys.table.check(), "");
}

TEST(TableSweep, ExpiriesSetInPlaceCount) {
  KeySet keys;
  const SlotRef far = keys.add(1, kStart + kYear);
  const SlotRef near = keys.add(2, kStart + kYear);
  Table::entry(near)->set_expiry(kStart + 10);
  keys.table.note_expiry(near, kStart + 10);
  EXPECT_EQ(keys.table.earliest_expiry(), kStart + 10);
  SweepCursor cursor;
  EXPECT_TRUE(keys.table.sweep_due(kStart + 9, cursor, 1, [](SlotRef) { FAIL(); }));
  while (!keys.table.sweep_due(kStart + 10, cursor, 1, [&](SlotRef at) { keys.erase(at); })) {
  }
  EXPECT_FALSE(keys.contains(2));
  EXPECT_EQ(Table::entry(far)->expiry(), kStart + kYear);
  EXPECT_EQ(keys.table.earliest_expiry(), kStart + kYear);
}

TEST(TableSweep, TheLargestExpiries) {
  Sweeper sweeper;
  uint64_t number = 0;
  for (const int64_t expiry :
       {int64_t{1}, kNever - 1, kNever - 2000, kNever - (int64_t{1} << 23), kNever / 2}) {
    for (int i = 0; i < 500; ++i) sweeper.add(number++, expiry);
  }
  for (const int64_t now : {int64_t{0}, int64_t{1}, kNever / 2 - 1, kNever / 2, kNever - 5000, kNever - 1}) {
    sweeper.pass(now);
    if (testing::Test::HasFatalFailure()) FAIL() << now;
  }
  EXPECT_EQ(sweeper.keys.table.size(), 0u);
}

// Many keys with later expiries and a few due ones: the sweep reads the lines of the due ones and hardly any
// others.
TEST(TableSweep, ReadsLittleWhenLittleIsDue) {
  std::mt19937_64 random(14);
  KeySet keys;
  constexpr uint64_t kKeys = 300000, kDue = 300;
  for (uint64_t n = 0; n < kKeys; ++n) {
    keys.add(n, n % (kKeys / kDue) == 0 ? kStart : kStart + kDay + static_cast<int64_t>(random() % kDay));
  }
  SweepCursor cursor;
  uint64_t removed = 0, slices = 1;
  constexpr unsigned kBudget = 64;
  while (!keys.table.sweep_due(kStart, cursor, kBudget, [&](SlotRef at) { keys.erase(at), ++removed; }))
    ++slices;
  EXPECT_EQ(removed, kDue);
  // A page with due keys costs 8, a line read 1, and so does a segment.
  EXPECT_LE(slices * kBudget, kDue * (8 + 3) + keys.table.shape().segments + kBudget);
  // Nothing is due now: one call, and it reads nothing.
  EXPECT_GT(keys.table.earliest_expiry(), kStart);
  EXPECT_TRUE(keys.table.sweep_due(kStart, cursor, 1, [](SlotRef) { FAIL(); }));
}

}  // namespace
}  // namespace plimsoll::test
