#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <string>

#include "json.h"
#include "load_engine.h"
#include "measure.h"
#include "server_probe.h"
#include "support.h"

namespace plimsoll::bench {
namespace {

class RunTest : public testing::Test {
 protected:
  RunTest() : server_(kRedisCommand, 20000), at_(" --server " + server_.target().endpoint.text() + " ") {}

  LoadConfig small_load(TestKind kind) const {
    LoadConfig config;
    config.target = server_.target();
    config.workload.kind = kind;
    config.workload.key_count = 500;
    config.clients = 5;
    config.pipeline = 8;
    config.requests = 3001;
    return config;
  }

  TemporaryFolder folder_;
  ChildServer server_;
  std::string at_;
};

TEST_F(RunTest, MeasuresEveryTest) {
  const std::string json = folder_.path() + "/run.json";
  const ToolResult result =
      run_tool("run" + at_ + "-n 3000 --keys 500 -c 7 --threads 2 -P 1,16 --mget-keys 20 --json " + json);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* test : {"ping", "set", "get", "incr", "mset", "mget", "fill"}) {
    EXPECT_TRUE(contains(result.out, test)) << result.out;
  }
  const std::string text = read_file(json).value_or("");
  EXPECT_EQ(occurrences(text, "\"requests\": 3000,"), 12u);
  EXPECT_EQ(occurrences(text, "\"errors\": 0,"), 13u);
  EXPECT_EQ(occurrences(text, "\"cpu_ns_per_command\": null"), 0u);
  EXPECT_EQ(ServerProbe(server_.target()).keys(), 1000u);  // 500 strings, 500 counters
}

TEST_F(RunTest, EveryRequestIsSentOnceAndAnswered) {
  for (const unsigned threads : {1u, 2u}) {
    LoadConfig config = small_load(TestKind::kIncr);
    config.threads = threads;
    config.workload.key_count = 1;
    ServerProbe probe(server_.target());
    const Measurement measured = measure(config, probe);
    EXPECT_EQ(measured.load.replies, 3001u);
    EXPECT_EQ(measured.load.latency.count(), 3001u);
    EXPECT_GT(measured.load.latency.min(), 0u);
    EXPECT_EQ(probe.client().must({"GETDEL", "cnt:000000000000"}).text, "3001");
    EXPECT_EQ(probe.pid(), server_.pid());
    ASSERT_TRUE(measured.cpu);
  }
}

TEST_F(RunTest, SequentialKeysAreWrittenOnceEach) {
  LoadConfig config = small_load(TestKind::kSet);
  config.workload.key_count = 3001;
  config.workload.sequential = true;
  config.workload.with_expiry = true;
  config.threads = 2;
  EXPECT_EQ(LoadEngine(config).run().errors, 0u);
  ServerProbe probe(server_.target());
  EXPECT_EQ(probe.keys(), 3001u);
  EXPECT_GT(std::stoll(probe.client().must({"PTTL", "key:000000003000"}).text), 90'000'000);
}

TEST_F(RunTest, MissesAreCountedAsNulls) {
  const LoadResult result = LoadEngine(small_load(TestKind::kGet)).run();
  EXPECT_EQ(result.nulls, 3001u);
  LoadConfig config = small_load(TestKind::kGet);
  config.target.resp3 = true;
  EXPECT_EQ(LoadEngine(config).run().nulls, 3001u);
}

TEST_F(RunTest, LargeRepliesAndRequestsAreCutByTheSocketAndStillCount) {
  LoadConfig config = small_load(TestKind::kSet);
  config.workload.key_count = 20;
  config.workload.value_size = 300'000;
  config.requests = 200;
  EXPECT_EQ(LoadEngine(config).run().errors, 0u);
  config.workload.kind = TestKind::kGet;
  const LoadResult result = LoadEngine(config).run();
  EXPECT_EQ(result.replies, 200u);
  EXPECT_EQ(result.nulls, 0u);
}

TEST_F(RunTest, ARateIsKept) {
  LoadConfig config = small_load(TestKind::kPing);
  config.pipeline = 1;
  config.requests = 400;
  config.rate = 2000;
  const LoadResult result = LoadEngine(config).run();
  EXPECT_EQ(result.replies, 400u);
  EXPECT_GE(result.seconds, 0.199);
}

// The server sleeps while further requests fall due: their wait must show although they were not sent yet.
TEST_F(RunTest, ARateCountsTheWaitOfRequestsThatFallDueDuringAStall) {
  LoadConfig config = small_load(TestKind::kPing);
  config.clients = 1;
  config.pipeline = 1;
  config.requests = 600;
  config.rate = 1000;
  LoadEngine engine(config);
  Client(server_.target()).must({"CLIENT", "PAUSE", "300", "ALL"});
  const LoadResult result = engine.run();
  EXPECT_GT(result.latency.percentile(75), 10'000'000u);
}

TEST_F(RunTest, SecondsEndAMeasurement) {
  LoadConfig config = small_load(TestKind::kPing);
  config.requests = 0;
  config.seconds = 0.2;
  const LoadResult result = LoadEngine(config).run();
  EXPECT_GE(result.seconds, 0.2);
  EXPECT_GT(result.replies, 100u);
}

TEST_F(RunTest, ErrorRepliesFailUnlessAllowed) {
  Client(server_.target()).must({"SET", "cnt:000000000000", "text"});
  const std::string arguments = "run" + at_ + "-t incr -n 100 --keys 1 -c 2";
  const ToolResult refused = run_tool(arguments);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_TRUE(contains(refused.err, "100 error replies") && contains(refused.err, "not an integer"))
      << refused.err;
  EXPECT_EQ(run_tool(arguments + " --allow-errors").exit_code, 0);
}

TEST_F(RunTest, AServerWithAPasswordNeedsIt) {
  Client(server_.target()).must({"CONFIG", "SET", "requirepass", "secret"});
  const std::string arguments = "run" + at_ + "-t ping -n 100 -c 2";
  EXPECT_EQ(run_tool(arguments).exit_code, 1);
  EXPECT_EQ(run_tool(arguments + " -a secret").exit_code, 0);
  EXPECT_EQ(run_tool(arguments, "REDISCLI_AUTH=secret").exit_code, 0);
  EXPECT_EQ(run_tool(arguments + " -a secret --resp3").exit_code, 0);
  const ToolResult wrong = run_tool(arguments + " -a wrong");
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_TRUE(contains(wrong.err, "WRONGPASS")) << wrong.err;
}

TEST_F(RunTest, ALostServerIsToldAtOnce) {
  LoadConfig config = small_load(TestKind::kPing);
  config.requests = 0;
  config.seconds = 100;
  LoadEngine engine(config);
  ASSERT_EQ(::kill(server_.pid(), SIGKILL), 0);
  EXPECT_THROW(engine.run(), std::exception);
}

TEST(CommandLine, BadOptionsCostNothing) {
  for (const char* arguments : {"",
                                "fly",
                                "run --test hset",
                                "run --test ''",
                                "run --clients 0",
                                "run --server nowhere",
                                "run --keys 0",
                                "run --pipeline 0",
                                "run --pipeline x",
                                "run -n 1 --seconds 1",
                                "run --seconds -1",
                                "run --timeout 0",
                                "run --key-size 3",
                                "run --threads 9 --clients 2",
                                "run --pid -5",
                                "compare --a 'redis-server'",
                                "compare --a x --a-server y",
                                "compare --a 'x {socket}' --cases set",
                                "compare --a 'x {socket}' --rounds 0",
                                "compare --a 'x {socket}' --keys 0",
                                "compare --a 'x {socket}' --keys 10,x",
                                "compare --a 'x {socket}' --memory-keys 0",
                                "compare --a 'x {socket}' --growth-keys 0",
                                "compare --a 'x {socket}' --growth-pipeline 0",
                                "compare --a 'x {socket}' --growth-rate -1",
                                "compare --a 'x {socket}' --idle-connections 0",
                                "compare --a 'x {socket}' --idle-seconds -1",
                                "compare --a 'x {socket}' --parts ''",
                                "compare --a 'x {socket}' --parts speed,fun",
                                "replay",
                                "replay x --maxmemory 5q",
                                "replay x --maxmemory 0%",
                                "replay x --progress 0",
                                "replay x --clients 0",
                                "make-trace",
                                "make-trace - --one-time 101"}) {
    const ToolResult result = run_tool(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments << ": " << result.err;
    EXPECT_FALSE(result.err.empty() && result.out.empty()) << arguments;
  }
  EXPECT_EQ(run_tool("--help").exit_code, 0);
  EXPECT_EQ(run_tool("compare --help").exit_code, 0);
}

TEST(CommandLine, AnAbsentServerIsAnError) {
  const ToolResult result = run_tool("run --server unix:/nonexistent/s -n 1");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "cannot connect")) << result.err;
}

TEST(Compare, TwoServersOfAKindCostTheSameMemory) {
  const TemporaryFolder folder;
  const std::string json = folder.path() + "/c.json", svg = folder.path() + "/c.svg";
  const ToolResult result = run_tool(
      "compare --a 'redis-server --save \"\" --port {port}' --a-name left --b-name right --rounds 2 -n 1000 "
      "--parts speed,memory --keys 2000,1000 --cases set@1,get@16,mset@4 --memory-keys 4000 --json " +
          json + " --svg " + svg,
      "TMPDIR=" + folder.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* text : {"set@1", "get@16", "mset@4", "40 B key, 8-digit integer", "left", "right"}) {
    EXPECT_TRUE(contains(result.out, text)) << result.out;
  }
  const std::string written = read_file(json).value_or("");
  EXPECT_EQ(occurrences(written, "\"cpu_ratio\": "), 6u);
  EXPECT_EQ(occurrences(written, "\"cpu_ratio\": null"), 0u);
  EXPECT_EQ(occurrences(written, "\"keys\": 4000,\n\"data_bytes\""), 5u);
  const std::string expiry = written.substr(written.find("\"bytes_per_expiry\": "));
  const std::vector<double> used_memory = numbers_of(expiry, "used_memory");
  ASSERT_EQ(used_memory.size(), 2u) << expiry;
  for (const double bytes : used_memory) {  // an entry of a second hash table, and a share of its buckets
    EXPECT_GT(bytes, 24) << expiry;
    EXPECT_LT(bytes, 72) << expiry;
  }
  EXPECT_LT(written.find("\"keys\": 1000,\n\"cpu_ratio\""), written.find("\"keys\": 2000,\n\"cpu_ratio\""));
  EXPECT_EQ(occurrences(written, "\"nulls\": 0,"), 2u * 2 * 3 * 2);  // a get finds every key, grown to or not
  EXPECT_TRUE(contains(read_file(svg).value_or(""), "</svg>"));
  size_t left_behind = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    left_behind += entry.is_directory();
  EXPECT_EQ(left_behind, 0u);
}

// What is measured is counting up, not making the counters: there is no room for these, but for those asked
// for there is.
TEST(Compare, CountersAreThereBeforeTheyAreCountedUp) {
  const ToolResult result = run_tool(
      "compare --a 'redis-server --save \"\" --port {port} --maxmemory 8mb --maxmemory-policy noeviction' "
      "--parts speed --rounds 1 -n 100 --keys 200000 --cases incr@16");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "filling failed: OOM")) << result.err;
}

// redis-server beside itself; the JSON it wrote.
std::string compare_alike(const std::string& arguments) {
  const TemporaryFolder folder;
  const std::string json = folder.path() + "/c.json",
                    command = std::string(kRedisCommand) + " --io-threads {threads}";
  const ToolResult result = run_tool("compare --a '" + command + "' " + arguments + " --json " + json);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return read_file(json).value_or("");
}

TEST(Compare, GrowthIsAtHalfOfThePeak) {
  const std::string json = compare_alike("--parts growth --rounds 2 --growth-keys 5000 -c 10");
  ASSERT_EQ(numbers_of(json, "peak_of_b").size(), 1u) << json;
  EXPECT_NEAR(numbers_of(json, "rate")[0], numbers_of(json, "peak_of_b")[0] / 2, 10);
  EXPECT_GT(numbers_of(json, "p99.9_ratio").at(0), 0);
  EXPECT_EQ(numbers_of(json, "requests"), std::vector<double>(4, 5000)) << json;
}

TEST(Compare, GrowthKeepsTheRateAskedFor) {
  const std::string json =
      compare_alike("--parts growth --rounds 1 --growth-keys 400 --growth-rate 2000 -c 10");
  EXPECT_EQ(numbers_of(json, "rate"), std::vector<double>{2000});
  EXPECT_TRUE(contains(json, "\"peak_of_b\": null")) << json;
  for (const double seconds : numbers_of(json, "seconds")) EXPECT_GE(seconds, 0.19);
}

// redis-server keeps a reply buffer for each of them.
TEST(Compare, IdleConnectionsTakeMemory) {
  const std::string json = compare_alike("--parts idle --idle-connections 300 --idle-seconds 0");
  EXPECT_EQ(numbers_of(json, "connections"), std::vector<double>{300});
  ASSERT_EQ(numbers_of(json, "used_memory").size(), 2u) << json;
  for (const double bytes : numbers_of(json, "used_memory")) EXPECT_GT(bytes, 500);
  EXPECT_EQ(numbers_of(json, "rss").size(), 2u);
}

TEST(Compare, IdleConnectionsRaiseTheServersLimit) {
  const std::string command = std::string(kRedisCommand) + " --maxclients 20";
  const std::string arguments = "compare --a '" + command + "' --b '" + command +
                                "' --parts idle --idle-seconds 0 --idle-connections 200";
  const ToolResult result = run_tool(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST(Compare, TooFewDescriptorsForIdleConnectionsIsAnError) {
  const ToolResult result = run_tool("compare --a '" + std::string(kRedisCommand) +
                                         "' --parts idle --idle-seconds 0 --idle-connections 2000",
                                     "ulimit -n 1000;");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "may open only 1000 files")) << result.err;
}

TEST(Compare, ThreadsAreComparedWithOne) {
  const std::string json = compare_alike("--parts threads --rounds 1 -n 500 --keys 100");
  for (const char* field : {"throughput_2_to_1", "cpu_2_to_1"}) {
    const std::vector<double> ratios = numbers_of(json, field);
    ASSERT_EQ(ratios.size(), 4u) << field << ": " << json;
    for (const double ratio : ratios) EXPECT_GT(ratio, 0);
  }
}

// Side b notes how many threads it is started with: first for its version, then both numbers. Side a cannot
// be told.
TEST(Compare, TheMarkForThreadsIsReplaced) {
  const TemporaryFolder folder;
  const std::string log = folder.path() + "/log", json = folder.path() + "/json",
                    script = folder.path() + "/b";
  write_file(script,
             "echo $1 >>" + log + "\nexec redis-server --save '' --port 0 --unixsocket $2 --io-threads $1\n");
  const ToolResult result =
      run_tool("compare --a '" + std::string(kRedisCommand) + "' --b 'sh " + script +
               " {threads} {socket}' --parts threads --rounds 1 -n 100 --keys 100 --json " + json);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(read_file(log).value_or(""), "1\n1\n2\n");
  EXPECT_TRUE(contains(result.err, "redis-server is left out")) << result.err;
  EXPECT_TRUE(contains(read_file(json).value_or(""), "\"a\": null,\n\"b\": {\n\"throughput_2_to_1\""));
}

TEST(Compare, EmbeddedCallsAreTimedWithoutServers) {
  const TemporaryFolder folder;
  const std::string json = folder.path() + "/json";
  const ToolResult result = run_tool(
      "compare --a 'no-such-server {socket}' --parts embedded --rounds 2 --keys 1000 --json " + json);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* call : {"get", "read", "read_many of 16"})
    EXPECT_TRUE(contains(result.out, call)) << result.out;
  const std::string written = read_file(json).value_or("");
  for (const char* field : {"ns_per_key", "ns_per_key_with_2_threads", "time_2_to_1"}) {
    const std::vector<double> numbers = numbers_of(written, field);
    ASSERT_EQ(numbers.size(), 3u) << written;
    for (const double number : numbers) EXPECT_GT(number, 0) << written;
  }
}

TEST(Compare, RunningServersMustBeEmpty) {
  const ChildServer one(kRedisCommand, 20000), two(kRedisCommand, 20000);
  const std::string arguments = "compare --a-server " + one.target().endpoint.text() + " --b-server " +
                                two.target().endpoint.text() +
                                " --parts speed,memory,growth --rounds 1 -n 200 --keys 100 --cases set@1 "
                                "--memory-keys 100 --growth-keys 100";
  Client(one.target()).must({"SET", "precious", "1"});
  const ToolResult refused = run_tool(arguments);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_TRUE(contains(refused.err, "holds 1 keys")) << refused.err;
  EXPECT_EQ(Client(one.target()).must({"GET", "precious"}).text, "1");
  EXPECT_EQ(run_tool(arguments + " --flush").exit_code, 0);
}

TEST(Compare, AServerThatDoesNotStartIsAnErrorWithItsOutput) {
  const ToolResult ended = run_tool("compare --a 'sh -c \"echo no such luck; exit 3\" {socket}' --rounds 1");
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_TRUE(contains(ended.err, "ended at once") && contains(ended.err, "no such luck")) << ended.err;
  const ToolResult silent = run_tool("compare --a 'sleep 1000 # {socket}' --rounds 1 --timeout 0.3");
  EXPECT_EQ(silent.exit_code, 1);
  EXPECT_TRUE(contains(silent.err, "does not answer")) << silent.err;
}

TEST(ChildServerTest, EndsWithItsOwner) {
  pid_t pid = 0;
  std::string folder;
  {
    const ChildServer server(kRedisCommand, 20000);
    pid = server.pid();
    folder = std::filesystem::path(server.target().endpoint.unix_path).parent_path().string();
    EXPECT_TRUE(read_cpu_time(pid));
    EXPECT_TRUE(std::filesystem::exists(folder));
  }
  EXPECT_FALSE(read_cpu_time(pid));
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace plimsoll::bench
