// A process that may have no more memory goes on serving.

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

#include "server_under_test.h"

namespace plimsoll::test {
namespace {

// A server in the background whose address space is limited; it ends with this object.
class LimitedServer {
 public:
  explicit LimitedServer(size_t kilobytes) {
    const std::string command = "ulimit -v " + std::to_string(kilobytes) + "; exec " + server_under_test() +
                                " --daemonize yes --port 0 --io-threads 1 --unixsocket " + socket() +
                                " --dir " + directory_.path() + " --pidfile " + pid_file() +
                                " > /dev/null 2>&1";
    started_ = std::system(command.c_str()) == 0 && eventually([this] { return answers(); });
  }
  ~LimitedServer() {
    pid_t pid = 0;
    std::ifstream(pid_file()) >> pid;
    if (pid > 0) ::kill(pid, SIGTERM);
    eventually([pid] { return pid <= 0 || ::kill(pid, 0) != 0; });
  }
  LimitedServer(const LimitedServer&) = delete;
  LimitedServer& operator=(const LimitedServer&) = delete;

  bool started() const { return started_; }
  std::string socket() const { return directory_.file("s"); }
  RawConnection connect() const { return RawConnection::to_unix(socket()); }

 private:
  std::string pid_file() const { return directory_.file("pid"); }
  bool answers() const {
    try {
      return connect().call({"PING"}) == "+PONG\r\n";
    } catch (const ConnectionError&) {
      return false;
    }
  }

  TempDirectory directory_;
  bool started_ = false;
};

class MemoryRefused : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!server_.started())
      GTEST_SKIP() << "the server does not start in so little address space, as under a sanitizer";
  }
  LimitedServer server_{900'000};
};

// Passed over as it arrives, and answered in its turn.
TEST_F(MemoryRefused, AValueThatDoesNotFitIsRefusedAndNothingElse) {
  constexpr size_t kValue = 500'000'000;
  RawConnection other = server_.connect();
  ASSERT_EQ(other.call({"SET", "half", std::string(300'000'000, 'v')}), "+OK\r\n");
  RawConnection connection = server_.connect();
  connection.send("*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(kValue) + "\r\n");
  const std::string piece(1'000'000, 'x');
  for (size_t sent = 0; sent < kValue; sent += piece.size()) connection.send(piece);
  connection.send("\r\n*2\r\n$4\r\nECHO\r\n$5\r\nafter\r\n");
  EXPECT_EQ(connection.read_reply(), "+PONG\r\n");
  EXPECT_TRUE(connection.read_reply().starts_with("-OOM"));
  EXPECT_EQ(connection.read_reply(), "$5\r\nafter\r\n");
  EXPECT_EQ(other.call({"EXISTS", "half", "k"}), ":1\r\n");
  EXPECT_EQ(other.call({"SET", "a", "1"}), "+OK\r\n");
}

TEST_F(MemoryRefused, AFullStoreAnswersAndGoesOn) {
  RawConnection connection = server_.connect();
  const std::string value(300'000, 'v');
  std::string reply = "+OK\r\n";
  int stored = 0;
  for (; reply == "+OK\r\n" && stored < 5000; ++stored) {
    reply = connection.call({"SET", "key:" + std::to_string(stored), value});
  }
  EXPECT_TRUE(reply.starts_with("-OOM")) << reply;
  EXPECT_EQ(connection.call({"FLUSHALL"}), "+OK\r\n");
  EXPECT_EQ(connection.call({"SET", "a", value}), "+OK\r\n");
}

}  // namespace
}  // namespace plimsoll::test
