#include "process_stats.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "server_probe.h"

namespace plimsoll::bench {
namespace {

constexpr const char* kRest =
    "1 2 3 4 -1 4194304 100 0 0 0 321 45 0 0 20 0 4 0 12345 1000000 250 18446744073709551615";

TEST(ProcStat, ReadsTheTimes) {
  const auto stat = parse_proc_stat(std::string("4711 (redis-server) S ") + kRest + "\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 4711);
  EXPECT_EQ(stat->name, "redis-server");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->user_ticks, 321u);
  EXPECT_EQ(stat->system_ticks, 45u);
}

TEST(ProcStat, NamesMayHoldAnything) {
  for (const char* name :
       {"a b", ") R 1 2 3", "((", "))", "", "x) S 9 9 9 9 9 9 9 9 9 9 9 9 9", "new\nline"}) {
    const auto stat = parse_proc_stat("1 (" + std::string(name) + ") R " + kRest);
    ASSERT_TRUE(stat) << name;
    EXPECT_EQ(stat->name, name);
    EXPECT_EQ(stat->state, 'R');
    EXPECT_EQ(stat->user_ticks, 321u);
  }
}

TEST(ProcStat, RefusesWhatIsMalformed) {
  const std::string good = std::string("1 (x) S ") + kRest;
  for (const std::string& text :
       {std::string(), std::string("1"), std::string("1 (x"), std::string("1 x) S ") + kRest,
        std::string(")("), std::string("one (x) S ") + kRest, good.substr(0, 30),
        std::string("1 (x) S 1 2 3 4 5 6 7 8 9 10 a b"), std::string("1 (x) S 1 2 3 4 5 6 7 8 9 10 -5 6")}) {
    EXPECT_FALSE(parse_proc_stat(text)) << text;
  }
}

TEST(KbField, FindsTheWholeNameAtALineStart) {
  const std::string text =
      "7f00-7fff ---p 00000000 [rollup]\nRss:        1234 kB\nPss:  5 kB\nPss_Anon: 7 kB\n";
  EXPECT_EQ(parse_kb_field(text, "Rss"), 1234u * 1024);
  EXPECT_EQ(parse_kb_field(text, "Pss"), 5u * 1024);
  EXPECT_EQ(parse_kb_field(text, "Pss_Anon"), 7u * 1024);
  EXPECT_FALSE(parse_kb_field(text, "Swap"));
  EXPECT_FALSE(parse_kb_field(text, "ss"));
  EXPECT_FALSE(parse_kb_field("Rss: x kB\n", "Rss"));
  EXPECT_FALSE(parse_kb_field("Rss: 1 MB\n", "Rss"));
  EXPECT_FALSE(parse_kb_field("Rss:", "Rss"));
  EXPECT_FALSE(parse_kb_field("Rss: 18446744073709551615 kB\n", "Rss"));
  EXPECT_EQ(parse_kb_field("Rss: 1 kB", "Rss"), 1024u);
}

TEST(Statm, ReadsTheSecondField) {
  EXPECT_EQ(parse_statm_resident("100 25 3 4 5 6 7\n", 4096), 25u * 4096);
  EXPECT_FALSE(parse_statm_resident("100", 4096));
  EXPECT_FALSE(parse_statm_resident("100 x", 4096));
  EXPECT_FALSE(parse_statm_resident("1 18446744073709551615", 4096));
}

TEST(LiveProcess, CpuTimeGrowsWithWork) {
  const auto before = read_cpu_time(::getpid());
  ASSERT_TRUE(before);
  volatile uint64_t sum = 0;
  auto now = before;
  while (now && now->total_ns < before->total_ns + 30'000'000) {
    for (uint64_t i = 0; i < 100000; ++i) sum = sum + i;
    now = read_cpu_time(::getpid());
  }
  ASSERT_TRUE(now);
  const CpuTime used = cpu_between(*before, *now);
  EXPECT_GE(used.total_ns, 30'000'000u);
  EXPECT_LE(used.user_ns + used.system_ns, used.total_ns);
}

TEST(LiveProcess, RssGrowsWithTouchedMemory) {
  constexpr size_t kSize = 32 << 20;
  const auto before = read_rss(::getpid());
  void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memset(memory, 1, kSize);
  const auto after = read_rss(::getpid());
  ::munmap(memory, kSize);
  ASSERT_TRUE(before && after);
  EXPECT_GE(*after, *before + kSize - (4 << 20));
}

TEST(LiveProcess, AProcessThatIsNotThereHasNoFigures) {
  EXPECT_FALSE(read_cpu_time(999999999));
  EXPECT_FALSE(read_rss(999999999));
  EXPECT_FALSE(read_file("/proc/999999999/stat"));
}

TEST(CpuBetween, SharesTheExactTotalByTicks) {
  const CpuTime used = cpu_between({1000, 0, 0}, {2000, 30, 10});
  EXPECT_EQ(used.total_ns, 1000u);
  EXPECT_EQ(used.user_ns, 750u);
  EXPECT_EQ(used.system_ns, 250u);
  EXPECT_EQ(cpu_between({5, 5, 5}, {1, 1, 1}).total_ns, 0u);
}

TEST(Info, ReadsFields) {
  const auto info = parse_info("# Memory\r\nused_memory:123\r\nname:a:b\r\n\r\n# CPU\r\nx:\r\nlast:1");
  EXPECT_EQ(info.size(), 4u);
  EXPECT_EQ(info.at("used_memory"), "123");
  EXPECT_EQ(info.at("name"), "a:b");
  EXPECT_EQ(info.at("x"), "");
  EXPECT_EQ(info.at("last"), "1");
  EXPECT_TRUE(parse_info("").empty());
}

}  // namespace
}  // namespace plimsoll::bench
