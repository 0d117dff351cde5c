#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "process_stats.h"
#include "support.h"

namespace plimsoll::bench {
namespace {

// What redis-benchmark -t set,get -P 16 with 50 clients does. The ratio is some .4 to .5 on a quiet machine;
// CPU time, unlike elapsed time, hardly changes on a busy one.
TEST(ServerCost, PipelinedSetAndGetTakeLessCpuThanRedis) {
  const TemporaryFolder folder;
  const std::string json = folder.path() + "/cost.json";
  const ToolResult result =
      run_tool("compare --a '" PLIMSOLL_SERVER
               " --port 0 --unixsocket {socket}' --cases set@16,get@16 --clients 50 --rounds 3 -n 200000 "
               "--keys 100000 --parts speed --json " +
               json);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<double> ratios = numbers_of(read_file(json).value_or(""), "cpu_ratio");
  ASSERT_EQ(ratios.size(), 2u) << result.out;
  for (const double ratio : ratios) {
    EXPECT_GT(ratio, 0.0) << result.out;
    EXPECT_LT(ratio, 0.9) << result.out;
  }
}

// The plimsoll-server beside plimsoll-bench is the default, in every part.
TEST(ServerCost, EveryPartRunsWithoutNamingAServer) {
  const TemporaryFolder folder;
  const std::string json = folder.path() + "/all.json", svg = folder.path() + "/all.svg";
  const ToolResult result = run_tool(
      "compare --rounds 1 -n 2000 --keys 1000,2000 --memory-keys 20000 --growth-keys 5000 "
      "--idle-connections 300 --idle-seconds 0 --json " +
      json + " --svg " + svg);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string written = read_file(json).value_or("");
  EXPECT_EQ(occurrences(written, "\"name\": \"plimsoll-server\""), 1u);
  for (const auto& [field, count] : {std::pair{"cpu_ratio", 18},
                                     {"used_memory_overhead", 10},
                                     {"rss_overhead", 10},
                                     {"p99.9_ratio", 1},
                                     {"throughput_2_to_1", 4},
                                     {"cpu_2_to_1", 4},
                                     {"ns_per_key", 3},
                                     {"time_2_to_1", 3}}) {
    EXPECT_EQ(numbers_of(written, field).size(), static_cast<size_t>(count)) << field;
  }
  EXPECT_EQ(numbers_of(written, "reached").size(), 18u + 10 + 2 + 1 + 2 + 5) << result.out;
  EXPECT_EQ(occurrences(written, ": null"), 0u) << written;
  EXPECT_TRUE(contains(read_file(svg).value_or(""), "p99.9 latency while the table grows"));
}

TEST(ServerCost, TheDefaultServerMustBeBesideTheProgram) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(BENCH_PROGRAM, folder.path() + "/bench");
  const std::string output = folder.path() + "/output";
  const int status = std::system((folder.path() + "/bench compare >" + output + " 2>&1").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_TRUE(contains(read_file(output).value_or(""), "no plimsoll-server beside"));
}

}  // namespace
}  // namespace plimsoll::bench
