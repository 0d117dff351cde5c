#include "support/server_process.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <optional>
#include <stdexcept>

namespace plimsoll::test {
namespace {

std::string redis() {
  return environment_or("PLIMSOLL_REDIS_SERVER", "redis-server");
}

TEST(ServerProcess, startsWithItsArgumentsAndStopsOnTerm) {
  ServerProcess server({.program = redis(), .arguments = {"--databases", "3"}});
  EXPECT_EQ(server.connect().call({"SELECT", "3"}), "-ERR DB index is out of range\r\n");
  EXPECT_TRUE(server.running());
  EXPECT_FALSE(server.log().empty());
  const int status = server.stop();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_FALSE(server.running());
}

TEST(ServerProcess, countsAsAnsweringWhenItAsksForAPassword) {
  ServerProcess server({.program = redis(), .arguments = {"--requirepass", "secret"}});
  EXPECT_EQ(server.connect().call({"AUTH", "secret"}), "+OK\r\n");
}

TEST(ServerProcess, takesProcessAndDirectoryWithIt) {
  std::optional<ServerProcess> server(std::in_place,
                                      ServerProcess::Options{.program = redis(), .arguments = {}});
  const pid_t pid = server->pid();
  const std::string directory = server->directory();
  server.reset();
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(ServerProcess, failsATestWhoseServerDiesUnnoticed) {
  EXPECT_NONFATAL_FAILURE(
      {
        const ServerProcess server({.program = redis(), .arguments = {}});
        kill(server.pid(), SIGKILL);
      },
      "ended with wait status 9");
  const ServerProcess nobody_looks({.program = redis(), .arguments = {}, .kill_at_end = true});
  kill(nobody_looks.pid(), SIGKILL);
}

TEST(ServerProcess, noticesAServerThatDied) {
  ServerProcess server({.program = redis(), .arguments = {}});
  EXPECT_EQ(server.connect().call({"PING"}), "+PONG\r\n");
  RawConnection connection = server.connect();
  ASSERT_EQ(kill(server.pid(), SIGKILL), 0);
  EXPECT_EQ(connection.read_until_closed(), "");
  EXPECT_EQ(server.stop(), SIGKILL);
  EXPECT_THROW(server.connect(), ConnectionError);
}

TEST(ServerProcess, showsTheLogOfAServerThatWillNotStart) {
  try {
    ServerProcess server({.program = redis(), .arguments = {"--no-such-option", "x"}});
    FAIL() << "it started";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("no-such-option"), std::string::npos) << error.what();
  }
  EXPECT_THROW(ServerProcess({.program = "/nonexistent", .arguments = {}}), std::runtime_error);
}

}  // namespace
}  // namespace plimsoll::test
