// SCAN's guarantee: a key that is there from the start of an iteration to its end is returned, whatever
// happens meanwhile.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "harness.h"

namespace plimsoll::test {
namespace {

// Parses a SCAN reply: *2 $cursor *n $key...
std::string scan(Store& store, const std::string& cursor, std::string_view count,
                 std::set<std::string>& keys) {
  const std::string reply = run(store, {"SCAN", cursor, "COUNT", count});
  size_t at = reply.find("\r\n") + 2;
  const auto line = [&] {
    const size_t end = reply.find("\r\n", at);
    std::string text = reply.substr(at, end - at);
    at = end + 2;
    return text;
  };
  line();
  std::string next = line();
  const int n = std::stoi(line().substr(1));
  for (int i = 0; i < n; ++i) {
    line();
    keys.insert(line());
  }
  EXPECT_EQ(at, reply.size());
  EXPECT_LT(std::stoull(next), uint64_t{1} << 53) << "node-redis and others read a cursor as a double";
  return next;
}

std::set<std::string> scan_all(Store& store, std::string_view count) {
  std::set<std::string> keys;
  std::string cursor = "0";
  do {
    cursor = scan(store, cursor, count, keys);
  } while (cursor != "0");
  return keys;
}

TEST(Scan, ReturnsEveryKeyOfStoresOfAllSizes) {
  for (unsigned shards : {1u, 4u, 64u}) {
    Store store(Options{.shards = shards});
    std::set<std::string> expected;
    EXPECT_EQ(scan_all(store, "10"), expected);
    for (int i = 0; i < 30'000; ++i) {
      const std::string key = "key:" + std::to_string(i);
      ASSERT_EQ(store.set(key, "v"), Status::ok);
      expected.insert(key);
      if (i == 0 || i == 1 || i == 10 || i == 100 || i == 1000) {
        ASSERT_EQ(scan_all(store, "7"), expected);
      }
    }
    EXPECT_EQ(scan_all(store, "1000"), expected);
  }
}

TEST(Scan, KeepsItsGuaranteeWhileTheTableGrowsAndShrinks) {
  std::mt19937_64 random(5);
  Store store(Options{.shards = 2});
  std::set<std::string> stay;
  for (int i = 0; i < 500; ++i) {
    const std::string key = "stay:" + std::to_string(i);
    ASSERT_EQ(store.set(key, "v"), Status::ok);
    stay.insert(key);
  }
  int64_t filler = 0, dropped = 0;
  bool growing = true;
  for (int round = 0; round < 60; ++round) {
    std::set<std::string> seen;
    std::string cursor = "0";
    do {
      cursor = scan(store, cursor, "10", seen);
      for (int i = 0; i < 400; ++i) {
        if (growing) {
          store.set("filler:" + std::to_string(filler++), "v");
        } else if (dropped < filler) {
          store.erase("filler:" + std::to_string(dropped++));
        }
      }
      store.maintain(50);
      if (filler - dropped > 60'000) growing = false;
      if (filler - dropped < 100) growing = true;
    } while (cursor != "0");
    for (const std::string& key : stay) ASSERT_TRUE(seen.count(key)) << key << " in round " << round;
  }
}

TEST(Scan, KeepsItsGuaranteeUnderOtherThreads) {
  Store store(Options{.shards = 4});
  std::set<std::string> stay;
  for (int i = 0; i < 500; ++i) {
    const std::string key = "stay:" + std::to_string(i);
    ASSERT_EQ(store.set(key, "v"), Status::ok);
    stay.insert(key);
  }
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int64_t wave = 0; !stop; ++wave) {
      for (int i = 0; i < 20'000 && !stop; ++i) store.set("filler:" + std::to_string(i), "v");
      for (int i = 0; i < 20'000 && !stop; ++i) store.erase("filler:" + std::to_string(i));
      store.maintain(1000);
    }
  });
  for (int round = 0; round < 30; ++round) {
    const std::set<std::string> seen = scan_all(store, "50");
    for (const std::string& key : stay) EXPECT_TRUE(seen.count(key)) << key;
  }
  stop = true;
  writer.join();
}

TEST(Scan, CursorsFromNowhereAreHarmless) {
  Store store;
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(store.set(std::to_string(i), "v"), Status::ok);
  std::mt19937_64 random(9);
  for (int i = 0; i < 1000; ++i) {
    std::set<std::string> keys;
    scan(store, std::to_string(random()), "10", keys);
  }
  EXPECT_EQ(run(store, {"SCAN", "one"}), "-ERR invalid cursor\r\n");
  EXPECT_EQ(run(store, {"SCAN", "18446744073709551616"}), "-ERR invalid cursor\r\n");
}

}  // namespace
}  // namespace plimsoll::test
