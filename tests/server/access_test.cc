// Who may connect and do what.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "server_under_test.h"

namespace plimsoll::test {
namespace {

constexpr char kNoAuth[] = "-NOAUTH Authentication required.\r\n";

TEST(Access, Password) {
  const ServerProcess server(server_options({"--requirepass", "secret"}));
  RawConnection connection = server.connect();
  EXPECT_EQ(connection.call({"PING"}), kNoAuth);
  EXPECT_EQ(connection.call({"AUTH", "wrong"}),
            "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  EXPECT_EQ(connection.call({"GET", "a"}), kNoAuth);
  EXPECT_EQ(connection.call({"AUTH", "secret"}), "+OK\r\n");
  EXPECT_EQ(connection.call({"PING"}), "+PONG\r\n");
  RawConnection named = server.connect();
  EXPECT_EQ(named.call({"AUTH", "default", "secret"}), "+OK\r\n");
  EXPECT_EQ(named.call({"PING"}), "+PONG\r\n");
  RawConnection greeting = server.connect();
  EXPECT_EQ(parse_reply(greeting.call({"HELLO", "3", "AUTH", "default", "secret"})).type, '%');
}

// The limits before authentication hold until it has happened, also within one write.
TEST(Access, AuthenticationCountsFromTheNextCommandOn) {
  const ServerProcess server(server_options({"--requirepass", "secret"}));
  RawConnection connection = server.connect();
  const std::string value(20'000, 'v');
  connection.send("AUTH secret\r\n" + encode_command({"SET", "a", value}) + encode_command({"STRLEN", "a"}));
  EXPECT_EQ(connection.read_reply(), "+OK\r\n");
  EXPECT_EQ(connection.read_reply(), "+OK\r\n");
  EXPECT_EQ(connection.read_reply(), ":20000\r\n");
  RawConnection stranger = server.connect();
  stranger.send("AUTH wrong\r\n" + encode_command({"SET", "a", value}));
  EXPECT_EQ(stranger.read_until_closed(),
            "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
            "-ERR Protocol error: unauthenticated bulk length\r\n");
}

TEST(Access, APasswordSetLaterKeepsOutNewClients) {
  const ServerProcess server(server_options());
  RawConnection first = server.connect();
  EXPECT_EQ(first.call({"CONFIG", "SET", "requirepass", "x"}), "+OK\r\n");
  EXPECT_EQ(first.call({"PING"}), "+PONG\r\n");
  RawConnection second = server.connect();
  EXPECT_EQ(second.call({"PING"}), kNoAuth);
  EXPECT_EQ(first.call({"CONFIG", "SET", "requirepass", ""}), "+OK\r\n");
  EXPECT_EQ(second.call({"PING"}), "+PONG\r\n");
}

TEST(Access, MaxClients) {
  const ServerProcess server(server_options({"--maxclients", "2"}));
  RawConnection first = server.connect();
  EXPECT_EQ(first.call({"PING"}), "+PONG\r\n");
  std::vector<RawConnection> second;
  // The connection that asked whether the server is up may still be counted.
  ASSERT_TRUE(eventually([&] {
    second.clear();
    second.push_back(server.connect());
    second[0].send("PING\r\n");
    try {
      return second[0].read_reply() == "+PONG\r\n";
    } catch (const ConnectionError&) {
      return false;
    }
  }));
  RawConnection third = server.connect();
  EXPECT_EQ(third.read_until_closed(), "-ERR max number of clients reached\r\n");
  EXPECT_GE(info_number(first, "stats", "rejected_connections"), 1);
}

// An IPv4 address of this machine that is not the loopback's; empty if it has none.
std::string outside_address() {
  ifaddrs* list = nullptr;
  std::string found;
  if (::getifaddrs(&list) != 0) return found;
  for (const ifaddrs* each = list; each != nullptr && found.empty(); each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    const in_addr address = reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr;
    char text[INET_ADDRSTRLEN];
    if ((ntohl(address.s_addr) >> 24) != 127) found = ::inet_ntop(AF_INET, &address, text, sizeof(text));
  }
  ::freeifaddrs(list);
  return found;
}

TEST(Access, ProtectedModeRefusesStrangers) {
  const std::string address = outside_address();
  if (address.empty()) GTEST_SKIP() << "this machine has the loopback only";
  const ServerProcess server(server_options({"--bind", "*"}, true));
  RawConnection local = RawConnection::to_tcp("127.0.0.1", server.port());
  EXPECT_EQ(local.call({"PING"}), "+PONG\r\n");
  RawConnection stranger = RawConnection::to_tcp(address, server.port());
  EXPECT_TRUE(stranger.read_until_closed().starts_with("-DENIED Redis is running in protected mode"));
  EXPECT_EQ(local.call({"CONFIG", "SET", "protected-mode", "no"}), "+OK\r\n");
  EXPECT_EQ(RawConnection::to_tcp(address, server.port()).call({"PING"}), "+PONG\r\n");
  EXPECT_EQ(local.call({"CONFIG", "SET", "protected-mode", "yes", "requirepass", "x"}), "+OK\r\n");
  EXPECT_EQ(RawConnection::to_tcp(address, server.port()).call({"PING"}), kNoAuth);
}

TEST(Access, RenamedCommands) {
  const ServerProcess server(
      server_options({"--rename-command", "FLUSHALL", "", "--rename-command", "config", "c0nf1g"}));
  RawConnection connection = server.connect();
  EXPECT_EQ(connection.call({"FLUSHALL"}), "-ERR unknown command 'FLUSHALL', with args beginning with: \r\n");
  EXPECT_TRUE(connection.call({"CONFIG", "GET", "port"}).starts_with("-ERR unknown command"));
  EXPECT_EQ(connection.call({"C0NF1G", "GET", "timeout"}), "*2\r\n$7\r\ntimeout\r\n$1\r\n0\r\n");
}

TEST(Access, IdleClientsAreClosedAfterTheTimeout) {
  const ServerProcess server(server_options({"--timeout", "1"}));
  RawConnection connection = server.connect();
  EXPECT_EQ(connection.call({"PING"}), "+PONG\r\n");
  EXPECT_EQ(connection.read_until_closed(), "");
}

// The timer that the kernel runs for the server's end of a connection, as proc_net_tcp.txt of the kernel's
// documentation numbers them; -1 if there is no such connection.
int timer_of_servers_end(const RawConnection& client, int server_port) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(client.descriptor(), reinterpret_cast<sockaddr*>(&address), &size);
  std::ifstream sockets("/proc/net/tcp");
  for (std::string line; std::getline(sockets, line);) {
    unsigned local = 0, remote = 0, timer = 0;
    const char* const form = " %*u: %*8x:%x %*8x:%x %*x %*8x:%*8x %x:";
    if (std::sscanf(line.c_str(), form, &local, &remote, &timer) == 3 &&
        local == static_cast<unsigned>(server_port) && remote == ntohs(address.sin_port)) {
      return static_cast<int>(timer);
    }
  }
  return -1;
}

TEST(Access, SilentPeersAreProbed) {
  constexpr int kNone = 0, kKeepalive = 2;
  const ServerProcess server(server_options({}, true));
  RawConnection probed = RawConnection::to_tcp("127.0.0.1", server.port());
  ASSERT_EQ(probed.call({"CONFIG", "SET", "tcp-keepalive", "0"}), "+OK\r\n");
  RawConnection not_probed = RawConnection::to_tcp("127.0.0.1", server.port());
  ASSERT_EQ(not_probed.call({"PING"}), "+PONG\r\n");
  // A timer for what has not been acknowledged may run for a moment.
  EXPECT_TRUE(eventually([&] { return timer_of_servers_end(probed, server.port()) == kKeepalive; }));
  EXPECT_TRUE(eventually([&] { return timer_of_servers_end(not_probed, server.port()) == kNone; }));
}

TEST(Access, DebugNeedsTheOption) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  EXPECT_TRUE(connection.call({"DEBUG", "SLEEP", "0"}).starts_with("-ERR DEBUG command not allowed."));
  const ServerProcess open(server_options({"--enable-debug-command", "local"}));
  RawConnection allowed = open.connect();
  EXPECT_EQ(allowed.call({"DEBUG", "SLEEP", "0"}), "+OK\r\n");
}

// Room for a few connections more than are open. Not to the number: the thread that reads of the server's
// memory has a file open now and then.
void leave_few_descriptors(pid_t pid) {
  rlim_t open = 0;
  for (const auto& file : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    open = std::max<rlim_t>(open, std::stoul(file.path().filename()) + 1);
  }
  const rlimit limit{open + 8, open + 8};
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &limit, nullptr), 0);
}

TEST(Access, WithoutADescriptorLeftClientsAreToldAtOnce) {
  const ServerProcess server(server_options());
  RawConnection control = server.connect();
  ASSERT_NO_FATAL_FAILURE(leave_few_descriptors(server.pid()));
  constexpr int kRefusalsEach = 20;
  int refused = 0;
  int admitted = 0;
  for (int round = 1; round <= 2; ++round) {
    std::vector<RawConnection> connected;
    while (refused < round * kRefusalsEach) {
      RawConnection client = server.connect();
      ASSERT_TRUE(eventually([&] {
        return info_number(control, "stats", "rejected_connections") > refused ||
               info_number(control, "clients", "connected_clients") > 1 + std::ssize(connected);
      }));
      if (info_number(control, "stats", "rejected_connections") == refused) {
        EXPECT_EQ(client.call({"PING"}), "+PONG\r\n");
        connected.push_back(std::move(client));
        ++admitted;
      } else {
        EXPECT_EQ(client.read_until_closed(), "-ERR max number of clients reached\r\n");
        ++refused;
      }
    }
    EXPECT_FALSE(connected.empty());
    connected.clear();
    EXPECT_TRUE(eventually([&] { return info_number(control, "clients", "connected_clients") == 1; }));
  }
  const std::string log = server.log();
  int lines = 0;
  for (size_t at = 0; (at = log.find("Accepting client connection", at)) != std::string::npos; ++at) ++lines;
  EXPECT_GE(lines, 2) << log;
  EXPECT_LE(lines, 1 + admitted) << "one for each time that it begins, not for each client\n" << log;
}

TEST(Access, WebPagesAreCutOff) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  connection.send("POST / HTTP/1.1\r\nSET a 1\r\n\r\n");
  EXPECT_EQ(connection.read_until_closed(), "");
  RawConnection other = server.connect();
  EXPECT_EQ(other.call({"GET", "a"}), "$-1\r\n");
}

}  // namespace
}  // namespace plimsoll::test
