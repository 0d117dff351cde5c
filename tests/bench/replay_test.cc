#include "replay.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <set>
#include <string>

#include "error.h"
#include "server_probe.h"
#include "support.h"

namespace plimsoll::bench {
namespace {

class ReplayTest : public testing::Test {
 protected:
  ReplayTest() : server_(kRedisCommand, 20000) { options_.trace = folder_.path() + "/trace.csv"; }

  void write(const std::string& text) { std::ofstream(options_.trace) << text; }
  ReplayStatus replay(std::optional<uint64_t> maxmemory = {}) {
    const auto result = replay_trace(options_, server_.target(), maxmemory, [](const ReplayStatus&) {});
    return result.progress.back();
  }

  TemporaryFolder folder_;
  ChildServer server_;
  ReplayOptions options_;
};

TEST_F(ReplayTest, CountsHitsAndBytes) {
  write("a,10,get\na,10,get\nb,30,get\na,10,get\nb,30,get\nc,5,set\nc,5,get\nc,5,del\nc,5,get\n");
  const ReplayStatus end = replay();
  EXPECT_EQ(end.requests, 9u);
  EXPECT_EQ(end.gets, 7u);
  EXPECT_EQ(end.hits, 4u);
  EXPECT_EQ(end.get_bytes, 100u);
  EXPECT_EQ(end.hit_bytes, 55u);
  EXPECT_EQ(end.errors, 0u);
  EXPECT_DOUBLE_EQ(end.byte_hit_ratio(), 0.55);
  Client client(server_.target());
  EXPECT_EQ(client.must({"STRLEN", "key:0000000000000000000b"}).text, "30");
}

TEST_F(ReplayTest, KeepsEachKeysOrder) {
  std::mt19937 random(5);
  std::string text;
  std::set<int> present;
  uint64_t hits = 0;
  for (int i = 0; i < 20000; ++i) {
    const int key = static_cast<int>(random() % (i % 2 == 0 ? 10 : 400));
    const unsigned choice = random() % 10;
    const char* op = choice < 7 ? "get" : choice < 8 ? "set" : "del";
    if (op[0] == 'g') hits += present.count(key);
    if (op[0] == 'd')
      present.erase(key);
    else
      present.insert(key);
    text += std::to_string(key) + ",20," + op + "\n";
  }
  write(text);
  const ReplayStatus end = replay();
  EXPECT_EQ(end.requests, 20000u);
  EXPECT_EQ(end.hits, hits);
}

TEST_F(ReplayTest, StopsAtTheLimitAndReportsOnTheWay) {
  options_.trace = SMALL_TRACE;
  options_.limit = 10'000;
  options_.progress.requests = 2'000;
  std::vector<uint64_t> reports;
  replay_trace(options_, server_.target(), {}, [&](const ReplayStatus& s) { reports.push_back(s.requests); });
  ASSERT_GE(reports.size(), 4u);
  EXPECT_LE(reports.size(), 6u);
  EXPECT_EQ(reports.back(), 10'000u);
}

TEST_F(ReplayTest, ASmallerLimitEvictsAndHitsLess) {
  options_.trace = SMALL_TRACE;
  options_.policy = "allkeys-lru";
  options_.flush = true;
  const ReplayStatus free = replay();
  const TraceFootprint footprint = measure_footprint(options_, server_.target());
  EXPECT_GT(footprint.full, footprint.base + 5'000'000);
  const uint64_t limit = footprint.base + (footprint.full - footprint.base) / 5;
  const ReplayStatus limited = replay(limit);
  EXPECT_EQ(free.evicted, 0u);
  EXPECT_GT(limited.evicted, 1000u);
  EXPECT_LT(limited.hits, free.hits);
  EXPECT_GT(limited.hits, limited.gets / 4);
  ASSERT_TRUE(limited.used_memory);
  EXPECT_LT(*limited.used_memory, limit + 100'000);
}

TEST_F(ReplayTest, RefusesAServerThatHoldsKeys) {
  write("a,10,get\n");
  Client(server_.target()).must({"SET", "precious", "1"});
  EXPECT_THROW(replay(), BenchError);
  options_.keep = true;
  EXPECT_EQ(replay().gets, 1u);
  EXPECT_EQ(Client(server_.target()).must({"GET", "precious"}).text, "1");
}

TEST_F(ReplayTest, TheProgramReplaysAndTellsRefusedWrites) {
  const std::string server = " --server " + server_.target().endpoint.text();
  const std::string json = folder_.path() + "/r.json", svg = folder_.path() + "/r.svg";
  const ToolResult good = run_tool("replay " SMALL_TRACE + server + " --maxmemory 25% --policy allkeys-lru " +
                                   "--progress 20000 --json " + json + " --svg " + svg);
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_TRUE(contains(good.out, "object hit ratio 0.") && contains(good.out, "policy allkeys-lru"))
      << good.out;
  EXPECT_TRUE(contains(read_file(json).value_or(""), "\"full_bytes\": "));
  EXPECT_TRUE(contains(read_file(svg).value_or(""), "<polyline"));
  const ToolResult full =
      run_tool("replay " SMALL_TRACE + server + " --flush --maxmemory 3mb --policy noeviction");
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_TRUE(contains(full.err, "OOM command not allowed")) << full.err;
  const ToolResult allowed = run_tool("replay " SMALL_TRACE + server +
                                      " --flush --maxmemory 3mb --policy noeviction --allow-errors");
  EXPECT_EQ(allowed.exit_code, 0);
}

TEST_F(ReplayTest, TheProgramReplaysAgainstASecondServer) {
  const ChildServer other(kRedisCommand, 20000);
  const ToolResult both =
      run_tool("replay " SMALL_TRACE " --server " + server_.target().endpoint.text() + " --against " +
               other.target().endpoint.text() + " --limit 5000 --maxmemory 1gb");
  EXPECT_EQ(both.exit_code, 0) << both.err;
  EXPECT_EQ(occurrences(both.out, "object hit ratio"), 2u);
  EXPECT_EQ(ServerProbe(other.target()).keys(), ServerProbe(server_.target()).keys());
}

}  // namespace
}  // namespace plimsoll::bench
