#include "memory_view.h"

#include <gtest/gtest.h>

#include "screen.h"

namespace plimsoll::cli {
namespace {

constexpr char kOurs[] =
    "used_memory:52428800\r\nmaxmemory:104857600\r\nmaxmemory_policy:allkeys-lru\r\nused_memory_peak:"
    "53477376\r\n"
    "used_memory_rss:62914560\r\nused_memory_dataset:1\r\n"
    "plimsoll_breakdown_dataset:41943040\r\nplimsoll_breakdown_code:10485760\r\nplimsoll_breakdown_rest:"
    "10485760\r\n"
    "plimsoll_tag_table:1048576\r\nplimsoll_tag_string:51380224\r\n"
    "plimsoll_smaps_anonymous:1024\r\nplimsoll_smaps_age_ms:17\r\n"
    "plimsoll_cgroup_limit:max\r\nplimsoll_cgroup_usage:2048\r\nplimsoll_line:4096\r\n"
    "evicted_keys:10\r\nexpired_keys:2\r\nkeyspace_hits:30\r\nkeyspace_misses:10\r\ndb0:keys=7,expires=0\r\n";

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The line of the view that begins with the name, blanks squeezed.
std::string line_of(const std::string& view, const std::string& name) {
  const std::size_t start = view.find("\n  " + name + " ");
  if (start == std::string::npos) return "absent";
  std::string out;
  for (const char c : view.substr(start + 3, view.find('\n', start + 1) - start - 3)) {
    if (c != ' ' || out.back() != ' ') out += c;
  }
  return out;
}

TEST(MemoryView, ShowsTotals) {
  const std::string view = render_memory(Info(kOurs), nullptr, "here", {});
  EXPECT_TRUE(view.starts_with("Memory of here\n"));
  EXPECT_EQ(line_of(view, "used_memory"), "used_memory 50.00M 50.0% of maxmemory");
  EXPECT_EQ(line_of(view, "maxmemory"), "maxmemory 100.00M allkeys-lru");
  EXPECT_EQ(line_of(view, "used_memory_rss"), "used_memory_rss 60.00M 1.20 x used_memory");
  EXPECT_EQ(line_of(view, "keys"), "keys 7");
  EXPECT_EQ(line_of(view, "evicted_keys"), "evicted_keys 10");
  EXPECT_EQ(line_of(view, "hit rate"), "hit rate 75.00%");
}

TEST(MemoryView, GroupsOurFields) {
  const std::string view = render_memory(Info(kOurs), nullptr, "here", {true, false});
  EXPECT_EQ(line_of(view, "dataset"), "dataset 40.00M 66.7% ################");
  EXPECT_EQ(line_of(view, "rest"), "rest 10.00M 16.7% ####");
  EXPECT_EQ(line_of(view, "sum"), "sum 60.00M");
  EXPECT_EQ(line_of(view, "anonymous"), "anonymous 1.00K");
  EXPECT_EQ(line_of(view, "age_ms"), "age_ms 17");
  EXPECT_EQ(line_of(view, "limit"), "limit max");
  EXPECT_EQ(line_of(view, "usage"), "usage 2.00K");
  EXPECT_EQ(line_of(view, "line"), "line 4.00K");
  EXPECT_LT(view.find("  string "), view.find("  table ")) << "the biggest tag comes first";
  EXPECT_FALSE(holds(view, "As the server counts"));
}

TEST(MemoryView, CountsChangesSinceTheLastView) {
  const Info before("evicted_keys:4\r\nexpired_keys:2\r\nkeyspace_hits:21\r\nkeyspace_misses:9\r\n");
  const std::string view = render_memory(Info(kOurs), &before, "here", {});
  EXPECT_EQ(line_of(view, "evicted_keys"), "evicted_keys 10 +6");
  EXPECT_EQ(line_of(view, "expired_keys"), "expired_keys 2 +0");
  EXPECT_EQ(line_of(view, "hit rate"), "hit rate 75.00% since the last view 90.00%");
}

TEST(MemoryView, ShowsWhatRedisHas) {
  const Info info(
      "used_memory:1024\r\nused_memory_dataset:512\r\nrss_overhead_bytes:-2048\r\nlazyfree_pending_objects:"
      "3\r\n");
  const std::string view = render_memory(info, nullptr, "here", {});
  EXPECT_EQ(line_of(view, "used_memory"), "used_memory 1.00K no maxmemory");
  EXPECT_EQ(line_of(view, "used_memory_dataset"), "used_memory_dataset 512B");
  EXPECT_EQ(line_of(view, "rss_overhead_bytes"), "rss_overhead_bytes -2.00K");
  EXPECT_EQ(line_of(view, "lazyfree_pending_objects"), "lazyfree_pending_objects 3");
  EXPECT_FALSE(holds(view, "by tag"));
  EXPECT_FALSE(holds(view, "hit rate"));
}

TEST(MemoryView, ZeroesShareALine) {
  const Info info(
      "plimsoll_tag_list:0\r\nplimsoll_tag_string:5\r\nplimsoll_tag_set:0\r\nplimsoll_cgroup_limit:0\r\n");
  const std::string view = render_memory(info, nullptr, "here", {});
  EXPECT_TRUE(holds(view, "\n  at 0B: list set\n")) << view;
  EXPECT_EQ(line_of(view, "limit"), "limit none");
}

TEST(Screen, RedrawFitsTheWindow) {
  EXPECT_EQ(redraw("a\nb\n", {80, 24}), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
  EXPECT_EQ(redraw("\x1b[1mabcdef\x1b[0m\n", {3, 24}), "\x1b[H\x1b[1mabc\x1b[0m\x1b[K\n\x1b[J");
  EXPECT_EQ(redraw("1\n2\n3\n4\n5\n", {80, 4}),
            "\x1b[H1\x1b[K\n2\x1b[K\n(3 more lines in a taller window)\x1b[K\n\x1b[J");
  EXPECT_EQ(redraw("", {1, 1}), "\x1b[H\x1b[J");
}

TEST(MemoryView, SurvivesAnything) {
  EXPECT_FALSE(render_memory(Info(), nullptr, "", {}).empty());
  EXPECT_FALSE(render_memory(Info("plimsoll_breakdown_:-9223372036854775808\nused_memory:x\nmaxmemory:-5\n"),
                             nullptr, "", {true, true})
                   .empty());
}

}  // namespace
}  // namespace plimsoll::cli
