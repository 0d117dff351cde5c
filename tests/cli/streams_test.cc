#include <gtest/gtest.h>
#include <resp_client/connection.h>
#include <signal.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "child_program.h"
#include "support/server_process.h"

// SUBSCRIBE and MONITOR never end by themselves: both programs run until the server closes their connection.
namespace plimsoll::test {
namespace {

using Words = std::vector<std::string>;

class StreamsTest : public testing::Test {
 protected:
  StreamsTest() : server_({.program = "redis-server", .arguments = {}}), connection_(connect()) {}

  client::Connection connect() const {
    client::Endpoint endpoint;
    endpoint.unix_socket = server_.socket_path();
    return client::Connection::open(endpoint);
  }

  // What `program` prints when `meanwhile` runs once it listens, and its connection is then closed.
  ProgramResult listen(const char* program, const Words& arguments, const std::function<void()>& meanwhile) {
    ProgramCall call{{program, "-s", server_.socket_path()}, ""};
    call.arguments.insert(call.arguments.end(), arguments.begin(), arguments.end());
    ProgramResult result;
    std::thread runner([&] { result = run_program(call); });
    while (connection_.call({"INFO", "clients"}).text.find("connected_clients:2") == std::string::npos ||
           connection_.call({"CLIENT", "LIST"}).text.find(listening_) == std::string::npos)
      std::this_thread::yield();
    meanwhile();
    connection_.call({"CLIENT", "KILL", "SKIPME", "yes"});
    runner.join();
    return result;
  }

  void compare(const Words& arguments, const std::function<void()>& meanwhile) {
    const ProgramResult theirs = listen("redis-cli", arguments, meanwhile);
    const ProgramResult ours = listen(PLIMSOLL_CLI_PROGRAM, arguments, meanwhile);
    EXPECT_EQ(ours.output, theirs.output) << arguments[0];
    EXPECT_EQ(ours.errors, theirs.errors) << arguments[0];
    EXPECT_EQ(ours.status, theirs.status) << arguments[0];
    EXPECT_NE(ours.output.find("payload"), std::string::npos) << ours.output;
  }

  ServerProcess server_;
  client::Connection connection_;
  std::string listening_;
};

TEST_F(StreamsTest, Subscribe) {
  listening_ = "cmd=subscribe";
  for (const char* mode : {"--raw", "--no-raw", "--csv", "--json"}) {
    for (const char* protocol : {"-2", "-3"}) {
      if (std::string(mode) == "--json" && std::string(protocol) == "-3") continue;  // --json implies it
      compare({mode, protocol, "subscribe", "a", "b"}, [&] {
        connection_.call({"PUBLISH", "b", "pay\x01load payload"});
      });
    }
  }
}

TEST_F(StreamsTest, PatternSubscribe) {
  listening_ = "cmd=psubscribe";
  compare({"--no-raw", "psubscribe", "a*"}, [&] { connection_.call({"PUBLISH", "abc", "payload"}); });
}

TEST_F(StreamsTest, Monitor) {
  listening_ = "cmd=monitor";
  for (const char* mode : {"--raw", "--no-raw"}) {
    ProgramResult result = listen(PLIMSOLL_CLI_PROGRAM, {mode, "monitor"}, [&] {
      connection_.call({"SET", "k", "payload"});
    });
    EXPECT_TRUE(result.output.starts_with("OK\n")) << result.output;
    EXPECT_NE(result.output.find("] \"SET\" \"k\" \"payload\"\n"), std::string::npos) << result.output;
    EXPECT_EQ(result.errors, "Error: Server closed the connection\n");
    EXPECT_EQ(result.status, 1);
  }
}

TEST_F(StreamsTest, RefusedStreamsEnd) {
  for (const Words& command : {Words{"monitor", "one"}, Words{"subscribe"}}) {
    ProgramCall call{{PLIMSOLL_CLI_PROGRAM, "-s", server_.socket_path(), "--raw"}, ""};
    call.arguments.insert(call.arguments.end(), command.begin(), command.end());
    const ProgramResult result = run_program(call);
    EXPECT_NE(result.output.find("ERR wrong number of arguments"), std::string::npos) << result.output;
    EXPECT_EQ(result.status, 0);
  }
}

// In RESP3 the answer is a push, which is otherwise set aside.
TEST_F(StreamsTest, UnsubscribeIsAnsweredInBothProtocols) {
  for (const char* protocol : {"-2", "-3"}) {
    const ProgramResult result = run_program(
        {{PLIMSOLL_CLI_PROGRAM, "-s", server_.socket_path(), protocol, "--no-raw", "unsubscribe"}, ""});
    EXPECT_EQ(result.output, "1) \"unsubscribe\"\n2) (nil)\n3) (integer) 0\n");
    EXPECT_EQ(result.status, 0);
  }
}

TEST_F(StreamsTest, EveryChannelIsConfirmed) {
  for (const char* protocol : {"-2", "-3"}) {
    const ProgramResult result =
        run_program({{PLIMSOLL_CLI_PROGRAM, "-s", server_.socket_path(), protocol, "-d", " "},
                     "unsubscribe a b\nping\nmulti\npunsubscribe a b\ndiscard\nping\n"});
    EXPECT_EQ(result.output, "unsubscribe a 0\nunsubscribe b 0\nPONG\nOK\nQUEUED\nOK\nPONG\n") << protocol;
  }
}

TEST_F(StreamsTest, BlockingCommandsWait) {
  ProgramCall call{{PLIMSOLL_CLI_PROGRAM, "-s", server_.socket_path(), "--no-raw", "blpop", "l", "0"}, ""};
  ProgramResult result;
  std::thread runner([&] { result = run_program(call); });
  while (connection_.call({"INFO", "clients"}).text.find("blocked_clients:1") == std::string::npos)
    std::this_thread::yield();
  connection_.call({"RPUSH", "l", "x"});
  runner.join();
  EXPECT_EQ(result.output, "1) \"l\"\n2) \"x\"\n");
  EXPECT_EQ(result.status, 0);
}

// Unlike redis-cli, which gives up the command that finds its connection gone.
TEST_F(StreamsTest, CommandsFromStandardInputReconnect) {
  const ProgramResult result =
      run_program({{PLIMSOLL_CLI_PROGRAM, "-s", server_.socket_path(), "-n", "2"},
                   "set a 1\nselect 3\nclient kill type normal skipme no\nset b 2\nget b\n"});
  EXPECT_EQ(result.output, "OK\nOK\n2\nOK\n2\n");
  EXPECT_EQ(result.errors, "");
  connection_ = connect();
  connection_.select(3);
  EXPECT_EQ(connection_.call({"GET", "b"}).text, "2");
}

TEST_F(StreamsTest, ShutdownIsNoError) {
  for (const char* program : {"redis-cli", PLIMSOLL_CLI_PROGRAM}) {
    ServerProcess doomed({.program = "redis-server", .arguments = {}});
    const ProgramResult result =
        run_program({{program, "-s", doomed.socket_path(), "shutdown", "nosave"}, ""});
    EXPECT_EQ(result.output + result.errors, "") << program;
    EXPECT_EQ(result.status, 0) << program;
  }
}

}  // namespace
}  // namespace plimsoll::test
