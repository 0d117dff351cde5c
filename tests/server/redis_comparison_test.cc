// The same bytes to a real redis-server and to the server: what each answers, and whether it closes, must be
// equal.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server_under_test.h"
#include "support/text.h"

namespace plimsoll::test {
namespace {

ServerProcess::Options reference_options(std::vector<std::string> arguments) {
  ServerProcess::Options options = server_options(std::move(arguments));
  options.program = environment_or("PLIMSOLL_REDIS_SERVER", "redis-server");
  return options;
}

class RedisComparison : public ::testing::Test {
 protected:
  void start(std::vector<std::string> arguments = {}) {
    redis_ = std::make_unique<ServerProcess>(reference_options(arguments));
    ours_ = std::make_unique<ServerProcess>(server_options(std::move(arguments)));
  }

  // Sends the bytes on fresh connections, then ends them, so that both servers answer all they will.
  void expect_same(const std::string& bytes) {
    EXPECT_EQ(escaped(answer(*ours_, bytes)), escaped(answer(*redis_, bytes)))
        << "to " << escaped(bytes, 100);
  }

  static std::string answer(const ServerProcess& server, const std::string& bytes) {
    RawConnection connection = server.connect();
    connection.send(bytes);
    connection.finish_sending();
    return connection.read_until_closed();
  }

  void expect_same_command(const std::vector<std::string>& command) { expect_same(encode_command(command)); }

  std::unique_ptr<ServerProcess> redis_;
  std::unique_ptr<ServerProcess> ours_;
};

TEST_F(RedisComparison, Protocol) {
  start();
  if (IsSkipped()) return;
  for (const char* text : {"*1048577\r\n",
                           "*2147483648\r\n",
                           "*2147483647\r\n$-1\r\n",
                           "*01\r\n",
                           "*\r\n",
                           "*+1\r\n",
                           "*-5\r\nPING\r\n",
                           "*1\r\n:5\r\n",
                           "*1\r\n$-1\r\n",
                           "*1\r\n$536870913\r\n",
                           "*1\r\n$0\r\n\r\nPING\r\n",
                           "\"PING\r\n",
                           "'PI\\'NG'\r\n",
                           "SET \"a\"b c\r\n",
                           "\r\n\r\nPING\r\n",
                           "*1\n$4\r\nPING\r\n",
                           "*1 \r\n",
                           "*1\r\n$4 \r\n",
                           "*0\r\nPING\r\n",
                           "PING \"\\x41\\n\\q\"\r\n",
                           "foo'bar\r\n",
                           "foo'bar' 1\r\n",
                           "*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
                           "PING\nPING\n",
                           "*1\rx$4\r\nPING\r\n",
                           "*1\r\n\x01\r\n",
                           "PING\r\nQUIT\r\nPING\r\n",
                           "QUIT 1 2 3\r\n",
                           "*3\r\n$3\r\nSET\r\nx",
                           "foo a b c\r\n",
                           "CONFIG\r\n",
                           "CONFIG foo\r\n",
                           "PING 1 2\r\n"}) {
    expect_same(text);
  }
  expect_same(std::string(65'536, 'a'));
  expect_same(std::string(65'537, 'a'));
  expect_same("*" + std::string(65'536, '1'));
  expect_same("*1\r\n$" + std::string(65'536, '1'));
  expect_same("foo " + std::string(200, 'a') + " " + std::string(200, 'b') + "\r\n");
}

TEST_F(RedisComparison, Authentication) {
  start({"--requirepass", "abc"});
  if (IsSkipped()) return;
  for (const char* text : {"*11\r\n",
                           "*2\r\n$16385\r\n",
                           "PING\r\n",
                           "foo\r\n",
                           "get\r\n",
                           "AUTH a\r\n",
                           "AUTH a b\r\n",
                           "AUTH a b c\r\n",
                           "AUTH\r\n",
                           "HELLO\r\n",
                           "HELLO 3\r\n",
                           "HELLO 4\r\n",
                           "HELLO 1\r\n",
                           "HELLO abc\r\n",
                           "HELLO 2 AUTH default abd\r\n",
                           "HELLO 3 AUTH a\r\n",
                           "HELLO 3 SETNAME x\r\n",
                           "HELLO 3 AUTH default abc SETNAME\r\n",
                           "HELLO 3 AUTH default abc SETNAME \"a b\"\r\nPING\r\n",
                           "AUTH abc\r\nPING\r\nRESET\r\nPING\r\n",
                           "QUIT\r\n",
                           "RESET\r\nRESET 1\r\n",
                           "AUTH abc\r\nAUTH wrong\r\nPING\r\n",
                           "COMMAND\r\n",
                           "POST\r\nPING\r\n",
                           "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                           "PING\r\nCLIENT REPLY OFF\r\nPING\r\nHost: x\r\nPING\r\n",
                           "AUTH foo abc\r\n"}) {
    expect_same(text);
  }
}

TEST_F(RedisComparison, WithoutPassword) {
  start();
  if (IsSkipped()) return;
  for (const char* text :
       {"AUTH x\r\n", "AUTH default x\r\n", "AUTH foo x\r\n", "HELLO 2 AUTH default x FOO\r\n",
        "HELLO 3 SETNAME \"a b\"\r\n", "HELLO 99999999999999999999\r\n", "LASTSAVE 1\r\nSAVE 1\r\n",
        "CLUSTER\r\nCLUSTER INFO\r\nFAILOVER\r\nROLE\r\n", "REPLICAOF no one\r\nSLAVEOF\r\n"}) {
    expect_same(text);
  }
}

TEST_F(RedisComparison, ConfigSetErrors) {
  start();
  if (IsSkipped()) return;
  const std::pair<const char*, const char*> settings[] = {
      {"foo", "bar"},
      {"databases", "3"},
      {"dir", "/tmp"},
      {"timeout", "abc"},
      {"timeout", "-1"},
      {"timeout", " 5"},
      {"timeout", "01"},
      {"maxmemory", "abc"},
      {"maxmemory", "-1"},
      {"maxmemory", "1 mb"},
      {"maxmemory-clients", "-5"},
      {"maxmemory-clients", "500%"},
      {"protected-mode", "maybe"},
      {"maxmemory-policy", "foo"},
      {"loglevel", "x"},
      {"save", "a b"},
      {"save", "10 5 20"},
      {"save", "0 1"},
      {"client-output-buffer-limit", "normal 1"},
      {"client-output-buffer-limit", "foo 1 2 3"},
      {"client-output-buffer-limit", "normal x 2 3"},
      {"notify-keyspace-events", "Kq"},
      {"latency-tracking-info-percentiles", "50 101"},
      {"latency-tracking-info-percentiles", "abc"},
      {"oom-score-adj-values", "1 2"},
      {"oom-score-adj-values", "1 2 3000"},
      {"oom-score-adj", "x"},
      {"unixsocketperm", "777"},
      {"shutdown-on-sigint", "foo"},
      {"shutdown-on-sigint", "save nosave"},
      {"slaveof", "1 2"},
      {"repl-backlog-size", "0"},
      {"proto-max-bulk-len", "1"},
      {"maxclients", "0"},
      {"active-expire-effort", "11"},
      {"lfu-log-factor", "-1"},
      {"list-max-ziplist-size", "zz"},
      {"port", "70000"},
      {"appendonly", "maybe"},
      {"slowlog-log-slower-than", "-2"},
      {"lazyfree-lazy-user-del", "1"},
      {"dbfilename", "a/b"},
      {"proc-title-template", "{x"},
      {"enable-debug-command", "no"},
      {"aclfile", "x"},
      {"activedefrag", "maybe"},
      {"active-defrag-cycle-min", "100"},
      {"active-defrag-cycle-min", "0"},
      {"active-defrag-cycle-max", "100"},
      {"active-defrag-ignore-bytes", "0"},
      {"active-defrag-ignore-bytes", "-1"},
      {"active-defrag-ignore-bytes", "x"},
      {"active-defrag-threshold-lower", "-1"},
      {"active-defrag-threshold-lower", "10%"},
      {"active-defrag-threshold-upper", "1001"},
      {"active-defrag-max-scan-fields", "0"},
      {"active-defrag-max-scan-fields", "1k"},
      {"propagation-error-behavior", "x"},
      {"client-query-buffer-limit", "1"},
      {"repl-backlog-size", "1xx"},
  };
  for (const auto& [name, value] : settings) expect_same_command({"CONFIG", "SET", name, value});
  expect_same_command({"CONFIG", "SET", "timeout", "1", "timeout", "2"});
  expect_same_command({"CONFIG", "SET", "slave-read-only", "no", "slave-read-only", "no"});
  expect_same_command({"CONFIG", "SET", "timeout", "5", "foo", "1"});
  expect_same_command({"CONFIG", "SET", "foo", "1", "databases", "5"});
  expect_same_command({"CONFIG", "SET", "databases", "5", "foo", "1"});
  expect_same_command({"CONFIG", "SET", "a", "b", "c"});
  for (const char* text :
       {"CONFIG SET port\r\n", "CONFIG GET\r\n", "CONFIG REWRITE\r\n", "CONFIG RESETSTAT x\r\n",
        "CONFIG HELP\r\n", "CONFIG GET timeout\r\n", "CONFIG GET TIMEOUT\r\n", "CONFIG GET zzz\r\n"}) {
    expect_same(text);
  }
}

TEST_F(RedisComparison, ConfigSetAndGet) {
  start();
  if (IsSkipped()) return;
  const std::pair<const char*, const char*> settings[] = {
      {"maxmemory", "1mb"},
      {"maxmemory", "1k"},
      {"maxmemory", "1G"},
      {"maxmemory", "5b"},
      {"maxmemory", "0"},
      {"maxmemory-clients", "50%"},
      {"maxmemory-clients", "0"},
      {"active-defrag-ignore-bytes", "1mb"},
      {"active-defrag-threshold-lower", "0"},
      {"active-defrag-threshold-upper", "1000"},
      {"active-defrag-cycle-min", "99"},
      {"active-defrag-cycle-max", "1"},
      {"active-defrag-max-scan-fields", "9223372036854775807"},
      {"activedefrag", "no"},
      {"hz", "0"},
      {"hz", "1000"},
      {"hz", "10"},
      {"save", "10 5"},
      {"save", ""},
      {"client-output-buffer-limit", "replica 1mb 2kb 3 normal 5 6 7"},
      {"client-output-buffer-limit", "normal 0 0 0"},
      {"notify-keyspace-events", "KEA"},
      {"notify-keyspace-events", "K$lm"},
      {"notify-keyspace-events", "EmnKdx"},
      {"notify-keyspace-events", "g$lshzxetd"},
      {"notify-keyspace-events", "AKEmn"},
      {"latency-tracking-info-percentiles", "0.1 99.9999"},
      {"latency-tracking-info-percentiles", ""},
      {"shutdown-on-sigint", "nosave now"},
      {"shutdown-on-sigint", "default"},
      {"hash-max-ziplist-entries", "5"},
      {"loglevel", "DEBUG"},
      {"loglevel", "notice"},
      {"maxmemory-policy", "AllKeys-LRU"},
      {"appendfsync", "always"},
      {"oom-score-adj-values", "5 2 1"},
      {"replica-priority", "7"},
      {"timeout", "3"},
      {"requirepass", ""},
      {"repl-backlog-size", "1"},
      {"repl-backlog-size", "16385"},
      {"watchdog-period", "0"},
      {"watchdog-period", "1"},
      {"watchdog-period", "300"},
      {"watchdog-period", "-1"},
      {"watchdog-period", "0"},
  };
  for (const auto& [name, value] : settings) {
    expect_same_command({"CONFIG", "SET", name, value});
    expect_same_command({"CONFIG", "GET", name});
  }
}

// A name and its older one are two parameters: the last has its way.
TEST_F(RedisComparison, ConfigSetOfAnOptionByBothItsNames) {
  start();
  if (IsSkipped()) return;
  for (const auto& [first, second] : {std::pair{"no", "yes"}, {"yes", "no"}, {"yes", "yes"}, {"no", "no"}}) {
    expect_same_command({"CONFIG", "SET", "replica-read-only", first, "slave-read-only", second});
    expect_same_command({"CONFIG", "GET", "slave-read-only"});
    expect_same_command({"CONFIG", "SET", "slave-priority", "3", "replica-priority", "100"});
    expect_same_command({"CONFIG", "GET", "slave-priority"});
  }
  expect_same_command({"CONFIG", "GET", "watchdog*"});
}

// Every option redis-server shows is shown with the same value, but for what says where a server runs.
TEST_F(RedisComparison, DefaultsOfAllOptions) {
  start();
  if (IsSkipped()) return;
  RawConnection theirs = redis_->connect();
  RawConnection ours = ours_->connect();
  const RespReply options = parse_reply(theirs.call({"CONFIG", "GET", "*"}));
  ASSERT_GT(options.children.size(), 300u);
  for (size_t i = 0; i < options.children.size(); i += 2) {
    const std::string& name = options.children[i].text;
    const RespReply own = parse_reply(ours.call({"CONFIG", "GET", name}));
    ASSERT_EQ(own.children.size(), 2u) << name;
    if (name == "dir" || name == "unixsocket" || name == "io-threads") continue;
    EXPECT_EQ(own.children[1].text, options.children[i + 1].text) << name;
  }
}

// What CONFIG REWRITE makes of `text` after the settings: the lines of the options whose names are given.
std::string rewritten_by(const std::string& program, const std::string& text,
                         const std::vector<std::pair<std::string, std::string>>& settings,
                         const std::vector<std::string>& names) {
  const TempDirectory directory;
  const std::string file = directory.file("redis.conf");
  const std::string socket = directory.file("s");
  std::ofstream(file) << text << "port 0\nunixsocket " << socket << "\ndir " << directory.path() << "\n";
  const auto answers = [&] {
    try {
      return RawConnection::to_unix(socket).call({"PING"}) == "+PONG\r\n";
    } catch (const ConnectionError&) {
      return false;
    }
  };
  if (std::system((program + " " + file + " --daemonize yes --pidfile " + directory.file("pid")).c_str()) !=
          0 ||
      !eventually(answers)) {
    return program + " does not start";
  }
  RawConnection connection = RawConnection::to_unix(socket);
  for (const auto& [name, value] : settings)
    EXPECT_EQ(connection.call({"CONFIG", "SET", name, value}), "+OK\r\n");
  EXPECT_EQ(connection.call({"CONFIG", "REWRITE"}), "+OK\r\n") << program;
  connection.send(encode_command({"SHUTDOWN", "NOSAVE"}));
  EXPECT_EQ(connection.read_until_closed(), "");
  std::vector<std::string> lines;
  std::ifstream input(file);
  for (std::string line; std::getline(input, line);) {
    for (const std::string& name : names) {
      if (line.starts_with(name + " ")) lines.push_back(line);
    }
  }
  // redis-server appends in no order.
  const auto appended = std::find(lines.begin(), lines.end(), "# Generated by CONFIG REWRITE");
  std::sort(appended, lines.end());
  std::string text_of_lines;
  for (const std::string& line : lines) text_of_lines += line + "\n";
  return text_of_lines;
}

TEST(RedisComparisonOfFiles, RewrittenConfiguration) {
  const std::string redis = environment_or("PLIMSOLL_REDIS_SERVER", "redis-server");
  const std::vector<std::string> names{"client-output-buffer-limit",
                                       "save",
                                       "maxmemory",
                                       "maxmemory-clients",
                                       "hz",
                                       "proto-max-bulk-len",
                                       "requirepass",
                                       "unixsocketperm",
                                       "notify-keyspace-events",
                                       "bind",
                                       "oom-score-adj-values",
                                       "#"};
  const std::string classes =
      "client-output-buffer-limit normal 0 0 0\nclient-output-buffer-limit replica 256mb 64mb 60\n# between\n"
      "client-output-buffer-limit pubsub 32mb 8mb 60\n";
  using Settings = std::vector<std::pair<std::string, std::string>>;
  const std::pair<std::string, Settings> cases[] = {
      {classes + "save 10 1\n", {{"client-output-buffer-limit", "pubsub 1mb 2mb 3"}, {"save", "900 1"}}},
      {"client-output-buffer-limit pubsub 32mb 8mb 60\nsave 10 1\nsave 20 2\n# c\nsave 30 3\n",
       {{"client-output-buffer-limit", "normal 3kb 2500 3 replica 1gb 1 1"}, {"save", "40 4 50 5"}}},
      {"maxmemory 100\nsave 10 1\n",
       {{"client-output-buffer-limit", "slave 1 2 3"}, {"save", ""}, {"maxmemory", "50mb"}}},
      {"save 1 1\nhz 20\n",
       {{"maxmemory", "1025"},
        {"save", "1 1 2 2"},
        {"maxmemory-clients", "7%"},
        {"proto-max-bulk-len", "2gb"},
        {"hz", "10"},
        {"notify-keyspace-events", "KEA"},
        {"oom-score-adj-values", "1 2 3"},
        {"requirepass", "abc"}}},
      {"save 1 1\n", {{"maxmemory-clients", "3kb"}, {"save", "2 2"}}},
  };
  for (const auto& [text, settings] : cases) {
    EXPECT_EQ(rewritten_by(server_under_test(), text, settings, names),
              rewritten_by(redis, text, settings, names))
        << text;
  }
}

}  // namespace
}  // namespace plimsoll::test
