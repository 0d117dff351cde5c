#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <thread>

#include "harness.h"

namespace plimsoll::test {
namespace {

TEST(TypedCalls, SetGetEraseExists) {
  Store store;
  EXPECT_EQ(store.get("k"), std::nullopt);
  EXPECT_EQ(store.set("k", "v"), Status::ok);
  EXPECT_EQ(store.get("k"), "v");
  EXPECT_TRUE(store.exists("k"));
  EXPECT_EQ(store.size(), 1u);
  EXPECT_TRUE(store.erase("k"));
  EXPECT_FALSE(store.erase("k"));
  EXPECT_EQ(store.size(), 0u);
}

TEST(TypedCalls, KeysAndValuesAreBinary) {
  Store store;
  const std::string key("a\0b\r\n", 5), value("\0\xff", 2);
  EXPECT_EQ(store.set(key, value), Status::ok);
  EXPECT_EQ(store.get(key), value);
  EXPECT_EQ(store.set("", ""), Status::ok);
  EXPECT_EQ(store.get(""), "");
}

TEST(TypedCalls, ValuesOfEveryLength) {
  Store store;
  for (size_t size = 0; size < 40'000; size = size < 300 ? size + 1 : size * 5 / 4) {
    const std::string key = "key" + std::to_string(size), value(size, static_cast<char>('a' + size % 26));
    ASSERT_EQ(store.set(key, value), Status::ok);
    ASSERT_EQ(store.get(key), value);
    ASSERT_EQ(store.set("same", value), Status::ok);
    ASSERT_EQ(store.get("same"), value);
  }
}

TEST(TypedCalls, KeysLongerThanSixtyFourKilobytes) {
  Store store;
  const std::string key(70'000, 'k');
  EXPECT_EQ(store.set(key, "1"), Status::ok);
  int64_t sum = 0;
  EXPECT_EQ(store.increment(key, 1'000'000'000'000, &sum), Status::ok);
  EXPECT_EQ(store.expire(key, 1000), Status::ok);
  EXPECT_EQ(store.get(key), "1000000000001");
  EXPECT_EQ(store.set(key, "text now"), Status::ok);
  EXPECT_EQ(store.get(key), "text now");
}

TEST(TypedCalls, IncrementTakesWhatIncrTakes) {
  Store store;
  ASSERT_EQ(store.append("k", "12", nullptr), Status::ok);
  int64_t sum = 0;
  EXPECT_EQ(store.increment("k", 1, &sum), Status::ok);
  EXPECT_EQ(sum, 13);
  run(store, {"INCRBYFLOAT", "f", "3"});
  EXPECT_EQ(store.increment("f", 1, &sum), Status::ok);
  EXPECT_EQ(sum, 4);
  ASSERT_EQ(store.append("f", "x", nullptr), Status::ok);
  EXPECT_EQ(store.increment("f", 1, &sum), Status::not_an_integer);
}

TEST(TypedCalls, AppendStopsAtTheLongestString) {
  Store store(Options{Tuning{.largest_string = 1000}});
  ASSERT_EQ(store.append("k", std::string(1000, 'x'), nullptr), Status::ok);
  EXPECT_EQ(store.append("k", "x", nullptr), Status::invalid);
}

TEST(TypedCalls, TimesAfterJanuary2038) {
  FakeClock clock;
  clock.advance_ms((int64_t{1} << 31) * 1000 + 1'000'000 - clock.now_ms());
  Options options;
  options.clock = &clock;
  Store store(options);
  ASSERT_EQ(store.set("k", "v"), Status::ok);
  clock.advance_ms(3'600'000);
  EXPECT_EQ(run(store, {"OBJECT", "IDLETIME", "k"}), ":3600\r\n");
}

TEST(TypedCalls, Conditions) {
  Store store;
  EXPECT_EQ(store.set("k", "v", {.condition = SetCondition::if_present}), Status::not_found);
  EXPECT_EQ(store.set("k", "v", {.condition = SetCondition::if_absent}), Status::ok);
  EXPECT_EQ(store.set("k", "w", {.condition = SetCondition::if_absent}), Status::not_found);
  EXPECT_EQ(store.get("k"), "v");
}

TEST(TypedCalls, TimeToLive) {
  FakeClock clock;
  Options options;
  options.clock = &clock;
  Store store(options);
  std::optional<int64_t> ttl;
  EXPECT_EQ(store.time_to_live("k", &ttl), Status::not_found);
  EXPECT_EQ(store.set("k", "v", {.ttl_ms = 500}), Status::ok);
  EXPECT_EQ(store.time_to_live("k", &ttl), Status::ok);
  EXPECT_EQ(ttl, 500);
  EXPECT_EQ(store.set("k", "w", {.keep_ttl = true}), Status::ok);
  clock.advance_ms(499);
  EXPECT_EQ(store.get("k"), "w");
  clock.advance_ms(1);
  EXPECT_EQ(store.get("k"), std::nullopt);
  EXPECT_EQ(store.statistics().expired_keys, 1u);
  EXPECT_EQ(store.set("k", "v", {.ttl_ms = 0}), Status::invalid);
  EXPECT_EQ(store.set("k", "v", {.ttl_ms = INT64_MAX}), Status::invalid);
  EXPECT_EQ(store.set("k", "v"), Status::ok);
  EXPECT_EQ(store.expire("k", 10), Status::ok);
  EXPECT_EQ(store.expire("k", std::nullopt), Status::ok);
  EXPECT_EQ(store.time_to_live("k", &ttl), Status::ok);
  EXPECT_EQ(ttl, std::nullopt);
  EXPECT_EQ(store.expire("k", 0), Status::ok);
  EXPECT_FALSE(store.exists("k"));
}

TEST(TypedCalls, Increment) {
  Store store;
  int64_t sum = 0;
  EXPECT_EQ(store.increment("n", 5, &sum), Status::ok);
  EXPECT_EQ(sum, 5);
  EXPECT_EQ(store.increment("n", INT64_MAX, &sum), Status::not_an_integer);
  EXPECT_EQ(store.get("n"), "5");
  EXPECT_EQ(store.set("n", " 5"), Status::ok);
  EXPECT_EQ(store.increment("n", 1, &sum), Status::not_an_integer);
}

TEST(TypedCalls, AppendGrowsInAmortizedSteps) {
  Store store;
  std::string expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string piece = std::to_string(i);
    expected += piece;
    size_t length = 0;
    ASSERT_EQ(store.append("k", piece, &length), Status::ok);
    ASSERT_EQ(length, expected.size());
  }
  EXPECT_EQ(store.get("k"), expected);
}

TEST(TypedCalls, ReadManyVisitsWhatExists) {
  Store store;
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back("key:" + std::to_string(i));
  for (int i = 0; i < 1000; i += 2)
    ASSERT_EQ(store.set(names[static_cast<size_t>(i)], std::to_string(i)), Status::ok);
  std::vector<std::string_view> keys(names.begin(), names.end());
  std::vector<std::string> seen(1000);
  EXPECT_EQ(store.read_many(keys, [&](size_t i, std::string_view value) { seen[i] = value; }), 500u);
  for (size_t i = 0; i < 1000; ++i) EXPECT_EQ(seen[i], i % 2 == 0 ? std::to_string(i) : "");
}

TEST(TypedCalls, ACallbackMayCallNoStore) {
  Store store, other;
  ASSERT_EQ(store.set("k", "v"), Status::ok);
  const Status status = store.read("k", [&](std::string_view value) {
    EXPECT_EQ(value, "v");
    EXPECT_EQ(store.set("k", "w"), Status::reentrant);
    EXPECT_EQ(other.set("k", "w"), Status::reentrant);
    EXPECT_EQ(store.get("k"), std::nullopt);
    Session session;
    EXPECT_EQ(run(store, session, {"SET", "k", "w"}).substr(0, 4), "-ERR");
  });
  EXPECT_EQ(status, Status::ok);
  EXPECT_EQ(store.get("k"), "v");
}

TEST(TypedCalls, BatchOfCommandsThroughPrefetch) {
  Store store;
  Session session;
  std::vector<std::string> keys;
  for (int i = 0; i < 5000; ++i) keys.push_back("key:" + std::to_string(i));
  OutputBuffer out;
  Reply reply(out, 2);
  Invocation batch[16];
  const Invocation* invocations[16];
  for (size_t i = 0; i < 16; ++i) invocations[i] = &batch[i];
  for (size_t first = 0; first < keys.size(); first += 16) {
    std::string_view args[16][3];
    const size_t n = std::min<size_t>(16, keys.size() - first);
    for (size_t i = 0; i < n; ++i) {
      args[i][0] = "set";
      args[i][1] = args[i][2] = keys[first + i];
      store.resolve(args[i], batch[i]);
    }
    store.prefetch(session, {invocations, n});
    for (size_t i = 0; i < n; ++i) store.run(session, batch[i], reply);
  }
  EXPECT_EQ(out.size(), 5 * keys.size());
  EXPECT_EQ(store.size(), keys.size());
}

TEST(Stores, AreIndependentAndCountTheirOwnBytes) {
  const size_t before = stores_bytes();
  {
    Store a, b;
    const size_t empty = a.memory_used();
    EXPECT_EQ(empty, b.memory_used());
    EXPECT_EQ(stores_bytes() - before, a.memory_used() + b.memory_used());
    for (int i = 0; i < 10'000; ++i) {
      ASSERT_EQ(a.set("key:" + std::to_string(i), std::string(static_cast<size_t>(i % 300), 'x')),
                Status::ok);
    }
    ASSERT_EQ(a.set("big", std::string(100'000, 'x')), Status::ok);
    EXPECT_EQ(b.memory_used(), empty);
    EXPECT_FALSE(b.exists("key:1"));
    EXPECT_EQ(stores_bytes() - before, a.memory_used() + b.memory_used());
    a.clear();
    settle(a);
    EXPECT_EQ(stores_bytes() - before, a.memory_used() + b.memory_used());
  }
  EXPECT_EQ(stores_bytes(), before);
}

TEST(Stores, OptionsAreChecked) {
  EXPECT_THROW(Store(Options{.shards = 3}), std::invalid_argument);
  EXPECT_THROW(Store(Options{.shards = 128}), std::invalid_argument);
  EXPECT_THROW(Store(Options{.databases = 0}), std::invalid_argument);
  for (unsigned shards : {1u, 2u, 64u}) {
    Store store(Options{.shards = shards});
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(store.set(std::to_string(i), "v"), Status::ok);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(store.exists(std::to_string(i)));
  }
}

TEST(Stores, AThreadIsStartedWhenAskedForOnly) {
  const auto threads = [] {
    std::set<std::string> ids;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) ids.insert(task.path());
    return ids;
  };
  // Threads of earlier tests may still be about to vanish from there, so only what is new counts.
  const auto before = threads();
  const auto started = [&] {
    auto ids = threads();
    for (const std::string& id : before) ids.erase(id);
    return ids.size();
  };
  Store store;
  for (int i = 0; i < 1000; ++i) store.set(std::to_string(i), "v", {.ttl_ms = 1});
  store.maintain();
  run(store, {"FLUSHALL", "ASYNC"});
  EXPECT_EQ(started(), 0u);
  const Store with_one(Options{.maintenance_thread = true});
  EXPECT_EQ(started(), 1u);
}

TEST(Stores, OneThreadsStoreHasNoMaintenanceThread) {
  EXPECT_THROW(Store(Options{.single_threaded = true, .maintenance_thread = true}), std::invalid_argument);
}

TEST(Stores, ASessionOfAnotherStoreIsChecked) {
  Store store(Options{.databases = 1});
  Session session;
  session.select(1'000'000);
  EXPECT_EQ(run(store, session, {"GET", "k"}), "-ERR DB index is out of range\r\n");
  Invocation invocation;
  const std::string_view args[] = {"GET", "k"};
  store.resolve(args, invocation);
  const Invocation* const batch[] = {&invocation};
  store.prefetch(session, batch);
}

// One shard, so that anything that took its lock would never return.
TEST(Stores, CallbacksMayCallNone) {
  Store store(Options{.shards = 1});
  ASSERT_EQ(store.set("k", "v"), Status::ok);
  const auto call_everything = [&](std::string_view) {
    const std::string_view keys[] = {"k"};
    EXPECT_EQ(store.read("k", [](std::string_view) {}), Status::reentrant);
    EXPECT_EQ(store.get("k"), std::nullopt);
    EXPECT_EQ(store.read_many(keys, [](size_t, std::string_view) {}), 0u);
    EXPECT_EQ(store.set("k", "w"), Status::reentrant);
    EXPECT_FALSE(store.erase("k"));
    EXPECT_FALSE(store.exists("k"));
    EXPECT_EQ(store.increment("k", 1, nullptr), Status::reentrant);
    EXPECT_EQ(store.append("k", "w", nullptr), Status::reentrant);
    std::optional<int64_t> ttl;
    EXPECT_EQ(store.time_to_live("k", &ttl), Status::reentrant);
    EXPECT_EQ(store.expire("k", 1000), Status::reentrant);
    EXPECT_EQ(store.expire("k", 0), Status::reentrant);
    store.clear();
    EXPECT_EQ(run(store, {"GET", "k"}), "-ERR a callback that holds a key may call no store\r\n");
    EXPECT_FALSE(store.maintain());
    EXPECT_FALSE(store.enforce_limit());
    store.reset_statistics();
    EXPECT_EQ(store.database_statistics(0).keys, 0u);
    store.statistics();
    store.memory_used();
    EXPECT_EQ(store.size(), 1u);
  };
  EXPECT_EQ(store.read("k", call_everything), Status::ok);
  EXPECT_EQ(store.get("k"), "v");
}

TEST(Stores, SingleThreadedTakesNoLocksAndWorks) {
  Store store(Options{.single_threaded = true});
  EXPECT_EQ(store.set("k", "v"), Status::ok);
  EXPECT_EQ(run(store, {"GET", "k"}), bulk("v"));
}

TEST(Stores, MaintenanceThreadExpiresByItself) {
  FakeClock clock;
  Options options;
  options.clock = &clock;
  options.maintenance_thread = true;
  Store store(options);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(store.set(std::to_string(i), "v", {.ttl_ms = 10}), Status::ok);
  clock.advance_ms(5000);
  while (store.size() != 0) std::this_thread::yield();
  EXPECT_EQ(store.statistics().expired_keys, 1000u);
}

}  // namespace
}  // namespace plimsoll::test
