#include <gtest/gtest.h>

#include "support/resp_reply.h"
#include "support/server_process.h"
#include "support/subprocess.h"

namespace plimsoll::test {
namespace {

constexpr const char* kTests[] = {
    "PING_INLINE: ", "PING_MBULK: ", "SET: ", "GET: ", "INCR: ", "MSET (10 keys): "};

class RedisBenchmark : public testing::Test {
 protected:
  // Runs the usual tests and expects each to report a rate, and nothing to complain.
  void benchmark(std::vector<std::string> options) {
    std::vector<std::string> argv = {"redis-benchmark"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.insert(argv.end(), {"-t", "ping,set,get,incr,mset", "-n", "3200", "-c", "10", "-q"});
    const ProgramRun run = run_program(argv);
    EXPECT_EQ(run.exit_code, 0) << run.output << run.error;
    EXPECT_EQ(run.error, "");
    for (const char* test : kTests)
      EXPECT_NE(run.output.find(test), std::string::npos) << test << " in\n" << run.output;
    for (const char* complaint : {"Error", "ERR", "WARN", "Could not"})
      EXPECT_EQ(run.output.find(complaint), std::string::npos) << run.output;
  }

  std::string call(const std::vector<std::string>& argv) { return server_.connect().call(argv); }

  ServerProcess server_{{.program = environment_or("PLIMSOLL_SERVER_UNDER_TEST", "redis-server"),
                         .arguments = {},
                         .tcp = true}};
  std::string port_ = std::to_string(server_.port());
};

TEST_F(RedisBenchmark, runsOverAUnixSocket) {
  benchmark({"-s", server_.socket_path()});
  EXPECT_EQ(call({"GET", "counter:__rand_int__"}), "$4\r\n3200\r\n");
  EXPECT_EQ(call({"GET", "key:__rand_int__"}), "$3\r\nVXK\r\n");
}

TEST_F(RedisBenchmark, runsOverTcpWithPipelinesAndThreads) {
  benchmark({"-p", port_, "-P", "16"});
  benchmark({"-p", port_, "-P", "16", "--threads", "2"});
  EXPECT_EQ(call({"GET", "counter:__rand_int__"}), "$4\r\n6400\r\n");
}

TEST_F(RedisBenchmark, runsWithRandomKeysAndRESP3) {
  benchmark({"-p", port_, "-r", "500", "-d", "100", "-3"});
  const RespReply size = parse_reply(call({"DBSIZE"}));
  EXPECT_GT(std::stoi(size.text), 900);
  EXPECT_LE(std::stoi(size.text), 1001);
}

TEST_F(RedisBenchmark, countsEveryCommandOnce) {
  call({"CONFIG", "RESETSTAT"});
  const ProgramRun run = run_program(
      {"redis-benchmark", "-p", port_, "-n", "2000", "-c", "7", "-P", "5", "-q", "SETRANGE", "k", "3", "x"});
  EXPECT_EQ(run.exit_code, 0) << run.output << run.error;
  EXPECT_NE(call({"INFO", "commandstats"}).find("cmdstat_setrange:calls=2000,"), std::string::npos);
}

}  // namespace
}  // namespace plimsoll::test
