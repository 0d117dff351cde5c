// What one command gives up when the process is near its line. A program of its own: the line is the
// process's.
#include <gtest/gtest.h>
#include <plimsoll/shared_bytes.h>
#include <zmalloc/line.h>
#include <zmalloc/process_memory.h>
#include <zmalloc/region.h>
#include <zmalloc/zm.h>

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "harness.h"

namespace plimsoll::test {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// Before there is a second thread.
const bool installed = zm::line::install();

// Goes on by a step whenever it is asked: time that passes because the store works, and no other.
class WorkingClock final : public Clock {
 public:
  static constexpr int64_t kStepUs = 20;

  int64_t now_ms() const noexcept override { return us_.load() / 1000; }
  int64_t monotonic_us() const noexcept override { return us_.fetch_add(step_us_.load()); }
  int64_t passed_us() const noexcept { return us_.load(); }
  // Another step: of a thread that seldom has the processor.
  void step_by(int64_t us) noexcept { step_us_.store(us); }

 private:
  mutable std::atomic<int64_t> us_{1'700'000'000'000'000};
  std::atomic<int64_t> step_us_{kStepUs};
};

class NearLine : public testing::Test {
 protected:
  void SetUp() override {
    if (!installed) GTEST_SKIP() << "only on jemalloc does the heap stand in the ledger";
    for (int i = 0; i < 300'000; ++i) ASSERT_EQ(store_.set("key:" + std::to_string(i), value_), Status::ok);
  }
  void TearDown() override {
    zm::line::release(reserved_);
    zm::line::set_limit(0);
  }

  // The line where it leaves the margin, and so much more wanted.
  void want(size_t bytes) {
    const zm::line::Account account = zm::line::account();
    zm::line::set_limit(account.heap + account.outside + kMiB);
    zm::line::reserve(bytes);
    reserved_ = bytes;
  }
  int64_t time_of(std::initializer_list<std::string_view> command, const std::string& reply) {
    const int64_t before = clock_.passed_us();
    EXPECT_EQ(run(store_, command), reply);
    return clock_.passed_us() - before;
  }

  static Options options(const Clock& clock) {
    Options options{.shards = 4, .clock = &clock};
    options.policy = EvictionPolicy::allkeys_random;
    options.limit_scope = LimitScope::process;  // only such stores care for the line
    return options;
  }

  const std::string value_ = std::string(100, 'v');
  WorkingClock clock_;
  Store store_{options(clock_)};
  size_t reserved_ = 0;
};

TEST_F(NearLine, AWriterGivesForFourMillisecondsAndOneSliceAtMost) {
  want(30 * kMiB);
  const uint64_t before = store_.size(0);
  const int64_t took = time_of({"SET", "another", value_}, "+OK\r\n");
  EXPECT_LT(zm::line::room(), zm::line::wanted_room()) << "there was more to give";
  EXPECT_LT(store_.size(0), before);
  EXPECT_GT(store_.size(0), 0u);
  EXPECT_GE(took, 4'000);
  EXPECT_LE(took, 4'000 + 2 * 500 + 100 + 20 * WorkingClock::kStepUs);
}

TEST_F(NearLine, AReaderGivesForOneSliceAtMost) {
  want(30 * kMiB);
  const uint64_t before = store_.size(0);
  const int64_t took = time_of({"GET", "missing"}, "$-1\r\n");
  EXPECT_LT(store_.size(0), before);
  EXPECT_LT(zm::line::room(), zm::line::wanted_room());
  EXPECT_LE(took, 500 + 100 + 20 * WorkingClock::kStepUs);
}

// Else a server whose threads come to nothing within their time fills what is left for clients with data, and
// can't answer them any more.
TEST_F(NearLine, NoWriterPassesWhereNoKeyMayGoHoweverShortOfTimeItIs) {
  Tuning tuning = store_.tuning();
  tuning.policy = EvictionPolicy::noeviction;
  store_.tune(tuning);
  want(8 * kMiB);
  clock_.step_by(30'000);
  const std::string oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
  EXPECT_EQ(run(store_, {"SET", "another", value_}), oom);
  EXPECT_EQ(run(store_, {"GET", "key:1"}), "$100\r\n" + value_ + "\r\n");
  tuning.policy = EvictionPolicy::allkeys_random;
  store_.tune(tuning);
  EXPECT_EQ(run(store_, {"SET", "another", value_}), "+OK\r\n");
  // Nor is one refused once there is room.
  tuning.policy = EvictionPolicy::noeviction;
  store_.tune(tuning);
  for (int i = 0; i < 200'000; ++i) run(store_, {"DEL", "key:" + std::to_string(i)});
  EXPECT_EQ(run(store_, {"SET", "a third", value_}), "+OK\r\n");
}

// To give so much in one piece out of small keys takes longer than a command may: whoever has the time asks
// for room, and has the command run again.
TEST_F(NearLine, WhatTakesLongerThanACommandMayIsNotAnswered) {
  constexpr size_t kLarge = 16 * kMiB;
  want(0);
  const std::string offset = std::to_string(kLarge);
  const std::string_view words[] = {"SETRANGE", "large", offset, "x"};
  Session session;
  Invocation invocation;
  invocation.args = words;
  store_.resolve(words, invocation);
  OutputBuffer out;
  Reply reply(out, 2);
  const size_t refused = store_.try_run(session, invocation, reply);
  EXPECT_GT(refused, kLarge);
  EXPECT_LE(refused, zm::good_size(kLarge + 100));
  EXPECT_TRUE(out.empty());
  EXPECT_FALSE(store_.exists("large"));
  store_.run(session, invocation, reply);
  EXPECT_TRUE(text_of(out).starts_with("-OOM ")) << text_of(out);
  out.clear();
  while (store_.room_for(refused) != RoomFor::there) {
    zm::line::reserve(refused);
    const bool goes_on = store_.make_room(refused);
    zm::line::release(refused);
    ASSERT_TRUE(goes_on);
  }
  EXPECT_EQ(store_.try_run(session, invocation, reply), 0u);
  EXPECT_EQ(text_of(out), ":" + std::to_string(kLarge + 1) + "\r\n");
}

size_t resident_of_ledger() {
  size_t bytes = 0;
  EXPECT_EQ(zm::read_smaps(-1,
                           [&](const zm::SmapsMapping& mapping) {
                             if (!zm::line::covers(reinterpret_cast<void*>(mapping.start))) return;
                             bytes += mapping.bytes[zm::SmapsField::rss];
                           }),
            0);
  return bytes;
}

// Below a line the end of a large block goes back: all that may be written to is still in the ledger, and the
// rest is not.
TEST(LargeValues, HoldWhatTheirCapacityNeeds) {
  if (!installed) GTEST_SKIP() << "only on jemalloc does the heap stand in the ledger";
  constexpr size_t kCount = 2000, kSize = 85'000, kGrown = 100'000;
  zm::backend::purge();
  const size_t before = zm::line::account().heap;
  zm::line::set_limit(before + zm::line::account().outside + 600 * kMiB);
  {
    std::vector<SharedBytes> values;
    const auto fill = [](SharedBytes& value) { std::memset(value.data(), 'v', value.capacity()); };
    for (size_t i = 0; i < kCount; ++i)
      fill(values.emplace_back(SharedBytes::allocate(kSize, zm::Tag::string)));
    EXPECT_LE(resident_of_ledger(), zm::line::account().heap);
    EXPECT_LT(zm::line::account().heap - before, kCount * (kSize + 3 * zm::region_page_size()));
    for (SharedBytes& value : values) {
      value.set_size(kSize);
      value.reallocate(kGrown);
      fill(value);
    }
    zm::backend::purge();
    EXPECT_LE(resident_of_ledger(), zm::line::account().heap);
    EXPECT_GE(values.front().capacity(), kGrown);
  }
  EXPECT_EQ(zm::line::ends_given_back(), 0u);
  zm::backend::purge();
  EXPECT_LT(zm::line::account().heap, before + 4 * kMiB);
  zm::line::set_limit(0);
}

}  // namespace
}  // namespace plimsoll::test
