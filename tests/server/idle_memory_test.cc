#include <gtest/gtest.h>
#include <sys/resource.h>

#include <vector>

#include "server_under_test.h"

namespace plimsoll::test {
namespace {

TEST(IdleMemory, AnEmptyServerTakesAtMost900KB) {
  const ServerProcess server(server_options({"--io-threads", "8"}));
  RawConnection connection = server.connect();
  const long long used = info_number(connection, "memory", "used_memory");
  EXPECT_GT(used, 0);
  EXPECT_LE(used, 900 * 1024);
}

TEST(IdleMemory, AConnectionThatSaidSomethingTakesAtMost2KB) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const size_t count = std::min<size_t>(10'000, files.rlim_cur - 200);
  const ServerProcess server(server_options({"--maxclients", "11000"}));
  RawConnection control = server.connect();
  info_number(control, "memory", "used_memory");  // whatever that needs is there from now on
  const long long before = info_number(control, "memory", "used_memory");
  std::vector<RawConnection> connections;
  for (size_t i = 0; i < count; ++i) {
    connections.push_back(server.connect());
    ASSERT_EQ(connections.back().call({"SET", "key", "value"}), "+OK\r\n");
  }
  const long long grown = info_number(control, "memory", "used_memory") - before;
  RecordProperty("bytes_per_connection", std::to_string(grown / static_cast<long long>(count)));
  EXPECT_LE(grown / static_cast<long long>(count), 2048);
  connections.clear();
  EXPECT_TRUE(eventually([&] { return info_number(control, "clients", "connected_clients") == 1; }));
  // The threads' own buffers go when they rest.
  EXPECT_TRUE(eventually([&] { return info_number(control, "memory", "used_memory") - before <= 2 << 20; }));
}

}  // namespace
}  // namespace plimsoll::test
