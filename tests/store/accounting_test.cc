// Every byte of every key is on its tag, and leaves it again.
#include <gtest/gtest.h>

#include <random>

#include "harness.h"

namespace plimsoll::test {
namespace {

int64_t reply_integer(const std::string& reply) {
  EXPECT_EQ(reply[0], ':') << reply;
  return std::stoll(reply.substr(1));
}

// A store with strings of every encoding and every way of coming into being.
void fill(Store& store, std::mt19937_64& random) {
  for (int i = 0; i < 3000; ++i) {
    const std::string key = "key:" + std::to_string(random() % 2000), other = "key:" + std::to_string(random() % 2000);
    const std::string value(random() % 100 == 0 ? 50'000 : random() % 2000, 'v');
    switch (random() % 10) {
      case 0: run(store, {"SET", key, value}); break;
      case 1: run(store, {"SET", key, std::to_string(static_cast<int64_t>(random()))}); break;
      case 2: run(store, {"SET", key, "17", "EX", "1000"}); break;
      case 3: run(store, {"APPEND", key, value}); break;
      case 4: run(store, {"SETRANGE", key, std::to_string(random() % 20'000), value}); break;
      case 5: run(store, {"INCR", key}); break;
      case 6: run(store, {"COPY", key, other, "REPLACE"}); break;
      case 7: run(store, {"RENAME", key, other}); break;
      case 8: run(store, {"EXPIRE", key, "1000"}); break;
      default: run(store, {"PERSIST", key}); break;
    }
  }
}

std::vector<std::string> all_keys(Store& store) {
  std::vector<std::string> keys;
  for (int i = 0; i < 2000; ++i) {
    const std::string key = "key:" + std::to_string(i);
    if (store.exists(key)) keys.push_back(key);
  }
  return keys;
}

TEST(Accounting, TheSumOverAWalkEqualsTheTags) {
  std::mt19937_64 random(21);
  Store store;
  fill(store, random);
  size_t sum = 0;
  for (const std::string& key : all_keys(store)) {
    sum += static_cast<size_t>(reply_integer(run(store, {"MEMORY", "USAGE", key})));
  }
  EXPECT_EQ(sum, zm::tag_bytes(zm::Tag::string));
}

// memory_used() is a sum of its own, kept by entry; the tags are the allocator's. With no other store alive they say the same.
TEST(Accounting, AStoresOwnSumEqualsTheTags) {
  std::mt19937_64 random(24);
  const size_t before = stores_bytes();
  for (unsigned shards : {1u, 64u}) {
    Options options;
    options.shards = shards;
    Store store(options);
    EXPECT_EQ(store.memory_used(), stores_bytes() - before) << "an empty store of " << shards << " shards";
    fill(store, random);
    EXPECT_EQ(store.memory_used(), stores_bytes() - before) << shards << " shards";
    run(store, {"FLUSHALL"});
    settle(store);
    EXPECT_EQ(store.memory_used(), stores_bytes() - before) << "after FLUSHALL";
  }
  EXPECT_EQ(stores_bytes(), before);
}

TEST(Accounting, MemoryUsageIsWhatDeletingGivesBack) {
  std::mt19937_64 random(22);
  Store store;
  fill(store, random);
  for (const std::string& key : all_keys(store)) {
    const int64_t usage = reply_integer(run(store, {"MEMORY", "USAGE", key}));
    const size_t tag_before = zm::tag_bytes(zm::Tag::string), store_before = store.memory_used();
    run(store, {"DEL", key});
    ASSERT_EQ(tag_before - zm::tag_bytes(zm::Tag::string), static_cast<size_t>(usage)) << key;
    ASSERT_EQ(store_before - store.memory_used(), static_cast<size_t>(usage)) << key;
  }
}

TEST(Accounting, FlushBringsEveryDatasetTagBack) {
  std::mt19937_64 random(23);
  Store store;
  run(store, {"SET", "k", "v"});
  run(store, {"FLUSHALL"});
  settle(store);
  const size_t empty = dataset_bytes(), tables = zm::tag_bytes(zm::Tag::table);
  for (std::string_view mode : {"SYNC", "ASYNC"}) {
    fill(store, random);
    EXPECT_GT(dataset_bytes(), empty);
    run(store, {"FLUSHALL", mode});
    settle(store);
    EXPECT_EQ(dataset_bytes(), empty);
    // What remains of tables are the shards' empty headers for database 0.
    EXPECT_LE(zm::tag_bytes(zm::Tag::table), tables + 64 * 512);
  }
}

TEST(Accounting, AReplyThatHoldsAValueOwnsItsBytes) {
  Store store;
  const std::string value(100'000, 'v');
  ASSERT_EQ(store.set("k", value), Status::ok);
  const size_t output_before = zm::tag_bytes(zm::Tag::client_output);
  {
    Session session;
    OutputBuffer out;
    Reply reply(out, 2);
    const std::string_view get[] = {"GET", "k"};
    store.execute(session, get, reply);
    EXPECT_LT(zm::tag_bytes(zm::Tag::client_output) - output_before, 40'000u) << "the value was copied";
    ASSERT_TRUE(store.erase("k"));
    EXPECT_EQ(zm::tag_bytes(zm::Tag::string), 0u);
    EXPECT_GT(zm::tag_bytes(zm::Tag::client_output) - output_before, 100'000u);
    EXPECT_EQ(text_of(out), bulk(value));
  }
  EXPECT_EQ(zm::tag_bytes(zm::Tag::client_output), output_before);
}

TEST(Accounting, AValueHeldByAReplyIsNotChangedUnderIt) {
  Store store;
  const std::string value(100'000, 'v');
  ASSERT_EQ(store.set("k", value), Status::ok);
  Session session;
  OutputBuffer out;
  Reply reply(out, 2);
  const std::string_view get[] = {"GET", "k"};
  store.execute(session, get, reply);
  run(store, {"SETRANGE", "k", "0", "changed"});
  run(store, {"APPEND", "k", "more"});
  EXPECT_EQ(text_of(out), bulk(value));
  EXPECT_EQ(store.get("k"), "changed" + value.substr(7) + "more");
}

TEST(Accounting, AKeyCostsAtMostTwentyEightBytesBeyondItself) {
  struct Shape {
    size_t key, value;
    bool expiry, integer;
  };
  for (const Shape& shape : {Shape{16, 16, false, false}, Shape{16, 32, false, false}, Shape{16, 100, false, false},
                             Shape{16, 32, true, false}, Shape{40, 8, false, true}}) {
    if (std::string_view(zm::backend_version()).substr(0, 8) != "jemalloc") GTEST_SKIP() << "size classes are jemalloc's";
    const size_t before = stores_bytes();
    Store store;
    const size_t empty = store.memory_used();
    constexpr size_t kKeys = 500'000;
    for (size_t i = 0; i < kKeys; ++i) {
      std::string key = std::to_string(i);
      key.insert(0, shape.key - key.size(), 'k');
      const std::string value = shape.integer ? std::to_string(10'000'000 + i) : std::string(shape.value, 'v');
      SetOptions options;
      if (shape.expiry) options.ttl_ms = 1'000'000;
      ASSERT_EQ(store.set(key, value, options), Status::ok);
    }
    const double each = static_cast<double>(store.memory_used() - empty) / kKeys - static_cast<double>(shape.key + shape.value);
    EXPECT_LE(each, 28.0) << shape.key << "+" << shape.value;
    EXPECT_EQ(stores_bytes() - before, store.memory_used());
  }
}

}  // namespace
}  // namespace plimsoll::test
