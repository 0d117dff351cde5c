// The memory limit: held, and nothing evicted that need not be.
#include <gtest/gtest.h>
#include <plimsoll/work_sink.h>

#include <atomic>
#include <random>

#include "harness.h"

namespace plimsoll::test {
namespace {

constexpr size_t kLimit = 8 * 1024 * 1024;

Options limited(EvictionPolicy policy, LimitScope scope = LimitScope::store) {
  Options options;
  options.memory_limit = kLimit;
  options.policy = policy;
  options.limit_scope = scope;
  options.seed = 7;
  return options;
}

class Policies : public testing::TestWithParam<EvictionPolicy> {};

TEST_P(Policies, HoldTheLimitThroughMixedSizes) {
  const bool only_volatile = policy_name(GetParam()).substr(0, 8) == "volatile";
  Store store(limited(GetParam()));
  std::mt19937_64 random(1);
  constexpr size_t kSizes[] = {8, 8, 40, 40, 100, 100, 300, 1000, 4000, 20'000, 200'000};
  size_t largest = 0;
  for (int i = 0; i < 30'000; ++i) {
    const size_t size = kSizes[random() % std::size(kSizes)];
    SetOptions options;
    if (only_volatile) options.ttl_ms = 1'000'000 + static_cast<int64_t>(random() % 1'000'000);
    ASSERT_EQ(store.set("key:" + std::to_string(i), std::string(size, 'v'), options), Status::ok);
    // One command's own need and the table's growth for it may stand above the limit until the next command.
    largest = std::max(largest, size + 200);
    ASSERT_LE(store.memory_used(), kLimit + largest + 64 * 1024);
  }
  ASSERT_TRUE(store.enforce_limit(1'000'000));
  EXPECT_LE(store.memory_used(), kLimit);
  settle(store);
  EXPECT_GE(store.memory_used(), kLimit - 64 * 1024 - largest) << "evicted more than was needed";
  EXPECT_GT(store.statistics().evicted_keys, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, Policies,
                         testing::Values(EvictionPolicy::allkeys_lru, EvictionPolicy::allkeys_lfu,
                                         EvictionPolicy::allkeys_random, EvictionPolicy::volatile_lru,
                                         EvictionPolicy::volatile_lfu, EvictionPolicy::volatile_random,
                                         EvictionPolicy::volatile_ttl),
                         [](const auto& tested) {
                           std::string name(policy_name(tested.param));
                           name[name.find('-')] = '_';
                           return name;
                         });

// A thousand keys go for each of the large values: who writes them waits for it, however long that takes.
TEST(Limit, ValuesAThousandTimesLargerAreMadeRoomFor) {
  Store store(limited(EvictionPolicy::allkeys_lru));
  for (int i = 0; i < 100'000; ++i)
    ASSERT_EQ(store.set("small:" + std::to_string(i), std::string(100, 'v')), Status::ok);
  const std::string large(200'000, 'v');
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(store.set("large:" + std::to_string(i), large), Status::ok);
    ASSERT_LE(store.memory_used(), kLimit + large.size() + 64 * 1024);
  }
}

// Table memory that eviction leaves empty counts at once.
TEST(Limit, NothingMoreGoesThanNeedBeWhenTheTableShrinks) {
  Store store(limited(EvictionPolicy::allkeys_lru));
  for (int i = 0; i < 200'000; ++i) ASSERT_EQ(store.set(std::to_string(i), "v"), Status::ok);
  for (int i = 0; i < 2000; ++i)
    ASSERT_EQ(store.set("large:" + std::to_string(i), std::string(11'000, 'v')), Status::ok);
  settle(store);
  EXPECT_GE(store.memory_used(), kLimit - 64 * 1024 - 14'000);
}

// Tables emptied long since, their memory not given back yet: whatever is left can still go.
TEST(Limit, TheLastKeysOfEmptiedTablesAreFound) {
  for (const bool expiring : {false, true}) {
    Options options = limited(expiring ? EvictionPolicy::volatile_lru : EvictionPolicy::allkeys_lru);
    options.shards = 1;
    options.memory_limit = 0;
    Store store(options);
    const SetOptions ttl = expiring ? SetOptions{.ttl_ms = 1'000'000} : SetOptions{};
    for (int i = 0; i < 100'000; ++i) ASSERT_EQ(store.set(std::to_string(i), "v", ttl), Status::ok);
    ASSERT_EQ(store.set("large", std::string(1'000'000, 'v'), ttl), Status::ok);
    for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(store.erase(std::to_string(i)));
    Tuning tuning = store.tuning();
    tuning.memory_limit = store.memory_used() - 100'000;
    store.tune(tuning);
    EXPECT_EQ(store.set("k", "v"), Status::ok);
    EXPECT_FALSE(store.exists("large"));
  }
}

TEST(Limit, VolatileTtlTellsMillisecondsApart) {
  FakeClock clock;
  Options options = limited(EvictionPolicy::volatile_ttl);
  options.clock = &clock;
  options.shards = 1;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    options.seed = seed;
    Store store(options);
    ASSERT_EQ(store.set("soon", "v", {.ttl_ms = 60'100}), Status::ok);
    ASSERT_EQ(store.set("late", "v", {.ttl_ms = 60'101}), Status::ok);
    Tuning tuning = store.tuning();
    tuning.memory_limit = store.memory_used() - 1;
    store.tune(tuning);
    ASSERT_TRUE(store.enforce_limit());
    EXPECT_TRUE(store.exists("late"));
    EXPECT_FALSE(store.exists("soon"));
  }
}

TEST(Limit, ExpiriesChangeAboveIt) {
  Store store(limited(EvictionPolicy::noeviction));
  for (int i = 0; store.set("key:" + std::to_string(i), std::string(500, 'v')) == Status::ok;) ++i;
  EXPECT_EQ(store.expire("key:1", 1'000'000), Status::ok);
  EXPECT_EQ(store.expire("key:1", std::nullopt), Status::ok);
  EXPECT_EQ(store.append("key:1", "v", nullptr), Status::out_of_memory);
}

TEST(Limit, NoevictionRefusesGrowthAndAllowsTheRest) {
  Store store(limited(EvictionPolicy::noeviction));
  int written = 0;
  while (store.set("key:" + std::to_string(written), std::string(500, 'v')) == Status::ok) ++written;
  EXPECT_GT(written, 10'000);
  const std::string refused = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
  EXPECT_EQ(run(store, {"SET", "other", "v"}), refused);
  EXPECT_EQ(run(store, {"APPEND", "key:1", "v"}), refused);
  EXPECT_EQ(run(store, {"INCR", "n"}), refused);
  EXPECT_EQ(run(store, {"GET", "key:1"}), bulk(std::string(500, 'v')));
  EXPECT_EQ(run(store, {"EXPIRE", "key:1", "100"}), ":1\r\n");
  EXPECT_EQ(run(store, {"DEL", "key:2"}), ":1\r\n");
  EXPECT_EQ(run(store, {"DEL", "key:3"}), ":1\r\n");
  EXPECT_EQ(run(store, {"SET", "other", "v"}), "+OK\r\n");
  EXPECT_EQ(store.statistics().evicted_keys, 0u);

  Tuning tuning = store.tuning();
  tuning.memory_limit = kLimit / 2;
  store.tune(tuning);
  EXPECT_FALSE(store.enforce_limit());
  settle(store);  // ends: upkeep asks for no repetition where there is nothing it can do
}

TEST(Limit, VolatilePoliciesSpareKeysWithoutExpiry) {
  Store store(limited(EvictionPolicy::volatile_lru));
  for (int i = 0; i < 3000; ++i)
    ASSERT_EQ(store.set("keep:" + std::to_string(i), std::string(500, 'v')), Status::ok);
  for (int i = 0; i < 30'000; ++i) {
    ASSERT_EQ(store.set("drop:" + std::to_string(i), std::string(500, 'v'), {.ttl_ms = 1'000'000}),
              Status::ok);
  }
  for (int i = 0; i < 3000; ++i) ASSERT_TRUE(store.exists("keep:" + std::to_string(i)));
  int i = 3000;
  while (store.set("keep:" + std::to_string(i), std::string(500, 'v')) == Status::ok) ++i;
  EXPECT_EQ(store.database_statistics(0).expiring_keys, 0u) << "refused while there was something to evict";
}

TEST(Limit, VolatileTtlTakesTheSoonestOfItsSample) {
  Store store(limited(EvictionPolicy::volatile_ttl));
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ(store.set("soon:" + std::to_string(i), std::string(500, 'v'), {.ttl_ms = 100'000}), Status::ok);
  }
  int i = 0;
  while (store.statistics().evicted_keys < 2000) {
    ASSERT_EQ(store.set("late:" + std::to_string(i++), std::string(500, 'v'), {.ttl_ms = 900'000}),
              Status::ok);
  }
  int late = 0;
  for (int j = 0; j < i; ++j) late += store.exists("late:" + std::to_string(j));
  EXPECT_GE(late, i - 100);
}

TEST(Limit, LruKeepsWhatIsUsed) {
  FakeClock clock;
  Options options = limited(EvictionPolicy::allkeys_lru);
  options.clock = &clock;
  Store store(options);
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(store.set("hot:" + std::to_string(i), std::string(500, 'v')), Status::ok);
  for (int i = 0; i < 60'000; ++i) {
    if (i % 1000 == 0) {
      clock.advance_ms(60'000);
      for (int j = 0; j < 1000; ++j) store.get("hot:" + std::to_string(j));
    }
    ASSERT_EQ(store.set("cold:" + std::to_string(i), std::string(500, 'v')), Status::ok);
  }
  int kept = 0;
  for (int j = 0; j < 1000; ++j) kept += store.exists("hot:" + std::to_string(j));
  EXPECT_GE(kept, 980);
}

TEST(Limit, LfuKeepsWhatIsUsedOften) {
  FakeClock clock;
  Options options = limited(EvictionPolicy::allkeys_lfu);
  options.clock = &clock;
  Store store(options);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(store.set("hot:" + std::to_string(i), std::string(500, 'v')), Status::ok);
    for (int j = 0; j < 100; ++j) store.get("hot:" + std::to_string(i));
  }
  for (int i = 0; i < 60'000; ++i) {
    ASSERT_EQ(store.set("cold:" + std::to_string(i), std::string(500, 'v')), Status::ok);
  }
  int kept = 0;
  for (int j = 0; j < 1000; ++j) kept += store.exists("hot:" + std::to_string(j));
  EXPECT_GE(kept, 980);
}

int frequency(Store& store, std::string_view key) {
  return std::stoi(run(store, {"OBJECT", "FREQ", key}).substr(1));
}

TEST(Limit, FrequenciesGrowByTheirFactorAndDecayWithTime) {
  FakeClock clock;
  Options options = limited(EvictionPolicy::allkeys_lfu);
  options.clock = &clock;
  Store store(options);
  Tuning tuning = store.tuning();
  tuning.lfu_log_factor = 0;  // each use counts
  tuning.lfu_decay_minutes = 2;
  store.tune(tuning);
  ASSERT_EQ(store.set("key", "v"), Status::ok);
  const int fresh = frequency(store, "key");
  for (int i = 0; i < 100; ++i) store.get("key");
  EXPECT_EQ(frequency(store, "key"), fresh + 100);
  clock.advance_ms(60'000 * 20);
  EXPECT_EQ(frequency(store, "key"), fresh + 90);
  tuning.lfu_decay_minutes = 0;  // none
  store.tune(tuning);
  const int kept = frequency(store, "key");
  clock.advance_ms(60'000 * 200);
  EXPECT_EQ(frequency(store, "key"), kept);

  tuning.lfu_log_factor = 100;
  store.tune(tuning);
  ASSERT_EQ(store.set("seldom counted", "v"), Status::ok);
  for (int i = 0; i < 100; ++i) store.get("seldom counted");
  EXPECT_LT(frequency(store, "seldom counted"), fresh + 10);
}

// Of a thousand keys that are used again and again, how many are left once others have filled the store.
int kept_of_used(unsigned samples) {
  FakeClock clock;
  Options options = limited(EvictionPolicy::allkeys_lru);
  options.clock = &clock;
  Store store(options);
  Tuning tuning = store.tuning();
  tuning.eviction_samples = samples;
  store.tune(tuning);
  for (int i = 0; i < 1000; ++i) store.set("hot:" + std::to_string(i), std::string(500, 'v'));
  for (int i = 0; i < 30'000; ++i) {
    if (i % 1000 == 0) {
      clock.advance_ms(60'000);
      for (int j = 0; j < 1000; ++j) store.get("hot:" + std::to_string(j));
    }
    store.set("cold:" + std::to_string(i), std::string(500, 'v'));
  }
  int kept = 0;
  for (int j = 0; j < 1000; ++j) kept += store.exists("hot:" + std::to_string(j)) ? 1 : 0;
  return kept;
}

TEST(Limit, MoreSamplesFindBetterVictims) {
  EXPECT_LT(kept_of_used(1), 900);
  EXPECT_GT(kept_of_used(16), 980);
}

TEST(Limit, ALoweredLimitIsReachedInSlices) {
  Store store(limited(EvictionPolicy::allkeys_lru));
  for (int i = 0; i < 30'000; ++i)
    ASSERT_EQ(store.set("key:" + std::to_string(i), std::string(500, 'v')), Status::ok);
  Tuning tuning = store.tuning();
  tuning.memory_limit = kLimit / 2;
  store.tune(tuning);
  // Half the limit is more than one slice: a write pays its share and goes through.
  EXPECT_EQ(store.set("one more", "v"), Status::ok);
  while (store.memory_used() > kLimit / 2) ASSERT_TRUE(store.enforce_limit(1000));
  EXPECT_GE(store.memory_used(), kLimit / 2 - 64 * 1024);
}

TEST(Limit, TheSinkOfWorkHearsOfLongEvictions) {
  // Every look at the clock costs 300 us.
  struct SlowClock final : Clock {
    int64_t now_ms() const noexcept override { return now; }
    int64_t monotonic_us() const noexcept override { return us += 300; }
    mutable std::atomic<int64_t> us{0};
    std::atomic<int64_t> now{1'700'000'000'000};
  } clock;
  struct Sink final : WorkSink {
    void took(StoreWork work, int64_t us) noexcept override {
      EXPECT_GE(us, kLeastUs);
      (work == StoreWork::eviction ? evictions : expiries) += 1;
    }
    int evictions = 0, expiries = 0;
  } sink;
  Options options = limited(EvictionPolicy::allkeys_random);
  options.clock = &clock;
  options.work_sink = &sink;
  Store store(options);
  for (int i = 0; i < 1000; ++i) store.set("key:" + std::to_string(i), std::string(500, 'v'));
  EXPECT_EQ(sink.evictions, 0);
  Tuning tuning = store.tuning();
  tuning.memory_limit = store.memory_used() / 2;
  store.tune(tuning);
  EXPECT_EQ(store.set("key:1", "v"), Status::ok);
  EXPECT_EQ(sink.evictions, 1);
  store.maintain(100'000);
  EXPECT_EQ(sink.expiries, 0) << "nothing was due";
  tuning.memory_limit = 0;
  store.tune(tuning);
  for (int i = 0; i < 100; ++i) run(store, {"SET", "due:" + std::to_string(i), "v", "PX", "5"});
  clock.now += 10;
  store.maintain(100'000);
  EXPECT_EQ(sink.expiries, 1);
}

TEST(Limit, ProcessScopeComparesTheWholeProcess) {
  const size_t outside = zm::used_memory();
  Options options = limited(EvictionPolicy::allkeys_lru, LimitScope::process);
  options.memory_limit = outside + kLimit;
  Store store(options);
  for (int i = 0; i < 40'000; ++i) {
    ASSERT_EQ(store.set("key:" + std::to_string(i), std::string(500, 'v')), Status::ok);
    ASSERT_LE(zm::used_memory(), options.memory_limit + 16 * 1024 + 8 * 1024);
  }
  const uint64_t before = store.size();
  void* block = zm::allocate(zm::Tag::other, kLimit / 2);
  ASSERT_EQ(store.set("one more", "v"), Status::ok);
  ASSERT_TRUE(store.enforce_limit(10'000'000));
  EXPECT_LT(store.size(), before * 6 / 10);
  zm::deallocate(zm::Tag::other, block);
}

TEST(Limit, EqualityIsWithinIt) {
  Store store;
  ASSERT_EQ(store.set("k", "v"), Status::ok);
  Tuning tuning = store.tuning();
  tuning.memory_limit = store.memory_used();
  store.tune(tuning);
  EXPECT_EQ(run(store, {"SET", "k", "w"}), "+OK\r\n");
  tuning.memory_limit -= 1;
  store.tune(tuning);
  EXPECT_EQ(run(store, {"SET", "k", "w"}).substr(0, 4), "-OOM");
}

}  // namespace
}  // namespace plimsoll::test
