// What the wire test cannot see from outside: the store's own accounts and states beside a command's reply.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "commands/recording_sink.h"
#include "store/harness.h"

namespace plimsoll::test {
namespace {

class Values : public testing::Test {
 protected:
  Values() : store_(options()) {}

  std::string call(const std::vector<std::string>& words) {
    return run(store_, session_, std::vector<std::string_view>(words.begin(), words.end()));
  }

  FakeClock clock_;
  Session session_;
  Store store_;

 private:
  Options options() {
    Options options;
    options.clock = &clock_;
    options.seed = 7;
    return options;
  }
};

TEST_F(Values, RenamedAndMovedValuesAreNotCopiedAndStayAccountedFor) {
  const size_t dataset = dataset_bytes();
  const std::string large(1'000'000, 'x');
  call({"SET", "a", large});
  const size_t with_value = dataset_bytes();
  call({"RENAME", "a", "b"});
  EXPECT_EQ(dataset_bytes(), with_value);
  call({"SET", "c", "taken"});
  call({"RENAME", "b", "c"});
  EXPECT_EQ(dataset_bytes(), with_value);
  call({"MOVE", "c", "5"});
  EXPECT_EQ(dataset_bytes(), with_value);
  call({"SELECT", "5"});
  EXPECT_EQ(call({"GET", "c"}), bulk(large));
  call({"FLUSHALL", "SYNC"});
  settle(store_);
  EXPECT_EQ(dataset_bytes(), dataset);
}

TEST_F(Values, MemoryUsageIsWhatDeletingGivesBack) {
  for (const std::string& value :
       {std::string("1"), std::string("123456789012"), std::string("short"), std::string(1000, 'v'),
        std::string(12'000, 'v'), std::string(500'000, 'v')}) {
    call({"SET", "other", "keeps the table"});
    call({"SET", "key", value, "EX", "100"});
    const size_t before = dataset_bytes();
    const std::string usage = call({"MEMORY", "USAGE", "key", "SAMPLES", "0"});
    call({"DEL", "key"});
    EXPECT_EQ(usage, ":" + std::to_string(before - dataset_bytes()) + "\r\n") << value.size();
  }
}

// Of few keys, so that many are named more than once in a command, with values that fit into what is there
// and with others.
TEST_F(Values, BatchesStoreTheLastValueOfEachKey) {
  const size_t dataset = dataset_bytes();
  std::mt19937 random{5};
  const auto value = [&] {
    constexpr size_t kSizes[] = {0, 1, 3, 12, 20, 100, 300, 13'000, 70'000};
    if (random() % 4 == 0) return std::to_string(static_cast<int64_t>(random()) << random() % 31);
    return std::string(kSizes[random() % (random() % 8 == 0 ? std::size(kSizes) : 7)],
                       static_cast<char>('a' + random() % 26));
  };
  std::map<std::string, std::string> model;
  std::set<std::string> timed;  // those of its keys that expire
  for (int round = 0; round < 5000; ++round) {
    const bool only_new = random() % 8 == 0;
    std::vector<std::string> words{only_new ? "MSETNX" : "MSET"};
    std::map<std::string, std::string> batch;
    for (size_t n = 1 + random() % (random() % 8 == 0 ? 40 : 6); n-- > 0;) {
      words.push_back("key:" + std::to_string(random() % 12));
      words.push_back(value());
      batch[words.end()[-2]] = words.back();
    }
    const bool stores = !only_new || std::none_of(batch.begin(), batch.end(), [&](const auto& each) {
      return model.contains(each.first);
    });
    EXPECT_EQ(call(words), !only_new ? "+OK\r\n" : stores ? ":1\r\n" : ":0\r\n");
    if (stores) {
      for (const auto& [key, text] : batch) {
        model[key] = text;
        timed.erase(key);
      }
    }
    const std::string key = "key:" + std::to_string(random() % 12);
    if (random() % 3 == 0 && call({"EXPIRE", key, "100"}) == ":1\r\n") timed.insert(key);
    if (random() % 16 == 0) {
      clock_.advance_ms(200'000);
      for (const std::string& due : timed) model.erase(due);
      timed.clear();
    }
    if (random() % 3 == 0) {
      call({"DEL", key});
      model.erase(key);
      timed.erase(key);
    }
    for (const auto& [each, text] : model) ASSERT_EQ(call({"GET", each}), bulk(text)) << "round " << round;
  }
  EXPECT_EQ(store_.size(0), model.size());
  call({"FLUSHALL", "SYNC"});
  settle(store_);
  EXPECT_EQ(dataset_bytes(), dataset);
}

TEST_F(Values, RenameKeepsTheTimeOfTheLastUse) {
  call({"SET", "a", "1"});
  clock_.advance_ms(1'000'000);
  call({"SET", "b", "2"});
  EXPECT_EQ(call({"OBJECT", "IDLETIME", "b"}), ":0\r\n");
  // RENAME itself is a use of the key, as it is in Redis; without it the state would be that of the
  // placeholder.
  session_.set_no_touch(true);
  const auto idle = [&](const char* key) { return std::stod(call({"OBJECT", "IDLETIME", key}).substr(1)); };
  call({"RENAME", "a", "c"});
  EXPECT_NEAR(idle("c"), 1000, 200);  // ages have steps of 9 %
  call({"MOVE", "c", "1"});
  call({"SELECT", "1"});
  EXPECT_NEAR(idle("c"), 1000, 300);
}

TEST_F(Values, LooksThatDoNotCountAsUse) {
  call({"SET", "a", "1"});
  clock_.advance_ms(60'000);
  for (const char* command : {"EXISTS", "TYPE", "TTL", "PTTL", "EXPIRETIME"}) call({command, "a"});
  call({"OBJECT", "ENCODING", "a"});
  EXPECT_EQ(call({"OBJECT", "IDLETIME", "a"}), ":60\r\n");
  call({"TOUCH", "a"});
  EXPECT_EQ(call({"OBJECT", "IDLETIME", "a"}), ":0\r\n");
}

TEST_F(Values, HitsAndMisses) {
  call({"SET", "a", "1"});
  for (const char* command : {"GET", "STRLEN", "EXISTS", "TYPE", "TTL"}) {
    call({command, "a"});
    call({command, "b"});
  }
  call({"MGET", "a", "b", "c"});
  call({"SET", "a", "2"});
  EXPECT_EQ(store_.statistics().keyspace_hits, 6u);
  EXPECT_EQ(store_.statistics().keyspace_misses, 7u);
}

TEST_F(Values, TimeIsTheClocks) {
  EXPECT_EQ(call({"TIME"}), "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n");
  clock_.advance_ms(1234);
  EXPECT_EQ(call({"TIME"}), "*2\r\n$10\r\n1700000001\r\n$6\r\n234000\r\n");
}

TEST_F(Values, ExpiryIsToTheMillisecond) {
  call({"SET", "a", "1", "PX", "10"});
  EXPECT_EQ(call({"PTTL", "a"}), ":10\r\n");
  EXPECT_EQ(call({"TTL", "a"}), ":0\r\n");
  clock_.advance_ms(9);
  EXPECT_EQ(call({"GET", "a"}), bulk("1"));
  clock_.advance_ms(1);
  EXPECT_EQ(call({"PTTL", "a"}), ":-2\r\n");
  call({"SET", "a", "1", "PX", "1500"});
  EXPECT_EQ(call({"TTL", "a"}), ":2\r\n");
}

TEST_F(Values, TheLongestStringIsASetting) {
  Tuning tuning = store_.tuning();
  tuning.largest_string = 10;
  store_.tune(tuning);
  EXPECT_EQ(call({"SETRANGE", "k", "9", "x"}), ":10\r\n");
  const std::string refused = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
  EXPECT_EQ(call({"SETRANGE", "k", "10", "x"}), refused);
  EXPECT_EQ(call({"APPEND", "k", "x"}), refused);
  EXPECT_EQ(call({"SETRANGE", "k", "9223372036854775807", "x"}), refused);
  EXPECT_EQ(call({"STRLEN", "k"}), ":10\r\n");
}

TEST_F(Values, LcsOfLongStringsTakesABitForEachPairOfBytes) {
  call({"SET", "a", std::string(8000, 'a') + "b"});
  call({"SET", "b", "b" + std::string(6000, 'a')});
  EXPECT_EQ(call({"LCS", "a", "b", "LEN"}), ":6000\r\n");
  EXPECT_EQ(call({"LCS", "b", "a", "LEN"}), ":6000\r\n");
  EXPECT_EQ(call({"LCS", "a", "b"}), bulk(std::string(6000, 'a')));
  call({"SET", "a", std::string(12'000, 'a')});
  call({"SET", "b", std::string(12'000, 'a')});
  EXPECT_EQ(call({"LCS", "a", "b"}),
            "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n");
}

// A replica repeats what its primary did, which may still have had a key that is due by now.
TEST(PassiveStores, HideDueKeysFromReadsAloneAndKeepOneOfEach) {
  FakeClock clock;
  RecordingSink sink;
  Options options;
  options.clock = &clock;
  options.change_sink = &sink;
  options.passive = true;
  Store store(options);
  const auto make_due = [&] {
    run(store, {"SET", "k", "5", "PX", "10"});
    clock.advance_ms(100);
    sink.take_events();
  };
  make_due();
  EXPECT_EQ(run(store, {"GET", "k"}), "$-1\r\n");
  EXPECT_EQ(run(store, {"PTTL", "k"}), ":-2\r\n");
  settle(store);
  EXPECT_EQ(store.size(), 1u);
  EXPECT_EQ(sink.take_events(), std::vector<std::string>{});

  EXPECT_EQ(run(store, {"INCR", "k"}), ":6\r\n");
  for (const char* command : {"GETSET", "SETNX", "APPEND", "INCRBYFLOAT"}) {
    make_due();
    run(store, {command, "k", "1"});
    EXPECT_EQ(store.size(), 1u) << command;
  }
  make_due();
  run(store, {"SET", "k", "w", "GET"});
  EXPECT_EQ(run(store, {"GET", "k"}), bulk("w"));
  make_due();
  run(store, {"RENAME", "k", "l"});
  EXPECT_EQ(store.size(), 1u);
  EXPECT_EQ(run(store, {"DEL", "l"}), ":1\r\n");
  EXPECT_EQ(store.size(), 0u);
}

}  // namespace
}  // namespace plimsoll::test
