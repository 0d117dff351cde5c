// What the change sink is told: the command that makes the same change anywhere, at any time.
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "commands/recording_sink.h"
#include "store/harness.h"

namespace plimsoll::test {
namespace {

using Lines = std::vector<std::string>;

class Effects : public testing::Test {
 protected:
  Effects() : store_(options()) {}

  Lines of(std::initializer_list<std::string_view> command) {
    reply_ = run(store_, session_, std::vector<std::string_view>(command));
    return sink_.take_effects();
  }

  std::string in(int64_t ms) const { return std::to_string(clock_.now_ms() + ms); }

  FakeClock clock_;
  RecordingSink sink_;
  Session session_;
  std::string reply_;
  Store store_;

 private:
  Options options() {
    Options options;
    options.clock = &clock_;
    options.change_sink = &sink_;
    return options;
  }
};

TEST_F(Effects, StringsAreSetToWhatTheyAre) {
  EXPECT_EQ(of({"SET", "k", "v"}), (Lines{"0 new k", "0 set k -> SET k v"}));
  EXPECT_EQ(of({"SET", "k", "w", "XX", "GET"}), (Lines{"0 set k -> SET k w"}));
  EXPECT_EQ(of({"SET", "k", "w", "KEEPTTL"}), (Lines{"0 set k -> SET k w KEEPTTL"}));
  EXPECT_EQ(of({"GETSET", "k", "x"}), (Lines{"0 set k -> SET k x"}));
  EXPECT_EQ(of({"APPEND", "k", "y"}), (Lines{"0 append k -> APPEND k y"}));
  EXPECT_EQ(of({"SETRANGE", "k", "1", "z"}), (Lines{"0 setrange k -> SETRANGE k 1 z"}));
  EXPECT_EQ(of({"SETNX", "k", "v"}), Lines{});
  EXPECT_EQ(of({"SETRANGE", "none", "0", ""}), Lines{});
  EXPECT_EQ(of({"MSET", "k", "1", "l", "2", "l", "3"}),
            (Lines{"0 set k -> SET k 1", "0 new l", "0 set l -> SET l 2", "0 set l -> SET l 3"}));
  EXPECT_EQ(run(store_, {"GET", "l"}), bulk("3"));
}

TEST_F(Effects, NumbersOfFloatsAreResults) {
  EXPECT_EQ(of({"INCRBYFLOAT", "f", "1.5"}), (Lines{"0 new f", "0 incrbyfloat f -> SET f 1.5 KEEPTTL"}));
  EXPECT_EQ(of({"INCRBY", "n", "5"}), (Lines{"0 new n", "0 incrby n -> INCRBY n 5"}));
  EXPECT_EQ(of({"DECR", "n"}), (Lines{"0 incrby n -> DECR n"}));
  EXPECT_EQ(of({"INCR", "f"}), Lines{});
}

TEST_F(Effects, ExpiriesAreAbsolute) {
  EXPECT_EQ(of({"SET", "k", "v", "EX", "10"}),
            (Lines{"0 new k", "0 set k -> SET k v PXAT " + in(10'000), "0 expire k"}));
  EXPECT_EQ(of({"PSETEX", "k", "50", "v"}), (Lines{"0 set k -> SET k v PXAT " + in(50), "0 expire k"}));
  EXPECT_EQ(of({"GETEX", "k", "PX", "70"}), (Lines{"0 expire k -> PEXPIREAT k " + in(70)}));
  EXPECT_EQ(of({"GETEX", "k", "PERSIST"}), (Lines{"0 persist k -> PERSIST k"}));
  EXPECT_EQ(of({"GETEX", "k", "PERSIST"}), Lines{});
  EXPECT_EQ(of({"EXPIRE", "k", "3"}), (Lines{"0 expire k -> PEXPIREAT k " + in(3000)}));
  EXPECT_EQ(of({"EXPIRE", "k", "2", "GT"}), Lines{});
  EXPECT_EQ(of({"PERSIST", "k"}), (Lines{"0 persist k -> PERSIST k"}));
}

TEST_F(Effects, APastExpiryDeletes) {
  of({"MSET", "a", "1", "b", "2", "c", "3", "d", "4"});
  EXPECT_EQ(of({"EXPIRE", "a", "-1"}), (Lines{"0 del a -> DEL a"}));
  EXPECT_EQ(of({"PEXPIREAT", "b", "1"}), (Lines{"0 del b -> DEL b"}));
  EXPECT_EQ(of({"GETEX", "c", "PXAT", "1"}), (Lines{"0 del c -> DEL c"}));
  EXPECT_EQ(of({"SET", "d", "5", "PXAT", "1"}), (Lines{"0 set d -> SET d 5 PXAT 1", "0 expire d"}));
  EXPECT_EQ(of({"GET", "d"}), (Lines{"0 expired d -> DEL d"}));
  EXPECT_EQ(store_.size(), 0u);
}

TEST_F(Effects, KeysGoEachForItself) {
  of({"MSET", "a", "1", "b", "2", "c", "3"});
  EXPECT_EQ(of({"DEL", "a", "none", "b"}), (Lines{"0 del a -> DEL a", "0 del b -> DEL b"}));
  EXPECT_EQ(of({"UNLINK", "c"}), (Lines{"0 del c -> UNLINK c"}));
  of({"SET", "a", "1"});
  EXPECT_EQ(of({"GETDEL", "a"}), (Lines{"0 del a -> DEL a"}));
}

TEST_F(Effects, KeysMoveAndAreCopied) {
  of({"SET", "a", "1"});
  EXPECT_EQ(of({"RENAME", "a", "b"}), (Lines{"0 new b", "0 rename_from a -> RENAME a b", "0 rename_to b"}));
  EXPECT_EQ(of({"RENAME", "b", "b"}), Lines{});
  EXPECT_EQ(of({"COPY", "b", "c", "DB", "3"}), (Lines{"3 new c", "3 copy_to c -> in 0 COPY b c DB 3"}));
  EXPECT_EQ(of({"MOVE", "b", "2"}), (Lines{"2 new b", "0 move_from b -> MOVE b 2", "2 move_to b"}));
  EXPECT_EQ(of({"SWAPDB", "2", "3"}), (Lines{"2 swapdb * -> in 0 SWAPDB 2 3", "3 swapdb *"}));
  EXPECT_EQ(of({"SWAPDB", "2", "2"}), Lines{});
  EXPECT_EQ(of({"FLUSHDB"}), Lines{});
  EXPECT_EQ(of({"FLUSHALL"}), (Lines{"2 flushdb * -> FLUSHDB", "3 flushdb * -> FLUSHDB"}));
}

// Everything in the three databases that commands_at_random() uses.
std::string contents(Store& store) {
  std::string all;
  for (const char* database : {"0", "1", "2"}) {
    Session session;
    run(store, session, {"SELECT", database});
    for (const char* key : {"a", "b", "c", "d"}) {
      all += run(store, session, {"GET", key}) + run(store, session, {"PEXPIRETIME", key});
    }
  }
  return all;
}

std::vector<std::string> command_at_random(std::mt19937& random) {
  static const std::vector<std::string> kTemplates{"SET K V",
                                                   "SET K V EX T",
                                                   "SET K V NX PX T",
                                                   "SET K V KEEPTTL GET",
                                                   "SETNX K V",
                                                   "MSET K V K V",
                                                   "MSETNX K V K V",
                                                   "GETSET K V",
                                                   "APPEND K V",
                                                   "SETRANGE K T V",
                                                   "INCR K",
                                                   "DECRBY K T",
                                                   "INCRBYFLOAT K 0.1",
                                                   "GETDEL K",
                                                   "GETEX K EX T",
                                                   "GETEX K PERSIST",
                                                   "DEL K K",
                                                   "UNLINK K",
                                                   "EXPIRE K T",
                                                   "PEXPIRE K T LT",
                                                   "EXPIREAT K T",
                                                   "PERSIST K",
                                                   "RENAME K K",
                                                   "RENAMENX K K",
                                                   "COPY K K REPLACE",
                                                   "COPY K K DB D",
                                                   "COPY K K DB D REPLACE",
                                                   "MOVE K D",
                                                   "SWAPDB D D",
                                                   "FLUSHDB",
                                                   "SELECT D",
                                                   "SELECT D"};
  const auto pick = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  std::vector<std::string> words;
  std::istringstream text(kTemplates[pick(static_cast<uint32_t>(kTemplates.size()))]);
  for (std::string word; text >> word;) {
    if (word == "K") word = std::string(1, static_cast<char>('a' + pick(4)));
    if (word == "V") word = std::to_string(pick(1000));
    if (word == "T") word = std::to_string(1 + pick(60));
    if (word == "D") word = std::to_string(pick(3));
    words.push_back(word);
  }
  return words;
}

TEST_F(Effects, RepeatedInAnotherStoreGiveTheSameData) {
  Options options;
  options.clock = &clock_;
  Store other(options);
  std::mt19937 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const std::vector<std::string> words = command_at_random(random);
    run(store_, session_, {words.begin(), words.end()});
    for (const RecordingSink::Effect& effect : sink_.take_repeatable()) {
      Session session;
      run(other, session, {"SELECT", std::to_string(effect.database)});
      run(other, session, {effect.words.begin(), effect.words.end()});
    }
    ASSERT_EQ(contents(other), contents(store_)) << words[0] << " at " << i;
    // Expiry in the other store is its own.
    if (i % 10 == 0) clock_.advance_ms(1 + static_cast<int64_t>(random() % 500));
  }
}

}  // namespace
}  // namespace plimsoll::test
