#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>

#include "servers.h"

namespace plimsoll::test {
namespace {

// The fields of one line of CLIENT LIST, in order.
std::vector<std::pair<std::string, std::string>> fields_of(const std::string& line) {
  std::vector<std::pair<std::string, std::string>> fields;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    fields.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return fields;
}

std::map<std::string, std::string> map_of(const std::string& line) {
  const auto fields = fields_of(line);
  return {fields.begin(), fields.end()};
}

size_t lines_in(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(ClientList, HasTheFieldsOfRedisInTheirOrder) {
  const auto redis = start_redis(), plimsoll = start_plimsoll();
  Client reference(*redis), tested(*plimsoll);
  const auto names = [](const std::string& line) {
    std::vector<std::string> result;
    for (const auto& [name, value] : fields_of(line)) result.push_back(name);
    return result;
  };
  EXPECT_EQ(names(reference.text({"CLIENT", "INFO"})), names(tested.text({"CLIENT", "INFO"})));
  // By id: a connection that a server has not seen end yet would add a line.
  const auto own_line = [](Client& client) {
    const std::string id = client.text({"CLIENT", "ID"});
    return client.text({"CLIENT", "LIST", "ID", id});
  };
  EXPECT_EQ(names(own_line(reference)), names(own_line(tested)));
}

TEST(ClientList, ShowsWhatClientsAre) {
  const auto server = start_plimsoll();
  Client watcher(*server), other(*server);
  other.call({"HELLO", "3", "SETNAME", "bob"});
  other.call({"SELECT", "7"});
  other.call({"CLIENT", "NO-EVICT", "ON"});
  const std::string id = other.text({"CLIENT", "ID"});
  other.call({"GET", "x"});
  const auto line = map_of(watcher.text({"CLIENT", "LIST", "ID", id, "999"}));
  EXPECT_EQ(line.at("id"), id);
  EXPECT_EQ(line.at("name"), "bob");
  EXPECT_EQ(line.at("db"), "7");
  EXPECT_EQ(line.at("resp"), "3");
  EXPECT_EQ(line.at("flags"), "Ue");
  EXPECT_EQ(line.at("cmd"), "get");
  EXPECT_EQ(line.at("addr"), server->socket_path() + ":0");
  EXPECT_EQ(line.at("user"), "default");
  EXPECT_GT(std::stoll(line.at("tot-mem")), 0);
  EXPECT_EQ(map_of(watcher.text({"CLIENT", "INFO"})).at("cmd"), "client|info");
}

// With a factor of 0 each use of a key counts.
TEST(ClientNoTouch, UsesDoNotCount) {
  const auto server = start_plimsoll({"--maxmemory-policy", "allkeys-lfu", "--lfu-log-factor", "0"});
  Client client(*server);
  client.call({"SET", "key", "value"});
  const auto uses = [&] { return std::stoi(client.text({"OBJECT", "FREQ", "key"})); };
  const int fresh = uses();
  const auto read_thrice = [&] {
    for (int i = 0; i < 3; ++i) client.call({"GET", "key"});
  };
  read_thrice();
  EXPECT_EQ(uses(), fresh + 3);
  client.call({"CLIENT", "NO-TOUCH", "ON"});
  read_thrice();
  EXPECT_EQ(uses(), fresh + 3);
  client.call({"CLIENT", "NO-TOUCH", "OFF"});
  read_thrice();
  EXPECT_EQ(uses(), fresh + 6);
}

TEST(ClientList, IsSortedByIdWhateverThread) {
  const auto server = start_plimsoll({"--io-threads", "3"});
  std::vector<Client> clients;
  for (int i = 0; i < 9; ++i) {
    clients.emplace_back(*server);
    clients.back().call({"PING"});
  }
  std::string text;
  ASSERT_TRUE(eventually([&] { return lines_in(text = clients[0].text({"CLIENT", "LIST"})) == 9; })) << text;
  std::istringstream lines(text);
  long long last = 0;
  for (std::string line; std::getline(lines, line);) {
    const long long id = std::stoll(map_of(line).at("id"));
    EXPECT_GT(id, last);
    last = id;
  }
}

TEST(ClientKill, ByIdAddressAndType) {
  const auto server = start_plimsoll({}, true);
  Client killer(*server);
  Client by_id(*server);
  EXPECT_EQ(killer.number({"CLIENT", "KILL", "ID", by_id.text({"CLIENT", "ID"})}), 1);
  EXPECT_EQ(by_id.raw().read_until_closed(), "");

  Client by_address(RawConnection::to_tcp("127.0.0.1", server->port()));
  const auto line = map_of(by_address.text({"CLIENT", "INFO"}));
  EXPECT_EQ(line.at("laddr"), "127.0.0.1:" + std::to_string(server->port()));
  EXPECT_EQ(killer.text({"CLIENT", "KILL", line.at("addr")}), "OK");
  EXPECT_EQ(by_address.raw().read_until_closed(), "");
  EXPECT_TRUE(killer.call({"CLIENT", "KILL", line.at("addr")}).is_error());

  Client by_laddr(RawConnection::to_tcp("127.0.0.1", server->port()));
  by_laddr.call({"PING"});
  EXPECT_EQ(killer.number({"CLIENT", "KILL", "LADDR", line.at("laddr"), "USER", "default"}), 1);
  EXPECT_EQ(by_laddr.raw().read_until_closed(), "");

  Client by_type(*server);
  by_type.call({"PING"});
  EXPECT_EQ(killer.number({"CLIENT", "KILL", "TYPE", "pubsub"}), 0);
  EXPECT_GE(killer.number({"CLIENT", "KILL", "TYPE", "normal"}), 1);
  EXPECT_EQ(by_type.raw().read_until_closed(), "");
  EXPECT_EQ(killer.text({"PING"}), "PONG") << "the caller is spared";
}

TEST(ClientKill, AnswersTheCallerBeforeItGoes) {
  const auto server = start_plimsoll();
  Client client(*server);
  const std::string id = client.text({"CLIENT", "ID"});
  client.raw().send(encode_command({"CLIENT", "KILL", "ID", id, "SKIPME", "no"}) + encode_command({"PING"}));
  EXPECT_EQ(client.raw().read_until_closed(), ":1\r\n");
}

TEST(ClientPause, HoldsBackWritesOrAll) {
  const auto server = start_plimsoll();
  Client admin(*server), writer(*server), reader(*server);
  ASSERT_EQ(admin.text({"CLIENT", "PAUSE", "100000", "WRITE"}), "OK");
  writer.raw().send(encode_command({"SET", "k", "v"}));
  EXPECT_TRUE(eventually([&] { return admin.info("clients").at("blocked_clients") == "1"; }));
  EXPECT_TRUE(reader.call({"GET", "k"}).null);
  EXPECT_NE(admin.text({"CLIENT", "LIST"}).find(" cmd=set "), std::string::npos) << "what it waits with";
  EXPECT_EQ(admin.text({"CLIENT", "UNPAUSE"}), "OK");
  EXPECT_EQ(writer.raw().read_reply(), "+OK\r\n");
  EXPECT_EQ(reader.text({"GET", "k"}), "v");
}

// What a pause is for (a failover) needs data that stand still.
TEST(ClientPause, NothingExpiresMeanwhile) {
  const auto redis = start_redis(), plimsoll = start_plimsoll();
  for (const ServerProcess* server : {redis.get(), plimsoll.get()}) {
    SCOPED_TRACE(server->program());
    Client client(*server), other(*server);
    ASSERT_EQ(client.text({"CONFIG", "SET", "hz", "100"}), "OK");
    // In one go, so that no key comes due before the pause.
    client.raw().send(encode_command({"SET", "a", "1", "PX", "300"}) +
                      encode_command({"SET", "b", "1", "PX", "300"}) +
                      encode_command({"CLIENT", "PAUSE", "100000", "WRITE"}));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.raw().read_reply(), "+OK\r\n");
    EXPECT_TRUE(eventually([&] { return client.call({"GET", "a"}).null && client.call({"GET", "b"}).null; }));
    // Ten ticks, each of which would find them.
    const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
    EXPECT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > later; }));
    EXPECT_EQ(other.number({"TTL", "b"}), -2);
    EXPECT_EQ(other.number({"EXISTS", "a", "b"}), 0);
    EXPECT_EQ(other.number({"DBSIZE"}), 2);
    EXPECT_EQ(other.info("stats").at("expired_keys"), "0");
    other.raw().send(encode_command({"SET", "a", "2", "KEEPTTL"}));
    EXPECT_TRUE(eventually([&] { return client.info("clients").at("blocked_clients") == "1"; }));
    EXPECT_EQ(client.text({"CLIENT", "UNPAUSE"}), "OK");
    EXPECT_EQ(other.raw().read_reply(), "+OK\r\n");
    EXPECT_EQ(client.number({"TTL", "a"}), -1) << "a new key: it has no time to live that it could keep";
    EXPECT_TRUE(eventually([&] { return client.number({"DBSIZE"}) == 1; }));
    EXPECT_EQ(client.info("stats").at("expired_keys"), "2");
  }
}

TEST(ClientReply, OffAndSkip) {
  const auto server = start_plimsoll();
  Client client(*server);
  client.raw().send(encode_command({"CLIENT", "REPLY", "OFF"}) + encode_command({"SET", "k", "1"}) +
                    encode_command({"CLIENT", "REPLY", "ON"}) + encode_command({"CLIENT", "REPLY", "SKIP"}) +
                    encode_command({"SET", "k", "2"}) + encode_command({"GET", "k"}));
  EXPECT_EQ(client.raw().read_reply(), "+OK\r\n");
  EXPECT_EQ(client.raw().read_reply(), "$1\r\n2\r\n");
}

TEST(ClientSetinfo, TakesTheLibrarysNameAndVersion) {
  const auto server = start_plimsoll();
  Client client(*server);
  EXPECT_EQ(client.text({"CLIENT", "SETINFO", "lib-name", "redis-py"}), "OK");
  EXPECT_EQ(client.text({"CLIENT", "SETINFO", "LIB-VER", "4.5"}), "OK");
  EXPECT_EQ(client.text({"CLIENT", "SETINFO", "lib-name", "a b"}),
            "ERR lib-name cannot contain spaces, newlines or special characters.");
  EXPECT_EQ(client.text({"CLIENT", "SETINFO", "bogus", "x"}), "ERR Unrecognized option 'bogus'");
  EXPECT_EQ(client.text({"CLIENT", "NO-TOUCH", "on"}), "OK");
  EXPECT_EQ(client.text({"CLIENT", "NO-TOUCH", "maybe"}), "ERR syntax error");
}

TEST(ClientTracking, OnIsRefused) {
  const auto server = start_plimsoll();
  Client client(*server);
  EXPECT_EQ(client.text({"CLIENT", "TRACKING", "ON"}), "ERR This server has no client-side caching");
}

}  // namespace
}  // namespace plimsoll::test
