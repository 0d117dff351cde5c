#include <gtest/gtest.h>

#include "harness.h"

namespace plimsoll::test {
namespace {

struct Fixture : testing::Test {
  Fixture() {
    options.clock = &clock;
    options.seed = 3;
  }
  FakeClock clock;
  Options options;
};

using Expiry = Fixture;

TEST_F(Expiry, AThousandDueAmongAMillion) {
  Store store(options);
  const std::string value(20, 'v');
  for (int i = 0; i < 1'000'000; ++i) {
    ASSERT_EQ(store.set("later:" + std::to_string(i), value, {.ttl_ms = 3'600'000 + i}), Status::ok);
  }
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(store.set("due:" + std::to_string(i), value, {.ttl_ms = 1000}), Status::ok);
  }
  clock.advance_ms(1001);
  // Two seconds of a server's ticks: ten a second, each with upkeep's own small budget and no repetition.
  for (int tick = 0; tick < 20 && store.statistics().expired_keys < 1000; ++tick) {
    store.maintain(1000);
    clock.advance_ms(100);
  }
  EXPECT_EQ(store.statistics().expired_keys, 1000u);
  EXPECT_EQ(store.size(), 1'000'000u);
}

TEST_F(Expiry, EveryKeyGoesInItsTime) {
  Store store(options);
  constexpr int kKeys = 20'000;
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_EQ(store.set("key:" + std::to_string(i), "v", {.ttl_ms = 1 + (i * 7919LL) % 10'000'000}),
              Status::ok);
  }
  for (int64_t now = 0; now < 10'000'000; now += 250'000) {
    clock.advance_ms(250'000);
    settle(store);
    for (int i = 0; i < kKeys; i += 97) {
      const bool due = 1 + (i * 7919LL) % 10'000'000 <= now + 250'000;
      ASSERT_EQ(store.exists("key:" + std::to_string(i)), !due);
    }
  }
  EXPECT_EQ(store.size(), 0u);
  EXPECT_EQ(store.statistics().expired_keys, static_cast<uint64_t>(kKeys));
}

TEST_F(Expiry, MovedExpiriesAreHonoured) {
  Store store(options);
  ASSERT_EQ(store.set("sooner", "v", {.ttl_ms = 1'000'000}), Status::ok);
  ASSERT_EQ(store.set("later", "v", {.ttl_ms = 1000}), Status::ok);
  ASSERT_EQ(store.set("never", "v", {.ttl_ms = 1000}), Status::ok);
  ASSERT_EQ(store.expire("sooner", 500), Status::ok);
  ASSERT_EQ(store.expire("later", 1'000'000), Status::ok);
  ASSERT_EQ(store.expire("never", std::nullopt), Status::ok);
  clock.advance_ms(10'000);
  settle(store);
  EXPECT_EQ(store.size(), 2u);
  clock.advance_ms(1'000'000);
  settle(store);
  EXPECT_EQ(store.size(), 1u);
  EXPECT_TRUE(store.exists("never"));
}

TEST_F(Expiry, APassiveStoreHidesAndKeeps) {
  options.passive = true;
  Store store(options);
  ASSERT_EQ(store.set("k", "v", {.ttl_ms = 10}), Status::ok);
  clock.advance_ms(100);
  settle(store);
  EXPECT_FALSE(store.exists("k"));
  EXPECT_EQ(store.size(), 1u);
  EXPECT_EQ(store.statistics().expired_keys, 0u);
}

TEST_F(Expiry, AFrozenStoreHidesUntilSomethingIsWritten) {
  Store store(options);
  for (const char* key : {"a", "b", "c"}) ASSERT_EQ(store.set(key, "v", {.ttl_ms = 10}), Status::ok);
  store.freeze(true);
  clock.advance_ms(100);
  settle(store);
  EXPECT_FALSE(store.exists("a"));
  EXPECT_EQ(run(store, {"MEMORY", "USAGE", "a"}), "$-1\r\n");
  EXPECT_EQ(store.size(), 3u);
  EXPECT_EQ(store.statistics().expired_keys, 0u);
  // The look-up of SET ... GET hides what must not be there twice then.
  EXPECT_EQ(run(store, {"SET", "a", "1", "GET"}), "$-1\r\n");
  EXPECT_EQ(run(store, {"APPEND", "b", "1"}), ":1\r\n");
  EXPECT_EQ(store.size(), 3u);
  EXPECT_EQ(store.statistics().expired_keys, 2u);
  store.freeze(false);
  settle(store);
  EXPECT_EQ(store.size(), 2u);
}

TEST_F(Expiry, SwitchedOffOnlyLooksExpire) {
  options.active_expiry = false;
  Store store(options);
  ASSERT_EQ(store.set("k", "v", {.ttl_ms = 10}), Status::ok);
  clock.advance_ms(100);
  settle(store);
  EXPECT_EQ(store.size(), 1u);
  EXPECT_EQ(store.get("k"), std::nullopt);
  EXPECT_EQ(store.size(), 0u);
}

TEST_F(Expiry, AverageTimeToLive) {
  Store store(options);
  ASSERT_EQ(store.set("a", "v", {.ttl_ms = 1000}), Status::ok);
  ASSERT_EQ(store.set("b", "v", {.ttl_ms = 3000}), Status::ok);
  ASSERT_EQ(store.set("c", "v"), Status::ok);
  DatabaseStatistics statistics = store.database_statistics(0);
  EXPECT_EQ(statistics.keys, 3u);
  EXPECT_EQ(statistics.expiring_keys, 2u);
  EXPECT_EQ(statistics.average_ttl_ms, 2000);
  clock.advance_ms(500);
  EXPECT_EQ(store.database_statistics(0).average_ttl_ms, 1500);
}

}  // namespace
}  // namespace plimsoll::test
