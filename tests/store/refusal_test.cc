// Refused memory: a command that is answered with -OOM has changed nothing, and the counts stay exact.
#include <gtest/gtest.h>

#include <random>

#include "harness.h"
#include "support/refusals.h"

namespace plimsoll::test {
namespace {

class WholeChanges final : public ChangeSink {
 public:
  void record(const Change& change) noexcept override {
    if (change.event == "expired") return;  // found by looks, whether or not the command goes on
    std::string line =
        std::to_string(change.database) + " " + std::string(change.event) + " " + std::string(change.key);
    for (const std::string_view word : change.effect) (line += ' ') += word.substr(0, 40);
    lines.push_back(std::move(line));
  }

  std::vector<std::string> lines;
};

class RandomCommand {
 public:
  explicit RandomCommand(uint64_t seed) : random_(seed) {}

  std::vector<std::string> next() {
    switch (random_() % 24) {
      case 0:
        return {"SET", key(), value()};
      case 1:
        return {"SET", key(), value(), "EX", "100"};
      case 2:
        return {"SET", key(), value(), "GET", "KEEPTTL"};
      case 3:
        return {"APPEND", key(), value()};
      case 4:
        return {"SETRANGE", key(), std::to_string(random_() % 30'000), value()};
      case 5:
        return {"INCRBY", key(), std::to_string(static_cast<int64_t>(random_() >> 30))};
      case 6:
        return {"GETSET", key(), value()};
      case 7:
        return {"GETDEL", key()};
      case 8:
        return {"GETEX", key(), "EX", "50"};
      case 9:
        return {"GETEX", key(), "PERSIST"};
      case 10:
        return {"MSET", key(), value(), key(), value(), key(), value(), key(), value(), key(), value()};
      case 11:
        return {"MSETNX", key(), value(), key(), value()};
      case 12:
        return {"RENAME", key(), key()};
      case 13:
        return {"RENAMENX", key(), key()};
      case 14:
        return {"COPY", key(), key(), "REPLACE"};
      case 15:
        return {"COPY", key(), key(), "DB", "1"};
      case 16:
        return {"MOVE", key(), "1"};
      case 17:
        return {"EXPIRE", key(), "100"};
      case 18:
        return {"PERSIST", key()};
      case 19:
        return {"DEL", key(), key()};
      case 20:
        return {"INCRBYFLOAT", key(), "1.5"};
      case 21:
        return {"PSETEX", key(), "5000", value()};
      case 22:
        return {"SETNX", key(), value()};
      default:
        return random_() % 50 == 0 ? std::vector<std::string>{"FLUSHDB", "ASYNC"}
                                   : std::vector<std::string>{"GET", key()};
    }
  }
  uint64_t draw(uint64_t n) { return random_() % n; }

 private:
  std::string key() { return "key:" + std::to_string(random_() % kKeys); }
  std::string value() {
    constexpr size_t kSizes[] = {0, 1, 7, 16, 44, 100, 1000, 5000, 13'000, 40'000};
    if (random_() % 4 == 0) return std::to_string(static_cast<int64_t>(random_()) >> (random_() % 64));
    return std::string(kSizes[random_() % std::size(kSizes)], static_cast<char>('a' + random_() % 26));
  }

  static constexpr uint64_t kKeys = 20'000;
  std::mt19937_64 random_;
};

std::string run_words(Store& store, const std::vector<std::string>& words) {
  Session session;
  return run(store, session, std::vector<std::string_view>(words.begin(), words.end()));
}

// A twin runs what was not refused, with memory enough: everything must come out the same.
TEST(Refusals, ChangeNothingAndAreCountedExactly) {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    FakeClock clock;
    WholeChanges changes, twin_changes;
    Options options;
    options.clock = &clock;
    options.shards = 8;
    options.seed = seed;
    options.change_sink = &changes;
    const size_t before = stores_bytes();
    Store store(options);
    options.change_sink = &twin_changes;
    Store twin(options);
    RandomCommand commands(seed);
    int refused = 0;
    for (int step = 0; step < 15'000; ++step) {
      const std::vector<std::string> words = commands.next();
      if (commands.draw(500) == 0) clock.advance_ms(static_cast<int64_t>(commands.draw(30'000)));
      changes.lines.clear();
      twin_changes.lines.clear();
      std::string reply;
      if (commands.draw(2) == 0) {
        const RefuseFrom refuse(static_cast<long>(commands.draw(14)));
        reply = run_words(store, words);
      } else {
        reply = run_words(store, words);
      }
      if (reply.empty() || reply.starts_with("-OOM")) {  // nothing at all where not even the error found room
        ++refused;
        ASSERT_TRUE(changes.lines.empty()) << words[0] << " changed " << changes.lines[0];
      } else {
        ASSERT_EQ(reply, run_words(twin, words)) << words[0] << " at step " << step;
        ASSERT_EQ(changes.lines, twin_changes.lines);
      }
      ASSERT_EQ(stores_bytes() - before, store.memory_used() + twin.memory_used())
          << words[0] << " at step " << step;
      for (size_t i = 1; i < words.size(); ++i) {
        for (int database = 0; database < 2; ++database) {
          ASSERT_EQ(store.get(words[i], database), twin.get(words[i], database));
          std::optional<int64_t> ttl, twin_ttl;
          ASSERT_EQ(store.time_to_live(words[i], &ttl, database),
                    twin.time_to_live(words[i], &twin_ttl, database));
          ASSERT_EQ(ttl, twin_ttl);
        }
      }
    }
    EXPECT_GT(refused, 300);
    EXPECT_EQ(run(store, {"DBSIZE"}), run(twin, {"DBSIZE"}));
  }
}

TEST(Refusals, NothingIsEvictedForMoreThanThereIs) {
  Options options;
  options.policy = EvictionPolicy::allkeys_lru;
  Store store(options);
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(store.set(std::to_string(i), std::string(200, 'v')), Status::ok);
  const RefuseLarger refuse(1'000'000);
  EXPECT_EQ(run(store, {"SETRANGE", "huge", "500000000", "x"}).substr(0, 4), "-OOM");
  EXPECT_EQ(store.size(), 20'000u);
}

// What is freed later is freed in slices. One that ends with the last entry leaves the table's frame behind,
// which goes with the store at the latest.
TEST(Refusals, ASliceThatEndsWithTheLastEntryLeavesNothingForGood) {
  const size_t before = stores_bytes();
  for (int keys = 250; keys <= 270; ++keys) {
    Options options;
    options.shards = 1;
    Store store(options);
    for (int i = 0; i < keys; ++i) ASSERT_EQ(store.set(std::to_string(i), "v"), Status::ok);
    EXPECT_EQ(run(store, {"FLUSHALL", "ASYNC"}), "+OK\r\n");
    const RefuseLarger refuse(1'000'000);
    EXPECT_EQ(run(store, {"SETRANGE", "huge", "500000000", "x"}).substr(0, 4), "-OOM");
  }
  EXPECT_EQ(stores_bytes(), before);
}

// Giving back what was asked for twice over did not help: the rest stays.
TEST(Refusals, EvictionEndsWhereItDoesNotHelp) {
  Options options;
  options.policy = EvictionPolicy::allkeys_lru;
  Store store(options);
  for (int i = 0; i < 200'000; ++i)
    ASSERT_EQ(store.set(std::to_string(i), std::string(200, 'v')), Status::ok);
  const size_t full = store.memory_used();
  const RefuseLarger refuse(900'000);
  EXPECT_EQ(store.set("large", std::string(1'000'000, 'v')), Status::out_of_memory);
  EXPECT_GE(store.memory_used(), full - 16 * 1024 * 1024);
  EXPECT_LT(store.size(), 200'000u);
}

}  // namespace
}  // namespace plimsoll::test
