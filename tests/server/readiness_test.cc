#include "readiness.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <functional>
#include <new>
#include <utility>
#include <vector>

namespace plimsoll::server {
namespace {

// A Readiness whose memory is overwritten when it goes, so that a use after that does not pass unnoticed.
class Watched {
 public:
  Watched(asio::io_context& context, int fd) : readiness_(make(context, this)) { readiness_->start(fd); }
  ~Watched() { destroy(); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  void destroy() {
    if (readiness_ == nullptr) return;
    readiness_->~Readiness();
    std::memset(memory_, 0xee, sizeof(memory_));
    readiness_ = nullptr;
  }
  Readiness& readiness() { return *readiness_; }

  int reads = 0;
  int writes = 0;
  std::function<void()> on_read, on_write;

 private:
  Readiness* make(asio::io_context& context, Watched* self) {
    return new (memory_) Readiness(
        context, self,
        [](void* owner) noexcept {
          auto& watched = *static_cast<Watched*>(owner);
          ++watched.reads;
          if (watched.on_read) watched.on_read();
        },
        [](void* owner) noexcept {
          auto& watched = *static_cast<Watched*>(owner);
          ++watched.writes;
          if (watched.on_write) watched.on_write();
        });
  }

  alignas(Readiness) unsigned char memory_[sizeof(Readiness)];
  Readiness* readiness_;
};

class ReadinessTest : public testing::Test {
 protected:
  ReadinessTest() : work_(asio::make_work_guard(context_)) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_), 0);
  }
  ~ReadinessTest() override {
    for (const int fd : ends_) {
      if (fd >= 0) ::close(fd);
    }
  }

  // Writes until the socket is full.
  void fill() const {
    const std::vector<char> bytes(64 * 1024);
    while (::send(ends_[0], bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
    }
    ASSERT_EQ(errno, EAGAIN);
  }
  void drain() const {
    std::vector<char> bytes(64 * 1024);
    while (::recv(ends_[1], bytes.data(), bytes.size(), 0) > 0) {
    }
  }
  void close_peer() { ::close(std::exchange(ends_[1], -1)); }
  // Everything that is due now.
  void poll() {
    while (context_.poll() > 0) {
    }
  }

  asio::io_context context_{ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  int ends_[2];
};

TEST_F(ReadinessTest, TellsWhenBytesArrive) {
  ASSERT_EQ(::send(ends_[1], "a", 1, 0), 1);
  Watched watched(context_, ends_[0]);
  poll();
  EXPECT_EQ(watched.reads, 1) << "what came before the start is an edge too";
  ASSERT_EQ(::send(ends_[1], "b", 1, 0), 1);
  poll();
  EXPECT_EQ(watched.reads, 2);
  EXPECT_EQ(watched.writes, 0);
}

TEST_F(ReadinessTest, TellsOnceForEachWantThatAFullSocketTakesBytes) {
  Watched watched(context_, ends_[0]);
  for (int round = 1; round <= 3; ++round) {
    fill();
    watched.readiness().want_write();
    watched.readiness().want_write();
    poll();
    EXPECT_EQ(watched.writes, round - 1) << "it is still full";
    drain();
    poll();
    EXPECT_EQ(watched.writes, round);
  }
  drain();
  poll();
  EXPECT_EQ(watched.writes, 3) << "nobody asked";
}

// The reactor looks at the write side first; one edge tells of both.
TEST_F(ReadinessTest, MayGoInEitherCallbackWhenThePeerHasGone) {
  for (const bool in_write : {false, true}) {
    SCOPED_TRACE(in_write);
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    std::swap(pair[0], ends_[0]);
    std::swap(pair[1], ends_[1]);
    Watched watched(context_, ends_[0]);
    fill();
    watched.readiness().want_write();
    poll();
    (in_write ? watched.on_write : watched.on_read) = [&] { watched.destroy(); };
    close_peer();
    poll();
    EXPECT_EQ(watched.writes, 1);
    EXPECT_EQ(watched.reads, in_write ? 0 : 1);
    EXPECT_FALSE(context_.stopped());
    ::close(pair[0]);
    ::close(pair[1]);
  }
  Watched other(context_, ends_[0]);
  poll();
  EXPECT_EQ(other.reads, 1) << "the reactor still works";
}

TEST_F(ReadinessTest, IsNoWorkOfTheContext) {
  Watched watched(context_, ends_[0]);
  fill();
  watched.readiness().want_write();
  bool posted = false;
  asio::post(context_, [&] { posted = true; });
  poll();
  EXPECT_TRUE(posted);
  EXPECT_FALSE(context_.stopped());
  watched.destroy();
  poll();
  EXPECT_FALSE(context_.stopped()) << "the guard still holds it";
  work_.reset();
  poll();
  EXPECT_TRUE(context_.stopped());
}

}  // namespace
}  // namespace plimsoll::server
