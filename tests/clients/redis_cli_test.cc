// redis-cli against the tested server; where its output does not vary it must be what redis-cli says to
// redis-server.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "support/server_process.h"
#include "support/subprocess.h"

namespace plimsoll::test {
namespace {

const char kSession[] =
    "SET greeting \"hello world\"\nGET greeting\nGET missing\nINCR counter\nINCRBY counter 41\nMSET a 1 b 2\n"
    "MGET a b missing\nEXPIRE a 1000\nPERSIST a\nSTRLEN greeting\nGETRANGE greeting 0 4\nTYPE "
    "greeting\nSET\nBOGUS x\n"
    "INCR greeting\nLCS a b IDX\nSELECT 3\nDBSIZE\nSELECT 99\nOBJECT HELP\nCONFIG GET maxmemory\nPING\nECHO "
    "\"\\x00\\xff\"\n"
    "HELLO 4\nCLIENT GETNAME\nCOMMAND GETKEYS MSET a 1 b 2\nFLUSHALL\nKEYS *\n";

class RedisCli : public testing::Test {
 protected:
  struct Outcomes {
    ProgramRun reference, tested;
  };

  static ProgramRun cli(const ServerProcess& server, std::vector<std::string> arguments,
                        const std::string& input = "") {
    std::vector<std::string> argv = {"redis-cli", "-s", server.socket_path()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run_program(argv, input);
  }

  Outcomes both(const std::vector<std::string>& arguments, const std::string& input = "") {
    return {cli(reference_, arguments, input), cli(tested_, arguments, input)};
  }

  // Both say the same and end the same way.
  void expect_same(const std::vector<std::string>& arguments, const std::string& input = "") {
    const Outcomes outcomes = both(arguments, input);
    EXPECT_EQ(outcomes.tested.output, outcomes.reference.output);
    EXPECT_EQ(outcomes.tested.error, outcomes.reference.error);
    EXPECT_EQ(outcomes.tested.exit_code, outcomes.reference.exit_code);
  }

  void fill() {
    std::string commands;
    for (int i = 0; i < 200; ++i)
      commands += "SET key:" + std::to_string(i) + " " + std::string(static_cast<size_t>(i) + 1, 'x') + "\n";
    for (const ServerProcess* server : {&reference_, &tested_})
      ASSERT_EQ(cli(*server, {"--pipe"}, commands).exit_code, 0);
  }

  static std::vector<std::string> lfu() { return {"--maxmemory-policy", "allkeys-lfu"}; }

  ServerProcess reference_{{.program = environment_or("PLIMSOLL_REDIS_SERVER", "redis-server"),
                            .arguments = lfu(),
                            .kill_at_end = true}};
  ServerProcess tested_{
      {.program = environment_or("PLIMSOLL_SERVER_UNDER_TEST", "redis-server"), .arguments = lfu()}};
};

std::string sorted_lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

TEST_F(RedisCli, aSessionLooksTheSameRawAndFormatted) {
  expect_same({}, kSession);
  expect_same({"--no-raw"}, kSession);
  expect_same({"-3", "--no-raw"}, kSession);
  expect_same({"--csv"}, kSession);
  expect_same({"--json", "-3"}, "SET a 1\nGET a\nGET missing\nCONFIG GET maxmemory\nINCR a\n");
}

TEST_F(RedisCli, runsSingleCommandsAndTellsErrorsByItsExitCode) {
  expect_same({"SET", "k", "v"});
  expect_same({"-e", "INCR", "k"});
  expect_same({"-n", "5", "SET", "k", "five"});
  expect_same({"-n", "5", "GET", "k"});
  expect_same({"-n", "99", "GET", "k"});
  expect_same({"-r", "5", "INCR", "counter"});
  expect_same({"-x", "SET", "from-stdin"}, "a value\nof lines");
  expect_same({"--no-raw", "GET", "from-stdin"});
  expect_same({"-a", "wrong", "--no-auth-warning", "PING"});
  expect_same({"--no-raw", "-D", ";", "MGET", "k", "missing"});
}

TEST_F(RedisCli, insertsInBulkByPipe) {
  std::string commands;
  for (int i = 0; i < 10'000; ++i)
    commands += "*3\r\n$3\r\nSET\r\n$5\r\n" + std::to_string(10'000 + i) + "\r\n$1\r\nx\r\n";
  const ProgramRun run = cli(tested_, {"--pipe"}, commands);
  EXPECT_EQ(run.exit_code, 0) << run.output << run.error;
  EXPECT_NE(run.output.find("errors: 0, replies: 10000"), std::string::npos) << run.output;
  EXPECT_EQ(cli(tested_, {"DBSIZE"}).output, "10000\n");
}

TEST_F(RedisCli, scansKeys) {
  fill();
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--scan"},
                                                    {"--scan", "--pattern", "key:1?"},
                                                    {"--scan", "--pattern", "key:*", "-3"}}) {
    const Outcomes outcomes = both(arguments);
    EXPECT_EQ(sorted_lines(outcomes.tested.output), sorted_lines(outcomes.reference.output));
    EXPECT_FALSE(outcomes.tested.output.empty());
  }
}

TEST_F(RedisCli, findsBigAndHotKeysAndMeasuresMemory) {
  fill();
  const std::string big = cli(tested_, {"--bigkeys"}).output;
  EXPECT_NE(big.find("Sampled 200 keys in the keyspace!"), std::string::npos) << big;
  EXPECT_NE(big.find("Biggest string found '\"key:199\"' has 200 bytes"), std::string::npos) << big;
  const std::string memory = cli(tested_, {"--memkeys"}).output;
  EXPECT_NE(memory.find("Sampled 200 keys in the keyspace!"), std::string::npos) << memory;
  const ProgramRun hot = cli(tested_, {"--hotkeys"});
  EXPECT_EQ(hot.exit_code, 0);
  EXPECT_NE(hot.output.find("Sampled 200 keys in the keyspace!"), std::string::npos)
      << hot.output << hot.error;
}

TEST_F(RedisCli, measuresLatency) {
  const ProgramRun run = cli(tested_, {"--raw", "-i", "0.1", "--latency"});
  EXPECT_EQ(run.exit_code, 0) << run.error;
  double minimum = -1, maximum = -1, average = -1;
  std::istringstream(run.output) >> minimum >> maximum >> average;
  EXPECT_LE(minimum, maximum) << run.output;
  EXPECT_GE(average, 0) << run.output;
}

TEST_F(RedisCli, showsInfo) {
  const ProgramRun run = cli(tested_, {"INFO", "memory"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.output.find("used_memory:"), std::string::npos) << run.output;
}

}  // namespace
}  // namespace plimsoll::test
