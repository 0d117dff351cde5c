#include <gtest/gtest.h>
#include <resp_client/connection.h>
#include <resp_client/encode.h>
#include <signal.h>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string>
#include <vector>

#include "child_program.h"
#include "support/server_process.h"

namespace plimsoll::test {
namespace {

using Words = std::vector<std::string>;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class ModesTest : public testing::Test {
 protected:
  ModesTest() : server_({.program = "redis-server", .arguments = {}}), connection_(connect()) {}

  client::Connection connect() const {
    client::Endpoint endpoint;
    endpoint.unix_socket = server_.socket_path();
    return client::Connection::open(endpoint);
  }

  ProgramResult run(const char* program, const Words& arguments, const std::string& input = "",
                    const std::string& interrupt_after = "") const {
    ProgramCall call{{program, "-s", server_.socket_path()}, input};
    call.arguments.insert(call.arguments.end(), arguments.begin(), arguments.end());
    call.interrupt_after = interrupt_after;
    return run_program(call);
  }
  ProgramResult ours(const Words& arguments, const std::string& input = "",
                     const std::string& interrupt_after = "") const {
    return run(PLIMSOLL_CLI_PROGRAM, arguments, input, interrupt_after);
  }
  ProgramResult theirs(const Words& arguments, const std::string& input = "") const {
    return run("redis-cli", arguments, input);
  }

  // Every type, every size different, so that the biggest of each is one key only.
  void fill() {
    for (int i = 1; i <= 40; ++i) {
      const std::string n = std::to_string(i);
      connection_.call({"SET", "string\n" + n, std::string(static_cast<std::size_t>(i * 10), 'x')});
      for (int j = 0; j < i; ++j) {
        const std::string m = std::to_string(j);
        connection_.append({"RPUSH", "list" + n, m});
        connection_.append({"SADD", "set" + n, m});
        connection_.append({"HSET", "hash" + n, m, m});
        connection_.append({"ZADD", "zset" + n, m, m});
        connection_.append({"XADD", "stream" + n, "*", m, m});
        for (int k = 0; k < 5; ++k) ASSERT_FALSE(connection_.read().is_error());
      }
    }
  }

  ServerProcess server_;
  client::Connection connection_;
};

// ---- --pipe

TEST_F(ModesTest, PipeComparesWithRedisCli) {
  for (const char* input :
       {"", "SET a b\r\nGET a\r\nNOSUCH\r\n", "SET a b",
        "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\nINCR a\r\n", "ECHO 012345678901234567890123\r\n"}) {
    const ProgramResult expected = theirs({"--pipe"}, input);
    const ProgramResult got = ours({"--pipe"}, input);
    EXPECT_EQ(got.output, expected.output) << input;
    EXPECT_EQ(got.errors, expected.errors) << input;
    EXPECT_EQ(got.status, expected.status) << input;
  }
}

TEST_F(ModesTest, PipeMovesMoreThanBuffersHold) {
  std::string input;
  constexpr int kRequests = 40'000;
  const std::string value(200, 'v');
  for (int i = 0; i < kRequests; ++i) {
    const std::string key = "key" + std::to_string(i);
    const std::string_view args[] = {"GETSET", key, value};
    client::encode(input, std::span<const std::string_view>(args));
  }
  EXPECT_EQ(lines_of(ours({"--pipe"}, input).output).back(), "errors: 0, replies: 40000");
  EXPECT_EQ(connection_.call({"DBSIZE"}).integer, kRequests);
  EXPECT_EQ(lines_of(ours({"--pipe"}, input).output).back(), "errors: 0, replies: 40000");
}

// The mark at the end of the input is swallowed by the bulk that lacks its bytes.
TEST_F(ModesTest, PipeGivesUpOnASilentServer) {
  const ProgramResult result = ours({"--pipe-timeout", "1", "--pipe"}, "*2\r\n$4\r\nECHO\r\n$1000\r\nabc");
  EXPECT_EQ(result.errors, "No replies for 1 seconds: exiting.\n");
  EXPECT_EQ(result.status, 1);
}

TEST_F(ModesTest, PipeTellsOfAClosedConnection) {
  const ProgramResult result = ours({"--pipe"}, "PING\r\nQUIT\r\n");
  EXPECT_EQ(result.errors, "Error: Server closed the connection\n");
  EXPECT_EQ(result.status, 1);
}

// ---- --scan

TEST_F(ModesTest, ScanListsEveryKeyAsRedisCliDoes) {
  fill();
  for (const Words& arguments :
       {Words{"--scan"}, Words{"--no-raw", "--scan"}, Words{"--scan", "--pattern", "list?"},
        Words{"--no-raw", "--scan", "--quoted-pattern", "\"string\\x0a1*\""}, Words{"-i", "0.001", "--scan"},
        Words{"-n", "7", "--scan"}}) {
    const ProgramResult expected = theirs(arguments);
    const ProgramResult got = ours(arguments);
    EXPECT_EQ(got.output, expected.output);
    EXPECT_EQ(got.status, expected.status);
  }
  EXPECT_EQ(lines_of(ours({"--scan", "--count", "1000", "--pattern", "[lshz]*t*[0-9]"}).output).size(),
            lines_of(ours({"--scan", "--count", "1", "--pattern", "[lshz]*t*[0-9]"}).output).size());
}

// ---- --bigkeys, --memkeys

// The lines with figures, the order of the types aside: redis-cli's is that of a randomly seeded table.
std::vector<std::string> figures(const std::string& output) {
  std::vector<std::string> lines;
  for (const std::string& line : lines_of(output)) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST_F(ModesTest, KeySizesAreThoseOfRedisCli) {
  for (const bool filled : {false, true}) {
    if (filled) fill();
    for (const Words& arguments : {Words{"--bigkeys"}, Words{"--memkeys"}, Words{"--memkeys-samples", "2"},
                                   Words{"-i", "0.01", "--bigkeys"}}) {
      const ProgramResult got = ours(arguments);
      EXPECT_EQ(figures(got.output), figures(theirs(arguments).output)) << arguments.back();
      EXPECT_EQ(got.status, 0);
    }
  }
  const std::vector<std::string> lines = figures(ours({"--bigkeys", "--pattern", "list*"}).output);
  EXPECT_NE(std::find(lines.begin(), lines.end(), "Biggest   list found '\"list40\"' has 40 items"),
            lines.end());
  EXPECT_NE(std::find(lines.begin(), lines.end(), "Sampled 40 keys in the keyspace!"), lines.end());
}

// ---- --stat

// Figures change from run to run; what stands between them does not.
std::string shape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c));
    if (!digit || out.empty() || out.back() != '9') out += digit ? '9' : c;
  }
  return out;
}

TEST_F(ModesTest, StatLooksLikeRedisClis) {
  const ProgramResult got = ours({"--stat", "-r", "3", "-i", "0.01"});
  ASSERT_EQ(got.status, 0);
  const auto lines = lines_of(got.output);
  ASSERT_EQ(lines.size(), 5u);
  const std::string_view header =
      "keys       mem      clients blocked requests            connections          ";
  EXPECT_EQ(lines[1], header);
  // Each figure stands under its heading.
  for (std::size_t column : {0u, 11u, 20u, 28u, 36u, 56u}) {
    for (std::size_t line = 2; line < 5; ++line) {
      EXPECT_TRUE(std::isdigit(static_cast<unsigned char>(lines[line][column]))) << lines[line];
    }
  }
  EXPECT_TRUE(shape(lines[2]).find("9 (+9) ") != std::string::npos) << lines[2];
  EXPECT_NE(lines[4].find("(+1)"), std::string::npos) << lines[4];
}

TEST_F(ModesTest, StatRepeatsItsHeader) {
  const auto lines = lines_of(ours({"--stat", "-r", "41", "-i", "0"}).output);
  EXPECT_EQ(lines.size(), 41u + 3 * 2);
  EXPECT_EQ(lines[0], lines[22]);
  EXPECT_EQ(lines[0], lines[44]);
}

TEST_F(ModesTest, StatEndsAtAnInterrupt) {
  const ProgramResult result = ours({"--stat", "-i", "3600"}, "", "connections");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(lines_of(result.output).size(), 3u);
}

// ---- --latency

TEST_F(ModesTest, LatencySumsUpWhenNotOnATerminal) {
  EXPECT_EQ(shape(ours({"--latency", "-i", "0.05"}).output), "9 9 9.9 9\n");
  EXPECT_EQ(shape(ours({"--latency", "--csv", "-i", "0.05"}).output), "9,9,9.9,9\n");
  EXPECT_EQ(shape(ours({"--latency", "--json", "-i", "0.05"}).output),
            "{\"min\": 9, \"max\": 9, \"avg\": 9.9, \"count\": 9}\n");
}

TEST_F(ModesTest, LatencyIsLiveOnATerminal) {
  const ProgramResult result = ours({"--latency", "--no-raw"}, "", "(3 samples)");
  EXPECT_EQ(result.status, 0);
  EXPECT_TRUE(shape(result.output).starts_with("\x1b[9G\x1b[9Kmin: 9, max: 9, avg: 9.9 (9 samples)\x1b[9G"));
}

TEST_F(ModesTest, LatencyHistoryBeginsAnew) {
  const ProgramResult live = ours({"--latency-history", "--no-raw", "-i", "0.03"}, "", "seconds range\n");
  EXPECT_NE(shape(live.output).find("avg: 9.9 (9 samples) -- 9.9 seconds range\n"), std::string::npos);
  const ProgramResult plain = ours({"--latency-history", "-i", "0.03"}, "", "\n");
  EXPECT_TRUE(shape(plain.output).starts_with("9 9 9.9 9\n"));
}

// ---- --memory

TEST_F(ModesTest, MemoryPrintsAViewPerInterval) {
  connection_.call({"CONFIG", "SET", "maxmemory", "100mb"});
  for (const char* option : {"--count", "-r"}) {
    const ProgramResult result = ours({"--memory", option, "2", "-i", "0.01"});
    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(result.output.find('\x1b'), std::string::npos);
    const auto lines = lines_of(result.output);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), "Memory of " + server_.socket_path()), 2);
    EXPECT_NE(result.output.find("% of maxmemory"), std::string::npos);
    EXPECT_NE(result.output.find("used_memory_dataset"), std::string::npos);
  }
}

TEST(OwnServerTest, MemoryShowsItsBreakdownAndTags) {
  const ServerProcess server({.program = PLIMSOLL_SERVER_PROGRAM, .arguments = {"--memory-line", "1gb"}});
  const auto run = [&](Words arguments) {
    arguments.insert(arguments.begin(), {PLIMSOLL_CLI_PROGRAM, "-s", server.socket_path()});
    return run_program({arguments, ""});
  };
  EXPECT_EQ(run({"SET", "key", "value"}).output, "OK\n");
  const ProgramResult result = run({"--memory", "--count", "1"});
  EXPECT_EQ(result.status, 0);
  for (const char* shown : {"used_memory ", "used_memory_rss ", "dataset ", "keyspace_table ",
                            "code_and_stacks ", "rest ", "string ", "table ", "line_limit "}) {
    EXPECT_NE(result.output.find(std::string("\n  ") + shown), std::string::npos) << shown << result.output;
  }
}

TEST_F(ModesTest, MemoryRefreshesInPlaceOnATerminal) {
  TerminalProgram program({PLIMSOLL_CLI_PROGRAM, "-s", server_.socket_path(), "--memory", "-i", "0.01"}, {});
  program.expect_raw("\x1b[2J");
  program.expect_raw("rss_overhead_bytes");
  program.resize(80, 10);
  program.expect_raw("more lines in a taller window)");
  program.resize(100, 60);
  program.expect_raw("rss_overhead_bytes");
  program.expect_raw("\x1b[H\x1b[1mMemory of");
  program.signal(SIGINT);
  EXPECT_EQ(program.wait(), 0);
}

TEST_F(ModesTest, RefusedQuestionsAreErrors) {
  ServerProcess guarded({.program = "redis-server", .arguments = {"--requirepass", "x"}});
  for (const char* mode : {"--stat", "--scan", "--bigkeys", "--memkeys", "--memory", "--latency"}) {
    const ProgramResult result = run_program({{PLIMSOLL_CLI_PROGRAM, "-s", guarded.socket_path(), mode}, ""});
    EXPECT_EQ(result.errors, "Error: NOAUTH Authentication required.\n") << mode;
    EXPECT_EQ(result.status, 1) << mode;
  }
}

TEST_F(ModesTest, LosingTheServerIsAnError) {
  std::string path;
  {
    ServerProcess gone({.program = "redis-server", .arguments = {}});
    path = gone.socket_path();
  }
  for (const char* mode : {"--stat", "--scan", "--bigkeys", "--memory", "--latency", "--pipe"}) {
    const ProgramResult result = run_program({{PLIMSOLL_CLI_PROGRAM, "-s", path, mode}, ""});
    EXPECT_EQ(result.errors, "Could not connect to Redis at " + path + ": No such file or directory\n")
        << mode;
    EXPECT_EQ(result.status, 1) << mode;
  }
}

TEST_F(ModesTest, HelpAndVersionNeedNoServer) {
  EXPECT_TRUE(run_program({{PLIMSOLL_CLI_PROGRAM, "--version"}, ""}).output.starts_with("plimsoll-cli "));
  EXPECT_NE(run_program({{PLIMSOLL_CLI_PROGRAM, "--help"}, ""}).output.find("--memory"), std::string::npos);
}

TEST_F(ModesTest, ClusterModeIsIgnoredAloud) {
  ServerProcess server({.program = "redis-server", .arguments = {}, .tcp = true});
  const ProgramResult result =
      run_program({{PLIMSOLL_CLI_PROGRAM, "-p", std::to_string(server.port()), "-c", "ping"}, ""});
  EXPECT_EQ(result.output, "PONG\n");
  EXPECT_EQ(result.errors, "Option -c is ignored: plimsoll-cli does not follow cluster redirections.\n");
  EXPECT_EQ(result.status, 0);
}

}  // namespace
}  // namespace plimsoll::test
