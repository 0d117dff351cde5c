// Every command of the library on every encoding, with each of its calls for memory refused in turn: it
// answers -OOM and has done nothing, or does what it does with memory enough.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store_under_faults.h"

namespace plimsoll::test {
namespace {

constexpr uint64_t kNoEnd = 100'000;  // more calls for memory than any example needs

// How K comes to be kept in an encoding; nullptr if there is no such encoding. An encoding that is not named
// here does not compile.
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wswitch"
const char* example_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::bytes:
      return "SET K text";
    case Encoding::int32:
      return "SET K 41";
    case Encoding::int64:
      return "SET K 9000000000";
    case Encoding::shared:
      return "SET K @40000";
  }
  return nullptr;
}
#pragma GCC diagnostic pop

// The lines that make K in one way.
struct State {
  std::string name;
  Words lines;
};

std::vector<State> states() {
  std::vector<State> states = {
      {"without K", {}}, {"raw", {"SETRANGE K 0 text"}}, {"grown", {"SET K @40000", "APPEND K more"}}};
  for (int i = 0; i < 16; ++i) {  // an entry has four bits for it
    if (const char* line = example_of(static_cast<Encoding>(i)))
      states.push_back({"encoding " + std::to_string(i), {line}});
  }
  const size_t without_expiry = states.size();
  for (size_t i = 1; i < without_expiry; ++i) {
    State timed = states[i];
    timed.name += " with an expiry";
    timed.lines.push_back("PEXPIREAT K 4102444800000");
    states.push_back(std::move(timed));
  }
  return states;
}

bool names_k(const Words& line) {
  return std::find(line.begin(), line.end(), "K") != line.end();
}

// Two calls on equal stores answer the same.
bool answers_alike(const Words& line) {
  return line[0] != "TIME" && line[0] != "RANDOMKEY";
}

class Sweep {
 public:
  Sweep(const State& state, std::string_view line)
      : state_(state), where_(std::string(line) + ", " + state.name), line_(words_of(line)) {
    StoreUnderFaults subject = make();
    before_ = subject.data();
    whole_ = subject.run(line_);
    EXPECT_EQ(subject.faults(), "") << where_;
  }

  bool succeeds() const { return !whole_.reply.starts_with('-'); }

  // Returns how many calls for memory the command makes.
  uint64_t run() {
    for (uint64_t n = 0; n < kNoEnd; ++n) {
      if (!try_with({.pass = n, .refuse = 1})) return n;
      try_with({.pass = n});
      if (testing::Test::HasFailure()) return n;
    }
    ADD_FAILURE() << where_ << ": no end";
    return kNoEnd;
  }

 private:
  StoreUnderFaults make() const { return StoreUnderFaults(EvictionPolicy::noeviction, state_.lines); }

  // False if nothing was refused.
  bool try_with(const zm::faults::Plan& plan) {
    SCOPED_TRACE(where_ + ", call " + std::to_string(plan.pass) + (plan.refuse == 1 ? "" : " and all later"));
    StoreUnderFaults subject = make();
    const Outcome outcome = subject.run(line_, plan);
    if (outcome.out_of_memory()) {
      EXPECT_FALSE(outcome.lost && plan.refuse == 1) << "there was memory for an error";
      EXPECT_TRUE(outcome.data == before_) << "refused, and yet something has changed";
      EXPECT_EQ(outcome.events, Words{});
      EXPECT_EQ(outcome.database, 0);
    } else {
      if (answers_alike(line_)) {
        EXPECT_EQ(outcome.reply, whole_.reply);
      }
      EXPECT_TRUE(outcome.data == whole_.data) << "the command has done something else";
      EXPECT_EQ(outcome.events, whole_.events);
      EXPECT_EQ(outcome.database, whole_.database);
    }
    EXPECT_EQ(subject.faults(), "");
    EXPECT_EQ(subject.faults_when_flushed(), "");
    return outcome.refused != 0;
  }

  const State& state_;
  const std::string where_;
  const Words line_;
  fuzz::Data before_;
  Outcome whole_;
};

TEST(CommandFaults, EveryCommandHasAnExample) {
  const std::span<const std::string_view> examples[] = {library_examples()};
  EXPECT_THAT(commands_without_example(CommandTable::builtin(), examples), testing::IsEmpty())
      << "tests/faults/examples.cc lacks a line for it";
}

TEST(CommandFaults, ExamplesOfEncodingsAreKeptInThem) {
  for (int i = 0; i < 16; ++i) {
    const auto encoding = static_cast<Encoding>(i);
    if (example_of(encoding) == nullptr) continue;
    const std::string line = example_of(encoding);
    EXPECT_EQ(StoreUnderFaults(EvictionPolicy::noeviction, {&line, 1}).encoding_of("K"), encoding) << line;
  }
}

TEST(CommandFaults, EveryCommandOnEveryEncoding) {
  const std::vector<State> all = states();
  uint64_t calls = 0;
  for (const std::string_view line : library_examples()) {
    bool succeeded = false;
    for (const State& state : all) {
      Sweep sweep(state, line);
      succeeded = succeeded || (sweep.succeeds() && (!names_k(words_of(line)) || !state.lines.empty()));
      calls += sweep.run();
      if (HasFailure()) return;
      if (!names_k(words_of(line))) break;
    }
    EXPECT_EQ(succeeded, !meant_to_fail(line)) << line;
  }
  EXPECT_GT(calls, 1000u);
}

}  // namespace
}  // namespace plimsoll::test
