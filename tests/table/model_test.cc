#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

#include "key_set.h"

namespace plimsoll::test {
namespace {

// Random operations beside a std::unordered_map.
class Model {
 public:
  Model(unsigned shard_bits, uint64_t seed) : keys_(shard_bits), random_(seed) {}

  // The chance of an insertion is `growing` per cent, that of a removal the rest.
  void run(int operations, uint64_t key_space, unsigned growing) {
    for (int i = 0; i < operations; ++i) step(random_() % key_space, random_() % 100 < growing);
  }

  void check() {
    ASSERT_EQ(keys_.table.check(), "");
    ASSERT_EQ(keys_.table.size(), model_.size());
    for (const auto& [number, value] : model_) {
      const SlotRef at = keys_.find(number);
      ASSERT_TRUE(at) << number;
      ASSERT_EQ(Table::entry(at), value.entry);
      ASSERT_EQ(Table::state(at), value.state);
    }
  }

  KeySet& keys() { return keys_; }

 private:
  struct Value {
    Entry* entry;
    uint8_t state;
  };

  void step(uint64_t number, bool insert) {
    const auto known = model_.find(number);
    const SlotRef at = keys_.find(number);
    ASSERT_EQ(static_cast<bool>(at), known != model_.end()) << number;
    if (!insert) {
      if (!at) return;
      ASSERT_EQ(Table::entry(at), known->second.entry);
      keys_.erase(at);
      model_.erase(known);
    } else if (!at) {
      const auto state = static_cast<uint8_t>(random_());
      model_[number] = {Table::entry(keys_.add(number, expiry(), state)), state};
    } else if (random_() % 2 == 0) {
      Entry* old = Table::entry(at);
      known->second.entry = KeySet::make(number, expiry());
      keys_.table.replace(at, known->second.entry);
      Entry::destroy(old);
    } else {
      known->second.state = static_cast<uint8_t>(random_());
      keys_.table.set_state(at, known->second.state);
    }
  }

  int64_t expiry() { return random_() % 3 == 0 ? static_cast<int64_t>(random_() % 100000000) : kNoExpiry; }

  KeySet keys_;
  std::mt19937_64 random_;
  std::unordered_map<uint64_t, Value> model_;
};

TEST(TableModel, SmallTablesAtEveryStep) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    Model model(seed % 7, seed);
    for (int round = 0; round < 60; ++round) {
      model.run(10, 150, round < 30 ? 80 : 20);
      if (round % 5 == 4) model.keys().table.maintain();
      model.check();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(TableModel, GrowsAndShrinksThroughEverySize) {
  Model model(6, 77);
  for (int round = 0; round < 24; ++round) {
    const unsigned growing = round / 6 % 2 == 0 ? 85 : 15;
    model.run(20000, 60000, growing);
    if (round % 2 == 1) model.keys().settle();
    model.check();
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(model.keys().table.shape().segments, 0u);
}

TEST(TableModel, AnEmptyTableHoldsNothing) {
  KeySet keys;
  EXPECT_LE(sizeof(Table), 256u);
  EXPECT_EQ(keys.table.bytes(), 0u);
  EXPECT_FALSE(keys.contains(1));
  EXPECT_EQ(keys.table.scan(0, [](Entry*, SlotRef) { FAIL(); }), 0u);
  EXPECT_FALSE(keys.table.maintain());
  EXPECT_EQ(keys.table.earliest_expiry(), kNoExpiry);
  EXPECT_EQ(keys.table.check(), "");
}

TEST(TableModel, ALineForTheFirstKeyAndNothingAfterTheLast) {
  KeySet keys;
  keys.add(1);
  EXPECT_EQ(keys.table.shape().lines, 1u);
  EXPECT_TRUE(keys.erase(1));
  EXPECT_TRUE(keys.table.maintain());
  EXPECT_EQ(keys.table.bytes(), 0u);
  keys.add(2);
  EXPECT_TRUE(keys.contains(2));
  EXPECT_EQ(keys.table.check(), "");
}

TEST(TableModel, KeysThatAgreeInAllBitsThatPlaceThem) {
  KeySet keys;
  constexpr uint64_t kPrefix = uint64_t{0x123456789} << 28, kKeys = 64;
  for (uint64_t n = 0; n < kKeys; ++n) {
    const std::string name = KeySet::name_with_hash(kPrefix | n);
    ASSERT_EQ(Table::hash(name, kSeed), kPrefix | n);
    keys.table.reserve(kPrefix | n);
    keys.table.insert(kPrefix | n, Entry::make_integer(name, static_cast<int64_t>(n), kNoExpiry), 0);
    keys.add(n);
  }
  EXPECT_EQ(keys.table.check(), "");
  for (uint64_t n = 0; n < kKeys; ++n) {
    const SlotRef at = keys.table.find(kPrefix | n, KeySet::name_with_hash(kPrefix | n));
    ASSERT_TRUE(at);
    EXPECT_EQ(Table::entry(at)->integer(), static_cast<int64_t>(n));
    EXPECT_TRUE(keys.contains(n));
  }
  EXPECT_FALSE(keys.table.find(kPrefix, "another"));
}

}  // namespace
}  // namespace plimsoll::test
