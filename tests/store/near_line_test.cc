// What one command gives up when the process is near its line. A program of its own: the line is the
// process's.
#include <gtest/gtest.h>
#include <zmalloc/line.h>

#include <atomic>
#include <string>

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
  int64_t monotonic_us() const noexcept override { return us_.fetch_add(kStepUs); }
  int64_t passed_us() const noexcept { return us_.load(); }

 private:
  mutable std::atomic<int64_t> us_{1'700'000'000'000'000};
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

TEST_F(NearLine, AWriterGivesForTenMillisecondsAndOneSliceAtMost) {
  want(30 * kMiB);
  const uint64_t before = store_.size(0);
  const int64_t took = time_of({"SET", "another", value_}, "+OK\r\n");
  EXPECT_LT(zm::line::room(), zm::line::wanted_room()) << "there was more to give";
  EXPECT_LT(store_.size(0), before);
  EXPECT_GT(store_.size(0), 0u);
  EXPECT_GE(took, 10'000);
  EXPECT_LE(took, 10'000 + 2 * 500 + 100 + 20 * WorkingClock::kStepUs);
}

TEST_F(NearLine, AReaderGivesForOneSliceAtMost) {
  want(30 * kMiB);
  const uint64_t before = store_.size(0);
  const int64_t took = time_of({"GET", "missing"}, "$-1\r\n");
  EXPECT_LT(store_.size(0), before);
  EXPECT_LT(zm::line::room(), zm::line::wanted_room());
  EXPECT_LE(took, 500 + 100 + 20 * WorkingClock::kStepUs);
}

}  // namespace
}  // namespace plimsoll::test
