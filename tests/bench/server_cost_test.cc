#include <gtest/gtest.h>

#include <string>
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

}  // namespace
}  // namespace plimsoll::bench
