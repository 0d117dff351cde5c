#include "call_ring.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll::server {
namespace {

class SocketPair {
 public:
  SocketPair() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()) != 0) ends_ = {-1, -1};
  }
  ~SocketPair() {
    close_far();
    ::close(ends_[0]);
  }
  SocketPair(const SocketPair&) = delete;

  int near() const { return ends_[0]; }
  void close_far() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  void write_far(const std::string& text) {
    EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string read_far() {
    std::string text(100'000, '\0');
    const ssize_t n = ::read(ends_[1], text.data(), text.size());
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return text;
  }

 private:
  std::array<int, 2> ends_{};
};

class CallRingTest : public testing::Test {
 protected:
  void SetUp() override {
    results_.fill(CallRing::kNotMade);
    if (!ring_.open()) GTEST_SKIP() << "this kernel has no io_uring, or forbids it";
  }

  CallRing ring_{true};
  std::array<int, CallRing::kMost> results_;
};

TEST_F(CallRingTest, MakesSeveralCallsAndTellsWhatBecameOfEach) {
  for (int round = 0; round < 100; ++round) {
    std::vector<SocketPair> pairs(CallRing::kMost);
    std::array<std::array<char, 16>, CallRing::kMost> places{};
    for (size_t i = 0; i < pairs.size(); ++i) {
      const std::string text = "text " + std::to_string(i);
      if (i % 2 == 0) {
        pairs[i].write_far(text);
        ring_.receive(i, pairs[i].near(), places[i].data(), places[i].size());
      } else {
        text.copy(places[i].data(), text.size());
        ring_.send(i, pairs[i].near(), places[i].data(), text.size());
      }
    }
    ring_.run(results_);
    for (size_t i = 0; i < pairs.size(); ++i) {
      const std::string text = "text " + std::to_string(i);
      ASSERT_EQ(results_[i], static_cast<int>(text.size()));
      if (i % 2 == 0) {
        EXPECT_EQ(std::string(places[i].data(), text.size()), text);
      } else {
        EXPECT_EQ(pairs[i].read_far(), text);
      }
    }
  }
}

TEST_F(CallRingTest, WaitsForNothing) {
  SocketPair silent, full, gone, closed;
  std::array<char, 16> places[2];
  gone.close_far();
  closed.close_far();
  const std::string much(10'000'000, 'x');
  ring_.receive(3, silent.near(), places[0].data(), places[0].size());
  ring_.send(5, full.near(), much.data(), much.size());
  ring_.receive(0, gone.near(), places[1].data(), places[1].size());
  ring_.send(7, closed.near(), "x", 1);
  ring_.receive(9, -1, places[1].data(), places[1].size());
  ring_.run(results_);
  EXPECT_EQ(results_[3], -EAGAIN);
  EXPECT_GT(results_[5], 0);
  EXPECT_LT(results_[5], static_cast<int>(much.size())) << "as much as there was room for";
  EXPECT_EQ(results_[0], 0) << "the end of the stream";
  EXPECT_EQ(results_[7], -EPIPE) << "without a signal";
  EXPECT_EQ(results_[9], -EBADF);
  EXPECT_EQ(results_[1], CallRing::kNotMade);

  results_.fill(CallRing::kNotMade);
  ring_.send(0, full.near(), "x", 1);
  ring_.run(results_);
  EXPECT_EQ(results_[0], -EAGAIN);
}

TEST_F(CallRingTest, ARunOfNothing) {
  ring_.run(results_);
  EXPECT_EQ(results_[0], CallRing::kNotMade);
}

TEST(CallRings, ThatAreNotAllowedDoNotOpen) {
  CallRing ring(false);
  EXPECT_FALSE(ring.open());
}

}  // namespace
}  // namespace plimsoll::server
