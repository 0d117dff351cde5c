// Clients that go while replies to them are pending.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <string>
#include <tuple>

#include "server_under_test.h"

namespace plimsoll::test {
namespace {

// io-threads, over TCP, by a reset.
class Disconnect : public testing::TestWithParam<std::tuple<int, bool, bool>> {};

TEST_P(Disconnect, WithPendingRepliesLeavesTheServerRunning) {
  const auto [threads, tcp, reset] = GetParam();
  ServerProcess server(server_options({"--io-threads", std::to_string(threads)}, true));
  const auto connect = [&, over_tcp = tcp] {
    return over_tcp ? RawConnection::to_tcp("127.0.0.1", server.port()) : server.connect();
  };
  RawConnection control = connect();
  ASSERT_EQ(control.call({"SET", "key", std::string(5'000'000, 'v')}), "+OK\r\n");
  for (int round = 0; round < 20; ++round) {
    {
      const RawConnection silent = connect();
      std::string commands;
      for (int i = 0; i < 8; ++i) commands += encode_command({"GET", "key"});
      ASSERT_EQ(::send(silent.descriptor(), commands.data(), commands.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(commands.size()));
      ASSERT_TRUE(eventually([&] {
        return parse_reply(control.call({"CLIENT", "LIST"})).text.find("cmd=get") != std::string::npos;
      }));
      const linger abort{1, 0};
      if (reset) ::setsockopt(silent.descriptor(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    }
    for (int i = 0; i < threads; ++i) ASSERT_EQ(connect().call({"PING"}), "+PONG\r\n") << round;
    ASSERT_TRUE(eventually([&] { return info_number(control, "clients", "connected_clients") == 1; }));
  }
  EXPECT_EQ(control.call({"STRLEN", "key"}), ":5000000\r\n");
  ASSERT_TRUE(server.running());
  const int status = server.stop();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(server.log().find("bug:"), std::string::npos) << server.log();
}

INSTANTIATE_TEST_SUITE_P(, Disconnect,
                         testing::Combine(testing::Values(1, 2), testing::Bool(), testing::Bool()),
                         [](const auto& test) {
                           return std::to_string(std::get<0>(test.param)) + "Threads" +
                                  (std::get<1>(test.param) ? "Tcp" : "Unix") +
                                  (std::get<2>(test.param) ? "Reset" : "Close");
                         });

}  // namespace
}  // namespace plimsoll::test
