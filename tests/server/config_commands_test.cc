// CONFIG on a running server.

#include <gtest/gtest.h>

#include <fstream>

#include "server_under_test.h"

namespace plimsoll::test {
namespace {

TEST(ConfigCommands, MemoryLimitIsInEffectAtOnce) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  EXPECT_EQ(connection.call({"CONFIG", "SET", "maxmemory", "1"}), "+OK\r\n");
  EXPECT_EQ(connection.call({"SET", "a", "1"}),
            "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  EXPECT_EQ(connection.call({"CONFIG", "SET", "maxmemory", "0"}), "+OK\r\n");
  EXPECT_EQ(connection.call({"SET", "a", "1"}), "+OK\r\n");
}

TEST(ConfigCommands, ResetstatStartsAnew) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  for (int i = 0; i < 50; ++i) connection.call({"GET", "a"});
  EXPECT_GE(info_number(connection, "stats", "total_commands_processed"), 50);
  EXPECT_EQ(connection.call({"CONFIG", "RESETSTAT"}), "+OK\r\n");
  EXPECT_LE(info_number(connection, "stats", "total_commands_processed"), 5);
  EXPECT_EQ(info_number(connection, "stats", "keyspace_misses"), 0);
  EXPECT_EQ(info_field(connection, "commandstats", "cmdstat_get"), "");
}

TEST(ConfigCommands, RewriteNeedsAFile) {
  const TempDirectory directory;
  const std::string file = directory.file("redis.conf");
  std::ofstream(file) << "# mine\nmaxmemory 100mb\n";
  const ServerProcess server(server_options({"--include", file}));
  RawConnection connection = server.connect();
  EXPECT_EQ(connection.call({"CONFIG", "GET", "maxmemory"}), "*2\r\n$9\r\nmaxmemory\r\n$9\r\n104857600\r\n");
  EXPECT_EQ(connection.call({"CONFIG", "REWRITE"}), "-ERR The server is running without a config file\r\n");
}

TEST(ConfigCommands, ReadersSeeChangesWhileTheyAreMade) {
  const ServerProcess server(server_options({"--io-threads", "2"}));
  RawConnection one = server.connect();
  RawConnection two = server.connect();
  for (int i = 0; i < 200; ++i) {
    one.send(
        encode_command({"CONFIG", "SET", "requirepass", "", "maxmemory", std::to_string(100'000'000 + i)}));
    two.send(encode_command({"CONFIG", "SET", "hz", std::to_string(10 + i % 3), "client-output-buffer-limit",
                             "normal 0 0 0"}) +
             encode_command({"CONFIG", "GET", "*"}));
    EXPECT_EQ(one.read_reply(), "+OK\r\n");
    EXPECT_EQ(two.read_reply(), "+OK\r\n");
    EXPECT_GT(parse_reply(two.read_reply()).children.size(), 300u);
  }
}

}  // namespace
}  // namespace plimsoll::test
