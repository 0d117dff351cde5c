// Random commands against a std::map: replies compared, sizes checked after every step, under every policy.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "harness.h"

namespace plimsoll::test {
namespace {

// What a store of strings should hold. Evicted and expired keys leave it through the change sink.
struct Model final : ChangeSink {
  struct Value {
    std::string text;
    int64_t expiry = -1;
  };
  std::map<std::string, Value, std::less<>> keys;
  std::set<std::string, std::less<>> evicted;

  void record(const Change& change) noexcept override {
    if (change.change_class == ChangeClass::evicted) evicted.emplace(change.key);
  }
  void forget_evicted() {
    for (const std::string& key : evicted) keys.erase(key);
    evicted.clear();
  }
  void forget_due(int64_t now) {
    std::erase_if(keys,
                  [now](const auto& key) { return key.second.expiry >= 0 && key.second.expiry <= now; });
  }
  Value* find(const std::string& key, int64_t now) {
    auto at = keys.find(key);
    if (at == keys.end()) return nullptr;
    if (at->second.expiry >= 0 && at->second.expiry <= now) {
      keys.erase(at);
      return nullptr;
    }
    return &at->second;
  }
};

std::string integer(int64_t n) {
  return ":" + std::to_string(n) + "\r\n";
}
std::string optional_bulk(const Model::Value* value) {
  return value != nullptr ? bulk(value->text) : "$-1\r\n";
}

class ModelTest : public testing::TestWithParam<EvictionPolicy> {
 protected:
  void step(Store& store, std::mt19937_64& random);
  std::string random_key(std::mt19937_64& random) { return "key:" + std::to_string(random() % 3000); }
  std::string random_value(std::mt19937_64& random) {
    static constexpr size_t kSizes[] = {0, 1, 7, 16, 44, 45, 100, 1000, 5000, 13'000, 30'000};
    if (random() % 4 == 0) return std::to_string(static_cast<int64_t>(random()) >> (random() % 64));
    return std::string(kSizes[random() % std::size(kSizes)], static_cast<char>('a' + random() % 26));
  }
  // What was evicted while a command made room is gone from the model before its reply is looked at.
  std::string send(Store& store, std::initializer_list<std::string_view> args) {
    std::string reply = run(store, args);
    model.forget_evicted();
    return reply;
  }
  // A command that was refused memory changes nothing else. Only a store that has nothing to evict refuses
  // any.
  bool refused(const Store& store, std::string_view reply) {
    if (!reply.starts_with("-OOM")) return false;
    ++refusals;
    EXPECT_EQ(reply, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    EXPECT_GT(store.memory_used(), store.memory_limit());
    EXPECT_TRUE(GetParam() == EvictionPolicy::noeviction || is_volatile(GetParam()));
    EXPECT_TRUE(!is_volatile(GetParam()) || store.database_statistics(0).expiring_keys == 0);
    return true;
  }
  static bool is_volatile(EvictionPolicy policy) { return policy >= EvictionPolicy::volatile_lru; }

  FakeClock clock;
  Model model;
  int refusals = 0;
};

void ModelTest::step(Store& store, std::mt19937_64& random) {
  const std::string key = random_key(random), other = random_key(random), value = random_value(random);
  const int64_t now = clock.now_ms();
  switch (random() % 12) {
    case 0:
    case 1: {
      const std::string reply = send(store, {"SET", key, value});
      if (refused(store, reply)) break;
      ASSERT_EQ(reply, "+OK\r\n");
      model.keys[key] = {value, -1};
      break;
    }
    case 2: {
      const int64_t ttl = 1 + static_cast<int64_t>(random() % 100'000);
      const std::string reply = send(store, {"SET", key, value, "PX", std::to_string(ttl)});
      if (refused(store, reply)) break;
      ASSERT_EQ(reply, "+OK\r\n");
      model.keys[key] = {value, now + ttl};
      break;
    }
    case 3:
    case 4: {
      const std::string reply = send(store, {"GET", key});
      ASSERT_EQ(reply, optional_bulk(model.find(key, now)));
      break;
    }
    case 5: {
      const std::string reply = send(store, {"DEL", key, other});
      int64_t deleted = model.find(key, now) != nullptr;
      model.keys.erase(key);
      deleted += model.find(other, now) != nullptr;
      model.keys.erase(other);
      ASSERT_EQ(reply, integer(deleted));
      break;
    }
    case 6: {
      const std::string reply = send(store, {"APPEND", key, value});
      if (refused(store, reply)) break;
      Model::Value* old = model.find(key, now);
      if (old == nullptr) old = &(model.keys[key] = {"", -1});
      old->text += value;
      ASSERT_EQ(reply, integer(static_cast<int64_t>(old->text.size())));
      break;
    }
    case 7: {
      const std::string reply = send(store, {"SETRANGE", key, "10", value});
      if (refused(store, reply)) break;
      Model::Value* old = model.find(key, now);
      if (!value.empty()) {
        if (old == nullptr) old = &(model.keys[key] = {"", -1});
        old->text.resize(std::max(old->text.size(), 10 + value.size()));
        old->text.replace(10, value.size(), value);
      }
      ASSERT_EQ(reply, integer(old == nullptr ? 0 : static_cast<int64_t>(old->text.size())));
      break;
    }
    case 8: {
      const std::string reply = send(store, {"INCRBY", key, "7"});
      if (refused(store, reply)) break;
      Model::Value* old = model.find(key, now);
      if (reply[0] == '-') {
        ASSERT_NE(old, nullptr);
        break;
      }
      const int64_t sum = old == nullptr ? 7 : std::stoll(old->text) + 7;
      model.keys[key] = {std::to_string(sum), old == nullptr ? -1 : old->expiry};
      ASSERT_EQ(reply, integer(sum));
      break;
    }
    case 9: {
      const int64_t ttl = static_cast<int64_t>(random() % 100'000);
      const std::string reply = send(store, {"PEXPIRE", key, std::to_string(ttl)});
      Model::Value* old = model.find(key, now);
      ASSERT_EQ(reply, integer(old != nullptr));
      if (old != nullptr) old->expiry = now + ttl;
      model.find(key, now);
      break;
    }
    case 10: {
      const std::string reply = send(store, {"RENAME", key, other});
      Model::Value* old = model.find(key, now);
      ASSERT_EQ(reply, old != nullptr ? "+OK\r\n" : "-ERR no such key\r\n");
      if (old == nullptr || key == other) break;
      model.keys[other] = *old;
      model.keys.erase(key);
      break;
    }
    default: {
      const std::string reply = send(store, {"COPY", key, other, "REPLACE"});
      if (refused(store, reply)) break;
      if (key == other) break;
      Model::Value* old = model.find(key, now);
      ASSERT_EQ(reply, integer(old != nullptr));
      if (old != nullptr) model.keys[other] = *old;
    }
  }
}

TEST_P(ModelTest, RandomCommands) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const size_t bytes_before = stores_bytes();
  {
    Options options;
    options.clock = &clock;
    options.policy = GetParam();
    options.memory_limit = 6 << 20;
    options.change_sink = &model;
    options.seed = seed;
    Store store(options);
    int refusals_at_flush = 0;
    for (int i = 0; i < 30'000 && !HasFatalFailure(); ++i) {
      if (random() % 100 == 0) {
        clock.advance_ms(static_cast<int64_t>(random() % 20'000));
        settle(store);
        model.forget_evicted();
        model.forget_due(clock.now_ms());  // none is due from here on, until the clock goes on
      }
      if (refusals > refusals_at_flush + 500) {
        // Keys that never expire have filled the store: it begins anew.
        ASSERT_EQ(run(store, {"FLUSHALL"}), "+OK\r\n");
        model.keys.clear();
        refusals_at_flush = refusals;
      }
      step(store, random);
      ASSERT_EQ(store.size(), model.keys.size()) << "after " << i + 1 << " commands";
    }
    EXPECT_EQ(store.statistics().evicted_keys > 0, GetParam() != EvictionPolicy::noeviction);
    EXPECT_TRUE(GetParam() != EvictionPolicy::noeviction || refusals > 500) << refusals;
    for (auto& [key, value] : std::map(model.keys)) {
      const std::string reply = send(store, {"GET", key});
      ASSERT_EQ(reply, optional_bulk(model.find(key, clock.now_ms()))) << key;
    }
    EXPECT_EQ(store.size(), model.keys.size());
  }
  model.keys.clear();
  EXPECT_EQ(dataset_bytes(), 0u);
  EXPECT_EQ(stores_bytes(), bytes_before);
}

INSTANTIATE_TEST_SUITE_P(Policies, ModelTest,
                         testing::Values(EvictionPolicy::noeviction, EvictionPolicy::allkeys_lru,
                                         EvictionPolicy::allkeys_lfu, EvictionPolicy::allkeys_random,
                                         EvictionPolicy::volatile_lru, EvictionPolicy::volatile_lfu,
                                         EvictionPolicy::volatile_random, EvictionPolicy::volatile_ttl),
                         [](const auto& tested) {
                           std::string name(policy_name(tested.param));
                           if (const size_t dash = name.find('-'); dash != std::string::npos)
                             name[dash] = '_';
                           return name;
                         });

}  // namespace
}  // namespace plimsoll::test
