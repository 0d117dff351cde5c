// The one ordered point of effect: every mutation is told once, in order, with what repeats it elsewhere.
#include <gtest/gtest.h>

#include "harness.h"

namespace plimsoll::test {
namespace {

class Recorder final : public ChangeSink {
 public:
  void record(const Change& change) noexcept override {
    std::string line =
        std::to_string(change.database) + " " + std::string(change.event) + " " + std::string(change.key);
    events.push_back(std::move(line));
    std::string effect;
    for (std::string_view word : change.effect) (effect += effect.empty() ? "" : " ") += word;
    effects.push_back(std::move(effect));
  }

  std::vector<std::string> take() { return std::exchange(events, {}); }
  std::vector<std::string> take_effects() { return std::exchange(effects, {}); }

  std::vector<std::string> events, effects;
};

struct Changes : testing::Test {
  Changes() {
    options.clock = &clock;
    options.change_sink = &sink;
    options.seed = 5;
  }
  using Lines = std::vector<std::string>;
  FakeClock clock;
  Recorder sink;
  Options options;
};

TEST_F(Changes, OfCommands) {
  Store store(options);
  run(store, {"SET", "k", "v"});
  EXPECT_EQ(sink.take(), (Lines{"0 new k", "0 set k"}));
  run(store, {"SET", "k", "v", "NX"});
  run(store, {"GET", "k"});
  EXPECT_EQ(sink.take(), Lines{});
  run(store, {"EXPIRE", "k", "100"});
  run(store, {"PERSIST", "k"});
  run(store, {"APPEND", "k", "w"});
  run(store, {"RENAME", "k", "l"});
  run(store, {"DEL", "l", "m"});
  EXPECT_EQ(sink.take(), (Lines{"0 expire k", "0 persist k", "0 append k", "0 new l", "0 rename_from k",
                                "0 rename_to l", "0 del l"}));
}

TEST_F(Changes, OfExpiryOnceWhetherFoundBySweepOrLook) {
  Store store(options);
  for (int i = 0; i < 100; ++i) run(store, {"SET", std::to_string(i), "v", "PX", "10"});
  sink.take();
  clock.advance_ms(10'000);
  for (int i = 0; i < 50; ++i) run(store, {"GET", std::to_string(i)});
  settle(store);
  std::vector<std::string> told = sink.take();
  std::sort(told.begin(), told.end());
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) expected.push_back("0 expired " + std::to_string(i));
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(told, expected);
}

TEST_F(Changes, OfEvictionNameEveryVictim) {
  options.memory_limit = 4 << 20;
  options.policy = EvictionPolicy::allkeys_random;
  Store store(options);
  for (int i = 0; i < 20'000; ++i) run(store, {"SET", "key:" + std::to_string(i), std::string(400, 'v')});
  size_t evicted = 0;
  for (const std::string& line : sink.take()) {
    if (line.substr(0, 9) != "0 evicted") continue;
    ++evicted;
    ASSERT_FALSE(store.exists(line.substr(10)));
  }
  EXPECT_EQ(evicted, store.statistics().evicted_keys);
  EXPECT_EQ(store.size() + evicted, 20'000u);
}

TEST_F(Changes, EffectsDoNotDependOnWhenTheyAreRepeated) {
  Store store(options);
  const std::string at = std::to_string(clock.now_ms() + 100'000);
  run(store, {"SET", "k", "v", "EX", "100"});
  EXPECT_EQ(sink.take_effects()[1], "SET k v PXAT " + at);
  run(store, {"SET", "k", "1.5", "KEEPTTL"});
  run(store, {"INCRBYFLOAT", "k", "1"});
  EXPECT_EQ(sink.take_effects().back(), "SET k 2.5 KEEPTTL");
  run(store, {"EXPIRE", "k", "100"});
  EXPECT_EQ(sink.take_effects().back(), "PEXPIREAT k " + at);
  run(store, {"GETEX", "k", "EX", "100"});
  EXPECT_EQ(sink.take_effects().back(), "PEXPIREAT k " + at);
  run(store, {"EXPIRE", "k", "-1"});
  EXPECT_EQ(sink.take_effects().back(), "DEL k");
}

TEST_F(Changes, AreCounted) {
  Store store(options);
  run(store, {"MSET", "a", "1", "b", "2"});
  run(store, {"GET", "a"});
  EXPECT_EQ(store.statistics().changes, 2u);
}

TEST_F(Changes, TypedCallsTellTheSame) {
  Store store(options);
  store.set("k", "5", {.ttl_ms = 1000});
  store.increment("k", 2, nullptr);
  store.expire("k", std::nullopt);
  store.erase("k");
  EXPECT_EQ(sink.take(), (Lines{"0 new k", "0 set k", "0 expire k", "0 incrby k", "0 persist k", "0 del k"}));
  store.increment("n", 1, nullptr);
  store.append("a", "tail", nullptr);
  EXPECT_EQ(sink.take(), (Lines{"0 new n", "0 incrby n", "0 new a", "0 append a"}));
  store.expire("a", std::nullopt);
  EXPECT_EQ(sink.take(), Lines{}) << "there was no expiry to remove";
  EXPECT_EQ(store.statistics().changes, 6u);
}

}  // namespace
}  // namespace plimsoll::test
