#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "servers.h"

namespace plimsoll::test {
namespace {

// A line of the feed without its time and with the server's own socket path left out.
std::string line_of(Client& monitor, const ServerProcess& server) {
  std::string line = monitor.raw().read_reply();
  const std::smatch whole = [&] {
    std::smatch match;
    static const std::regex time("^\\+[0-9]+\\.[0-9]{6} ");
    EXPECT_TRUE(std::regex_search(line, match, time)) << line;
    return match;
  }();
  line = line.substr(static_cast<size_t>(whole.length(0)));
  const size_t path = line.find(server.socket_path());
  if (path != std::string::npos) line.replace(path, server.socket_path().size(), "PATH");
  return line;
}

TEST(Monitor, MayNotTouchTheKeyspaceAsInRedis) {
  const auto redis = start_redis(), plimsoll = start_plimsoll();
  for (const ServerProcess* server : {redis.get(), plimsoll.get()}) {
    Client monitor(*server);
    EXPECT_EQ(monitor.raw().call({"MONITOR"}), "+OK\r\n");
    for (const char* command : {"GET key", "SET key value", "DBSIZE", "KEYS *", "FLUSHALL"}) {
      monitor.raw().send(std::string(command) + "\r\n");
      EXPECT_EQ(monitor.raw().read_reply(), "-ERR Replica can't interact with the keyspace\r\n") << command;
    }
  }
}

TEST(Monitor, ShowsEveryCommandAsRedisDoes) {
  const std::vector<std::vector<std::string>> commands = {
      {"SET", "key", std::string("\"a\\b\"\n\x01\xff\0", 9)},
      {"GET", "key"},
      {"AUTH", "secret"},
      {"AUTH", "user", "secret"},
      {"HELLO", "3", "AUTH", "user", "secret"},
      {"CONFIG", "SET", "requirepass", ""},  // admin: not shown
      {"NOSUCH"},                            // unknown: not shown
      {"GET"},                               // refused: not shown
      {"CLIENT", "ID"},
      {"PING"},
  };
  std::vector<std::string> seen[2];
  int which = 0;
  for (const auto& server : {start_redis(), start_plimsoll()}) {
    Client monitor(*server), client(*server);
    ASSERT_EQ(monitor.text({"MONITOR"}), "OK");
    for (const auto& command : commands) client.call(command);
    std::string line;
    while (line.find("PING") == std::string::npos) seen[which].push_back(line = line_of(monitor, *server));
    ++which;
  }
  EXPECT_EQ(seen[0], seen[1]);
}

TEST(Monitor, FeedsMonitorsOfEveryThread) {
  const auto server = start_plimsoll({"--io-threads", "4"});
  std::vector<Client> monitors;
  for (int i = 0; i < 6; ++i) {
    monitors.emplace_back(*server);
    ASSERT_EQ(monitors.back().text({"MONITOR"}), "OK");
  }
  Client client(*server);
  for (int i = 0; i < 20; ++i) client.call({"GET", std::to_string(i)});
  for (Client& monitor : monitors) {
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(line_of(monitor, *server), "[0 unix:PATH] \"GET\" \"" + std::to_string(i) + "\"\r\n");
    }
  }
}

TEST(Monitor, ResetEndsIt) {
  const auto server = start_plimsoll();
  Client monitor(*server), client(*server);
  ASSERT_EQ(monitor.text({"MONITOR"}), "OK");
  client.call({"GET", "seen"});
  EXPECT_EQ(line_of(monitor, *server), "[0 unix:PATH] \"GET\" \"seen\"\r\n");
  monitor.raw().send(encode_command({"RESET"}));
  std::string reply;
  while ((reply = monitor.raw().read_reply()).find("RESET\r\n") == std::string::npos) {
  }
  client.call({"GET", "unseen"});
  EXPECT_EQ(monitor.text({"PING"}), "PONG");
}

TEST(Monitor, ThatDoesNotReadIsClosedAndHoldsUpNobody) {
  const auto server = start_plimsoll({"--client-output-buffer-limit", "pubsub 1mb 0 0"});
  Client monitor(*server), client(*server);
  ASSERT_EQ(monitor.text({"MONITOR"}), "OK");
  const std::string value(100'000, 'v');
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.text({"SET", "key", value}), "OK");
  EXPECT_TRUE(eventually([&] {
    return client.text({"CLIENT", "LIST"}).find("flags=OU") == std::string::npos;
  }));
}

}  // namespace
}  // namespace plimsoll::test
