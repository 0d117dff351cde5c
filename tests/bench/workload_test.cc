#include "workload.h"

#include <gtest/gtest.h>

#include <set>

#include "client.h"
#include "error.h"

namespace plimsoll::bench {
namespace {

std::string first_batch(const Workload& workload, unsigned pipeline, KeySource keys) {
  const BatchTemplate batch(workload, pipeline);
  std::string bytes = batch.bytes();
  batch.write_keys(bytes.data(), pipeline, keys);
  return bytes;
}

std::string commands(const std::vector<std::vector<std::string_view>>& list) {
  std::string bytes;
  for (const auto& words : list) append_command(bytes, words);
  return bytes;
}

TEST(BatchTemplate, WritesWholeCommands) {
  Workload workload{.kind = TestKind::kSet, .key_size = 10, .value_size = 3, .key_count = 1000};
  const std::string value = value_bytes(3);
  EXPECT_EQ(first_batch(workload, 2, KeySource::sequential(1000, 998)),
            commands({{"SET", "key:000998", value}, {"SET", "key:000999", value}}));
  workload.kind = TestKind::kIncr;
  EXPECT_EQ(first_batch(workload, 2, KeySource::sequential(1000, 999)),
            commands({{"INCR", "cnt:000999"}, {"INCR", "cnt:000000"}}));
  workload.kind = TestKind::kPing;
  EXPECT_EQ(first_batch(workload, 2, KeySource::sequential(1000, 0)), commands({{"PING"}, {"PING"}}));
}

TEST(BatchTemplate, WritesEveryKeyOfACommand) {
  Workload workload{.kind = TestKind::kMget, .key_size = 6, .keys_per_command = 2, .key_count = 100};
  EXPECT_EQ(first_batch(workload, 2, KeySource::sequential(100, 7)),
            commands({{"MGET", "key:07", "key:08"}, {"MGET", "key:09", "key:10"}}));
  workload.kind = TestKind::kMset;
  workload.value_size = 1;
  EXPECT_EQ(first_batch(workload, 1, KeySource::sequential(100, 7)),
            commands({{"MSET", "key:07", "v", "key:08", "v"}}));
}

TEST(BatchTemplate, IntegersAndExpiriesDifferFromKeyToKey) {
  const Workload integers{.kind = TestKind::kSet, .key_size = 8, .key_count = 1000, .integer_value = true};
  EXPECT_EQ(first_batch(integers, 2, KeySource::sequential(1000, 41)),
            commands({{"SET", "key:0041", "10000041"}, {"SET", "key:0042", "10000042"}}));
  const Workload expiries{
      .kind = TestKind::kSet, .key_size = 8, .value_size = 1, .key_count = 1000, .with_expiry = true};
  const std::string one = first_batch(expiries, 1, KeySource::sequential(1000, 1));
  const std::string two = first_batch(expiries, 1, KeySource::sequential(1000, 2));
  EXPECT_EQ(one.size(), two.size());
  EXPECT_NE(one.substr(one.find("PX")), two.substr(two.find("PX")));
}

TEST(BatchTemplate, AShortBatchIsAPrefix) {
  const Workload workload{.kind = TestKind::kGet, .key_size = 8, .key_count = 1000};
  const BatchTemplate batch(workload, 16);
  EXPECT_EQ(batch.size_of(16), batch.bytes().size());
  EXPECT_EQ(batch.size_of(3), first_batch(workload, 3, KeySource::sequential(1000, 0)).size());
}

TEST(KeySource, RandomKeysCoverTheRangeEvenly) {
  std::vector<int> seen(100, 0);
  KeySource keys = KeySource::random(100, 1);
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t key = keys.next();
    ASSERT_LT(key, 100u);
    ++seen[key];
  }
  for (const int count : seen) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1200);
  }
}

TEST(KeySource, SeedsGiveDifferentKeys) {
  KeySource one = KeySource::random(1'000'000, 1), two = KeySource::random(1'000'000, 2);
  int same = 0;
  for (int i = 0; i < 1000; ++i) same += one.next() == two.next();
  EXPECT_LT(same, 10);
}

TEST(Workload, RefusesWhatHasNoSense) {
  EXPECT_NO_THROW(check_workload({.key_size = 10, .key_count = 1'000'000}));
  EXPECT_THROW(check_workload({.key_size = 9, .key_count = 1'000'000}), UsageError);
  EXPECT_THROW(check_workload({.key_count = 0}), UsageError);
  EXPECT_THROW(check_workload({.keys_per_command = 0}), UsageError);
  EXPECT_THROW(check_workload({.key_count = 10, .first_key = 10}), UsageError);
  EXPECT_THROW(check_workload({.value_size = size_t{1} << 30}), UsageError);
  EXPECT_THROW(parse_test("hset"), UsageError);
}

TEST(ValueBytes, AreTheSameEveryTimeAndNoNumber) {
  EXPECT_EQ(value_bytes(0), "");
  EXPECT_EQ(value_bytes(40).substr(0, 20), value_bytes(20));
  EXPECT_EQ(value_bytes(100)[0], 'v');
}

}  // namespace
}  // namespace plimsoll::bench
