#include <gtest/gtest.h>
#include <zmalloc/counters.h>

#include <new>

#include "key_set.h"
#include "support/refusals.h"

namespace plimsoll::test {
namespace {

bool try_reserve(KeySet& keys, uint64_t hash, long allowed) {
  RefuseFrom refuse(allowed);
  try {
    keys.table.reserve(hash);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

// Every insertion is tried with the first, second, ... allocation refused: what fails must change nothing.
TEST(TableFailure, RefusedReservationsChangeNothing) {
  const size_t before = zm::tag_bytes(zm::Tag::table);
  KeySet keys;
  int failures = 0;
  for (uint64_t n = 0; n < 60000; ++n) {
    const uint64_t hash = KeySet::hash(n);
    for (long allowed = 0; !try_reserve(keys, hash, allowed); ++allowed) {
      ++failures;
      ASSERT_EQ(keys.table.size(), n);
      ASSERT_EQ(zm::tag_bytes(zm::Tag::table), before + keys.table.bytes());
      if (n < 2000 || failures % 8 == 0) {
        ASSERT_EQ(keys.table.check(), "") << n;
      }
    }
    keys.table.insert(hash, KeySet::make(n), 0);
  }
  EXPECT_GT(failures, 100);
  EXPECT_EQ(keys.table.check(), "");
  for (uint64_t n = 0; n < 60000; ++n) ASSERT_TRUE(keys.contains(n));
}

TEST(TableFailure, MaintainGivesUpQuietly) {
  KeySet keys;
  for (uint64_t n = 0; n < 60000; ++n) keys.add(n);
  for (uint64_t n = 0; n < 60000; ++n) {
    if (n % 20 != 0) keys.erase(n);
  }
  const size_t bytes = keys.table.bytes();
  {
    RefuseFrom refuse(0);
    EXPECT_FALSE(keys.table.maintain());
  }
  EXPECT_EQ(keys.table.bytes(), bytes);
  for (long allowed = 0; allowed < 6; ++allowed) {
    RefuseFrom refuse(allowed);
    keys.table.maintain();
    ASSERT_EQ(keys.table.check(), "") << allowed;
  }
  keys.settle();
  EXPECT_LT(keys.table.bytes(), bytes / 8);
  for (uint64_t n = 0; n < 60000; ++n) ASSERT_EQ(keys.contains(n), n % 20 == 0);
}

TEST(TableFailure, WhatUnderAFullStoreIsAllowed) {
  KeySet keys;
  for (uint64_t n = 0; n < 30000; ++n) keys.add(n, static_cast<int64_t>(n) + 1);
  RefuseFrom refuse(0);
  for (uint64_t n = 0; n < 30000; n += 3) EXPECT_TRUE(keys.erase(n));
  SweepCursor cursor;
  while (!keys.table.sweep_due(20000, cursor, 100, [&](SlotRef at) { keys.erase(at); })) {
  }
  EXPECT_EQ(keys.table.size(), 6667u);
  TableContents contents = keys.table.detach();
  EXPECT_TRUE(contents.clear_slice(30000, Entry::destroy));
}

// More than 64 keys that agree in all bits that place them cannot be held: an error, nothing lost.
TEST(TableFailure, TooManyKeysInOnePlace) {
  KeySet keys;
  constexpr uint64_t kPrefix = uint64_t{0x123456789} << 28, kOthers = 500;
  for (uint64_t n = 0; n < kOthers; ++n) keys.add(n);
  uint64_t held = 0;
  try {
    for (; held < 100; ++held) {
      keys.table.reserve(kPrefix | held);
      keys.table.insert(kPrefix | held,
                        Entry::make_integer(KeySet::name_with_hash(kPrefix | held), 0, kNoExpiry), 0);
    }
    FAIL();
  } catch (const std::bad_alloc&) {
  }
  EXPECT_EQ(held, 64u);
  EXPECT_EQ(keys.table.check(), "");
  EXPECT_EQ(keys.table.size(), kOthers + held);
  for (uint64_t n = 0; n < kOthers; ++n) EXPECT_TRUE(keys.contains(n));
  for (uint64_t n = 0; n < held; ++n) {
    const SlotRef at = keys.table.find(kPrefix | n, KeySet::name_with_hash(kPrefix | n));
    ASSERT_TRUE(at);
    keys.erase(at);
  }
  // What the attempt built is given back.
  keys.settle();
  EXPECT_EQ(keys.table.check(), "");
  EXPECT_LE(keys.table.bytes(), 16384u);
}

}  // namespace
}  // namespace plimsoll::test
