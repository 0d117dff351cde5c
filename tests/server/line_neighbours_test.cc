// Below a memory line: what clients may expect while others take all the memory they can get.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server_under_test.h"

namespace plimsoll::test {
namespace {

// Does something again and again until it ends, on a thread of its own.
class Paced {
 public:
  Paced(std::chrono::milliseconds pause, std::function<void()> work)
      : thread_([this, pause, work = std::move(work)] {
          std::unique_lock lock(mutex_);
          while (!wake_.wait_for(lock, pause, [this] { return stopping_; })) work();
        }) {}
  ~Paced() { stop(); }

  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

class LineNeighbours : public ::testing::Test {
 protected:
  LineNeighbours()
      : server_(server_options(
            {"--memory-line", "64mb", "--io-threads", "1", "--maxmemory-policy", "allkeys-lru"})),
        control_(server_.connect()) {}

  void SetUp() override {
    if (!info_field(control_, "memory", "mem_allocator").starts_with("jemalloc"))
      GTEST_SKIP() << "only on jemalloc does the heap stand in the ledger";
  }

  void fill(int keys, size_t size = 1000) {
    constexpr int kBatch = 10'000;
    const std::string value(size, 'f');
    for (int done = 0; done < keys; done += kBatch) {
      std::string commands;
      const int count = std::min(kBatch, keys - done);
      for (int i = 0; i < count; ++i)
        commands += encode_command({"SET", "fill:" + std::to_string(done + i), value});
      control_.send(commands);
      for (int i = 0; i < count; ++i) ASSERT_EQ(control_.read_reply(), "+OK\r\n");
    }
  }

  const ServerProcess server_;
  RawConnection control_;
};

// To put pages together out of small keys takes longer than a command may hold its thread up. Then it waits
// while others run, and is refused only what there is not.
TEST_F(LineNeighbours, ACommandWaitsForWhatSmallKeysCanGive) {
  fill(300'000, 150);
  ASSERT_GT(info_number(control_, "stats", "evicted_keys"), 0);
  const long long before = info_number(control_, "stats", "evicted_keys");
  RawConnection other = server_.connect();
  other.send(encode_command({"SETRANGE", "first", "4000000", "x"}) + encode_command({"STRLEN", "first"}) +
             encode_command({"APPEND", "first", "yz"}) + encode_command({"MSETNX", "second", "v"}));
  EXPECT_EQ(other.read_reply(), ":4000001\r\n");
  EXPECT_EQ(other.read_reply(), ":4000001\r\n");
  EXPECT_EQ(other.read_reply(), ":4000003\r\n");
  EXPECT_EQ(other.read_reply(), ":1\r\n");
  // A block's size class may be a quarter above it.
  EXPECT_EQ(other.call({"SETRANGE", "third", "17000000", "x"}), ":17000001\r\n");
  const long long evicted = info_number(control_, "stats", "evicted_keys") - before;
  EXPECT_GT(evicted, 4'000'000 / 300);
  EXPECT_TRUE(other.call({"SETRANGE", "first", "64000000", "x"}).starts_with("-OOM "));
  ASSERT_EQ(control_.call({"CONFIG", "SET", "maxmemory-policy", "noeviction"}), "+OK\r\n");
  const std::string length = other.call({"STRLEN", "first"});  // or nothing: it may have gone for the third
  EXPECT_TRUE(other.call({"SETRANGE", "first", "64000000", "x"}).starts_with("-OOM "));
  EXPECT_TRUE(other.call({"SETRANGE", "fourth", "9000000", "x"}).starts_with("-OOM "));
  EXPECT_EQ(other.call({"STRLEN", "first"}), length);
}

// Such a command is here whole, and does not wait for a client that sends its value as slowly as it likes.
TEST_F(LineNeighbours, AWholeCommandDoesNotWaitForAValueThatArrives) {
  constexpr size_t kValue = 8'000'000;
  fill(300'000, 150);
  RawConnection slow = server_.connect();
  slow.send("*3\r\n$3\r\nSET\r\n$4\r\nslow\r\n$8000000\r\ns");
  ASSERT_TRUE(
      eventually([&] { return info_number(control_, "memory", "plimsoll_line_unfilled") > 7'000'000; }));
  RawConnection other = server_.connect(), third = server_.connect();
  other.send(encode_command({"SETRANGE", "first", "4000000", "x"}));
  third.send(encode_command({"SETRANGE", "second", "4000000", "x"}));
  EXPECT_EQ(other.read_reply(), ":4000001\r\n");
  EXPECT_EQ(third.read_reply(), ":4000001\r\n");
  slow.send(std::string(kValue - 1, 's') + "\r\n");
  EXPECT_EQ(slow.read_reply(), "+OK\r\n");
  EXPECT_EQ(control_.call({"STRLEN", "slow"}), ":8000000\r\n");
}

// What is announced and will not be data leaves data its least share, where there is no data yet, too:
// however nearly it fits beside the margin and the clients' brief share, of a megabyte each here.
TEST_F(LineNeighbours, AnAnnouncedArgumentLeavesRoomForData) {
  constexpr long long kValue = 41'900'000, kMegabyte = 1 << 20;
  const std::string beginning(100'000, 'e');
  const auto info = [this](const char* section, const char* name) {
    return info_number(control_, section, name);
  };
  const long long held_at_first = info("memory", "plimsoll_line_held");
  for (long long more = kMegabyte / 4; more <= 2 * kMegabyte; more += kMegabyte / 4) {
    const long long line = info("memory", "plimsoll_line_held") + kValue + 2 * kMegabyte + more;
    ASSERT_EQ(control_.call({"CONFIG", "SET", "memory-line", std::to_string(line)}), "+OK\r\n");
    {
      RawConnection other = server_.connect();
      const long long received = info("stats", "total_net_input_bytes");
      other.send("*2\r\n$4\r\nECHO\r\n$" + std::to_string(kValue) + "\r\n" + beginning);
      ASSERT_TRUE(eventually([&] {
        return info("stats", "total_net_input_bytes") > received + static_cast<long long>(beginning.size());
      }));
      fill(1'800);
    }
    EXPECT_EQ(info("stats", "evicted_keys"), 0);
    ASSERT_EQ(control_.call({"FLUSHALL"}), "+OK\r\n");
    ASSERT_TRUE(
        eventually([&] { return info("memory", "plimsoll_line_held") < held_at_first + 4 * kMegabyte; }));
  }
}

// What a client writes before it reads is taken in as soon as there is room for it, though nothing new comes
// of it meanwhile.
TEST_F(LineNeighbours, InputOfAPausedClientIsTakenInWhenThereIsRoomAgain) {
  constexpr long long kHeld = 41'900'000, kMegabyte = 1 << 20;
  ASSERT_EQ(control_.call({"SET", "key", std::string(kMegabyte, 'v')}), "+OK\r\n");
  const long long line = info_number(control_, "memory", "plimsoll_line_held") + kHeld + 5 * kMegabyte;
  ASSERT_EQ(control_.call({"CONFIG", "SET", "memory-line", std::to_string(line)}), "+OK\r\n");
  auto holder = std::make_unique<RawConnection>(server_.connect());
  holder->send("*2\r\n$4\r\nECHO\r\n$" + std::to_string(kHeld) + "\r\n");
  ASSERT_TRUE(
      eventually([&] { return info_number(control_, "memory", "plimsoll_line_unfilled") > kHeld - 1000; }));

  RawConnection paused = server_.connect();
  constexpr size_t kReplies = 4, kCommands = 20'000;
  std::string commands;
  for (size_t i = 0; i < kReplies; ++i) commands += encode_command({"GET", "key"});
  const std::string argument(100, 'e');
  for (size_t i = 0; i < kCommands; ++i) commands += encode_command({"ECHO", argument});
  const size_t sent = paused.send_unread(commands, std::chrono::milliseconds(300));
  ASSERT_LT(sent, commands.size()) << "there was room for all of it";
  holder.reset();
  EXPECT_EQ(sent + paused.send_unread(std::string_view(commands).substr(sent), std::chrono::seconds(10)),
            commands.size());
  for (size_t i = 0; i < kReplies; ++i) ASSERT_EQ(paused.read_reply().size(), kMegabyte + 12);
  for (size_t i = 0; i < kCommands; ++i) ASSERT_EQ(paused.read_reply(), "$100\r\n" + argument + "\r\n");
}

// One value at a time has keys go for it before it has arrived. That must not be one that never does.
TEST_F(LineNeighbours, AValueThatTricklesGivesWayToOneThatComes) {
  constexpr size_t kValue = 8'000'000, kPiece = 20'000;
  fill(70'000);
  ASSERT_GT(info_number(control_, "stats", "evicted_keys"), 0);
  RawConnection slow = server_.connect();
  slow.send("*3\r\n$3\r\nSET\r\n$4\r\nslow\r\n$8000000\r\n" + std::string(kPiece, 's'));
  size_t sent = kPiece;
  ASSERT_TRUE(
      eventually([&] { return info_number(control_, "memory", "plimsoll_line_unfilled") > 7'000'000; }));
  Paced trickle(std::chrono::milliseconds(100), [&] {
    if (sent + kPiece > kValue) return;
    slow.send(std::string(kPiece, 's'));
    sent += kPiece;
  });
  RawConnection other = server_.connect();
  EXPECT_EQ(other.call({"SET", "other", std::string(kValue, 'o')}), "+OK\r\n");
  trickle.stop();
  EXPECT_LT(sent, kValue / 2) << "it was not waited for";
  EXPECT_NE(server_.log().find("arrives too slowly"), std::string::npos);
  slow.send(std::string(kValue - sent, 's') + "\r\n" + encode_command({"STRLEN", "other"}));
  EXPECT_TRUE(slow.read_reply().starts_with("-OOM "));
  EXPECT_EQ(slow.read_reply(), ":8000000\r\n");
  EXPECT_EQ(control_.call({"EXISTS", "slow"}), ":0\r\n");
}

// Reads a little of what waits.
class SlowReader {
 public:
  explicit SlowReader(RawConnection connection) : connection_(std::move(connection)) {}
  void ask(const std::string& commands) { connection_.send(commands); }
  void read() {
    std::array<char, 8192> some;
    const ssize_t n = ::recv(connection_.descriptor(), some.data(), some.size(), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) closed_ = true;
    if (n > 0) read_ += static_cast<size_t>(n);
  }
  bool closed() const { return closed_; }
  size_t bytes_read() const { return read_; }

 private:
  RawConnection connection_;
  size_t read_ = 0;
  bool closed_ = false;
};

TEST_F(LineNeighbours, WhoReadsSlowlyStaysWhileOthersReadNothing) {
  constexpr int kReaders = 10, kSilent = 200;
  fill(70'000);
  ASSERT_EQ(control_.call({"SET", "key", std::string(10'000, 'v')}), "+OK\r\n");
  std::string pipeline;
  for (int i = 0; i < 400; ++i) pipeline += encode_command({"GET", "key"});
  std::mutex mutex;
  std::vector<SlowReader> readers;
  const auto least_read = [&] {
    std::lock_guard lock(mutex);
    size_t least = SIZE_MAX;
    for (const SlowReader& reader : readers) least = std::min(least, reader.bytes_read());
    return least;
  };
  const Paced reading(std::chrono::milliseconds(40), [&] {
    std::lock_guard lock(mutex);
    for (SlowReader& reader : readers) reader.read();
  });
  for (int i = 0; i < kReaders; ++i) {  // one by one: who has read nothing yet may have to go
    {
      std::lock_guard lock(mutex);
      readers.emplace_back(server_.connect());
      readers.back().ask(pipeline);
    }
    ASSERT_TRUE(eventually([&] { return least_read() > 10'000; }));
  }
  ASSERT_TRUE(eventually([&] { return least_read() > 50'000; })) << "they have read on";
  std::vector<RawConnection> silent;
  for (int i = 0; i < kSilent; ++i) {
    silent.push_back(server_.connect());
    silent.back().send(pipeline);
  }
  EXPECT_TRUE(eventually([&] { return server_.log().find("others want the memory") != std::string::npos; }));
  const size_t so_far = least_read();
  EXPECT_TRUE(eventually([&] { return least_read() > so_far + 400'000; }));
  std::lock_guard lock(mutex);
  for (const SlowReader& reader : readers) EXPECT_FALSE(reader.closed());
}

// More than all keys hold, but not more than these and what is free.
TEST_F(LineNeighbours, ALargeBlockGetsWhatIsFreeAndWhatKeysGive) {
  fill(27'000);
  ASSERT_EQ(info_number(control_, "stats", "evicted_keys"), 0);
  EXPECT_LT(info_number(control_, "memory", "used_memory"), 33'000'000);
  EXPECT_EQ(control_.call({"SETRANGE", "large", "33000000", "x"}), ":33000001\r\n");
  const long long evicted = info_number(control_, "stats", "evicted_keys");
  EXPECT_GT(evicted, 0);
  EXPECT_LT(evicted, 20'000) << "more went than was needed";
}

}  // namespace
}  // namespace plimsoll::test
