// The parts of the store that threads share. Run under ThreadSanitizer too.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "harness.h"

namespace plimsoll::test {
namespace {

constexpr int kThreads = 4;

template <class Work>
void in_threads(Work&& work) {
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back([&work, t] { work(t); });
  for (std::thread& thread : threads) thread.join();
}

TEST(Concurrency, IncrementsAreNeverLost) {
  Store store;
  in_threads([&](int) {
    for (int i = 0; i < 5000; ++i)
      ASSERT_EQ(store.increment("n:" + std::to_string(i % 10), 1, nullptr), Status::ok);
  });
  for (int i = 0; i < 10; ++i) EXPECT_EQ(store.get("n:" + std::to_string(i)), std::to_string(kThreads * 500));
}

TEST(Concurrency, MultiKeyCommandsAreAtomic) {
  Store store;
  const auto mset = [&](const std::string& value) {
    run(store, {"MSET", "a", value, "b", value, "c", value, "d", value});
  };
  mset("start");
  std::atomic<int> running{kThreads - 1};
  in_threads([&](int t) {
    if (t == 0) {
      while (running != 0) {
        const std::string reply = run(store, {"MGET", "a", "b", "c", "d"});
        const std::string first = reply.substr(4, reply.find('\n', 9) - 3);
        std::string expected = "*4\r\n";
        for (int i = 0; i < 4; ++i) expected += first;
        ASSERT_EQ(reply, expected);
      }
      return;
    }
    for (int i = 0; i < 2000; ++i) mset("value:" + std::to_string(t) + ":" + std::to_string(i));
    --running;
  });
}

TEST(Concurrency, WritersReadersUpkeepAndFlushTogether) {
  const size_t before = stores_bytes();
  {
    Options options;
    options.memory_limit = 4 << 20;
    options.policy = EvictionPolicy::allkeys_lru;
    options.shards = 8;
    Store store(options);
    in_threads([&](int t) {
      std::mt19937_64 random(static_cast<uint64_t>(t));
      for (int i = 0; i < 6000; ++i) {
        const std::string key = "key:" + std::to_string(random() % 5000);
        switch (random() % 8) {
          case 0:
            store.erase(key);
            break;
          case 1:
            store.get(key);
            break;
          case 2:
            store.set(key, std::string(random() % 20'000, 'v'),
                      {.ttl_ms = 1 + static_cast<int64_t>(random() % 20)});
            break;
          case 3:
            store.append(key, "tail", nullptr);
            break;
          case 4:
            run(store, {"MGET", key, "key:1", "key:2"});
            break;
          case 5:
            store.maintain(50);
            break;
          case 6:
            run(store, {"SCAN", "0"});
            break;
          default:
            store.set(key, "value");
            break;
        }
        if (t == 0 && i % 1000 == 999) run(store, {i % 2000 == 999 ? "FLUSHALL" : "SWAPDB", "ASYNC"});
        if (t == 0 && i % 1000 == 500) run(store, {"SWAPDB", "0", "1"});
      }
    });
    settle(store);
    EXPECT_EQ(stores_bytes() - before, store.memory_used());
  }
  EXPECT_EQ(stores_bytes(), before);
}

TEST(Concurrency, PrefetchesRunWithoutLocksBesideWriters) {
  Store store(Options{.shards = 1});
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    std::mt19937_64 random(3);
    std::vector<std::string> names(16);
    while (!stop) {
      std::vector<std::string_view> keys;
      for (std::string& name : names) keys.push_back(name = "key:" + std::to_string(random() % 20'000));
      store.read_many(keys, [](size_t, std::string_view) {});
    }
  });
  for (int wave = 0; wave < 3; ++wave) {
    for (int i = 0; i < 20'000; ++i) ASSERT_EQ(store.set("key:" + std::to_string(i), "v"), Status::ok);
    if (wave == 1) store.clear();
    for (int i = 0; i < 20'000; ++i) store.erase("key:" + std::to_string(i));
    settle(store);
  }
  stop = true;
  reader.join();
}

TEST(Concurrency, BigValuesHeldByRepliesOutliveTheirKeys) {
  Store store;
  const std::string value(50'000, 'x');
  in_threads([&](int t) {
    Session session;
    for (int i = 0; i < 500; ++i) {
      if (t % 2 == 0) {
        store.set("big", value);
        run(store, {"APPEND", "big", "tail"});
        continue;
      }
      const std::string reply = run(store, session, {"GET", "big"});
      if (reply == "$-1\r\n") continue;
      ASSERT_TRUE(reply == bulk(value) || reply == bulk(value + "tail") ||
                  reply == bulk(value + "tailtail") || reply == bulk(value + "tailtailtail") ||
                  reply == bulk(value + "tailtailtailtail"))
          << reply.size() << " bytes";
    }
  });
}

TEST(Concurrency, StatisticsAndTuningAreReadAndChangedAnyTime) {
  Store store;
  std::atomic<bool> stop{false};
  std::thread observer([&] {
    while (!stop) {
      store.statistics();
      store.database_statistics(0);
      store.memory_used();
      Tuning tuning = store.tuning();
      tuning.memory_limit = tuning.memory_limit == 0 ? 1 << 20 : 0;
      tuning.policy = EvictionPolicy::allkeys_lfu;
      store.tune(tuning);
    }
  });
  in_threads([&](int t) {
    for (int i = 0; i < 3000; ++i) store.set(std::to_string(t * 3000 + i), std::string(500, 'v'));
  });
  stop = true;
  observer.join();
}

}  // namespace
}  // namespace plimsoll::test
