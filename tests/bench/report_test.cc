#include <gtest/gtest.h>

#include "compare_report.h"
#include "goals.h"
#include "json.h"
#include "support.h"
#include "svg.h"
#include "table.h"

namespace plimsoll::bench {
namespace {

TEST(JsonWriter, WritesNestedValues) {
  JsonWriter json;
  json.begin_object().field("a", uint64_t{1}).field("b", "x\"\\\n\x01y");
  json.key("c").begin_array().value(1.5).value(true).null().begin_object().end_object().end_array();
  json.field("d", std::optional<double>()).field("e", 1.0 / 0.0).end_object();
  EXPECT_EQ(json.text(),
            "{\n\"a\": 1,\n\"b\": \"x\\\"\\\\\\u000a\\u0001y\",\n\"c\": [1.5,true,null,{}],\n\"d\": "
            "null,\n\"e\": null}");
}

TEST(Table, AlignsColumns) {
  Table table({"name", "n"});
  table.add({"a", "10"});
  table.add({"longer", "5"});
  table.add({"gap"});
  EXPECT_EQ(table.text(), "name     n\na       10\nlonger   5\ngap\n");
}

TEST(Svg, EscapesText) {
  EXPECT_EQ(escape_xml("a<b>&\"c\x01"), "a&lt;b&gt;&amp;&quot;c ");
  const std::string picture = bar_chart("t<", "s", {{"g&", {{"l\"", 0.5, false}}, 1.0, 2}});
  EXPECT_TRUE(contains(picture, "t&lt;") && contains(picture, "g&amp;") && contains(picture, "l&quot;"));
}

CompareResult sample_result() {
  CompareResult result;
  CaseResult one{parse_case("set@16"), 1000, {}, {}};
  one.a.cpu_ns = 300;
  one.b.cpu_ns = 1000;
  one.a.throughput = 2000;
  one.b.throughput = 1000;
  result.cases.push_back(one);
  result.shapes.push_back(
      {memory_shapes()[0], 1000, BytesPerKey{1000, 52.0, 60.0}, BytesPerKey{1000, 132.0, 140.0}});
  result.expiries.push_back({1000, {7.5, 8.25}, {40.5, 41.0}});
  result.idle = IdleResult{20, {1000.0, 2049.0}, {2000.0, 20000.0}};
  ThreadsResult threads{parse_case("get@16"), Scaling(), {}};
  threads.a->one.throughput = 1000;
  threads.a->many.throughput = 1900;
  result.threads.push_back(threads);
  result.embedded = EmbeddedResult{1000, {{EmbeddedCall::kGet, 100, 120}, {EmbeddedCall::kReadMany, 61, 61}}};
  GrowthResult& growth = result.growth.emplace();
  growth.rate = 1000;
  growth.a.p999_us = 840;
  growth.a.throughput = 990;
  growth.b.p999_us = 700;
  growth.b.throughput = 800;
  return result;
}

TEST(CompareReport, ShowsRatiosAndOverheads) {
  CompareOptions options;
  options.a.name = "ours";
  options.b.name = "theirs";
  const std::string text = compare_text(options, sample_result());
  EXPECT_TRUE(contains(text, "0.300") && contains(text, "2.00") && contains(text, "100.0") &&
              contains(text, "8.2"))
      << text;
  EXPECT_TRUE(contains(text, "20000") && contains(text, "1.90")) << text;
  const std::string json = compare_json(options, sample_result());
  EXPECT_TRUE(contains(json, "\"cpu_ratio\": 0.3") && contains(json, "\"used_memory_overhead\": 20")) << json;
  EXPECT_TRUE(contains(json, "\"throughput_2_to_1\": 1.9,")) << json;
  EXPECT_TRUE(contains(json, "\"p99.9_ratio\": 1.2,")) << json;
  EXPECT_TRUE(contains(json, "\"a_kept_up\": true,\n\"b_kept_up\": false")) << json;
  const std::string svg = compare_svg(options, sample_result());
  EXPECT_EQ(svg.compare(0, 4, "<svg"), 0);
  EXPECT_EQ(occurrences(svg, "<rect"), 1 + 2 + 4 + 4 + 5 + 4 + 1 + 4u);
}

// Of the sample: set@16 .300, the shape 20 and 28, the expiry 7.5 and 8.25, growth 1.2, idle 1000 and 2049,
// get 100 ns and 20 % more with two threads, read_many 61 ns and the same.
TEST(Goals, AreThoseTheRunCovers) {
  std::string met, missed;
  EXPECT_TRUE((Goal{"bytes", 8, 8, 2}).met());
  EXPECT_FALSE((Goal{"bytes", 8, 8.004, 2}).met()) << "what is shown is rounded, what is asked is not";
  for (const Goal& goal : goals_of({}, sample_result())) (goal.met() ? met : missed) += goal.name + "\n";
  EXPECT_EQ(met,
            "set@16, 1,000 keys: CPU per command, a/b\n"
            "16 B key, 16 B value, 1,000 keys: bytes per key, used_memory\n"
            "16 B key, 16 B value, 1,000 keys: bytes per key, RSS\n"
            "expiry of 1,000 keys: bytes per expiry, used_memory\n"
            "idle: bytes per connection, used_memory\n"
            "embedded get: ns\n"
            "embedded read_many of 16: with 2 threads / with 1\n");
  EXPECT_EQ(missed,
            "expiry of 1,000 keys: bytes per expiry, RSS\n"
            "growth: p99.9 latency, a/b\n"
            "idle: bytes per connection, RSS\n"
            "embedded get: with 2 threads / with 1\n"
            "embedded read_many of 16: ns per key\n");
}

TEST(Goals, CountOnlyForWhatTheyWereSetFor) {
  CompareResult result;
  for (const char* what : {"mset@4", "mget@1", "set@2", "ping@1"}) {
    result.cases.push_back({parse_case(what), 1000, {}, {}});
    result.cases.back().a.cpu_ns = result.cases.back().b.cpu_ns = 1;
  }
  CompareOptions options;
  EXPECT_EQ(goals_of(options, result).size(), 2u);
  options.mset_keys = 9;
  ASSERT_EQ(goals_of(options, result).size(), 1u);
  EXPECT_FALSE(goals_of(options, result)[0].met());
}

TEST(CompareReport, MissedGoalsAreShown) {
  const std::string text = compare_text({}, sample_result()), json = compare_json({}, sample_result());
  const std::string goals = text.substr(text.find("at most"));
  EXPECT_EQ(occurrences(goals, "  yes\n"), 7u) << goals;
  EXPECT_EQ(occurrences(goals, "   NO\n"), 5u) << goals;
  EXPECT_TRUE(contains(json, "\"at_most\": 1.1,\n\"reached\": 1.2,\n\"met\": false")) << json;
}

TEST(CompareReport, UnknownFiguresStayOut) {
  CompareResult result = sample_result();
  result.cases[0].a.cpu_ns.reset();
  result.shapes[0].b.reset();
  EXPECT_FALSE(result.cases[0].cpu_ratio());
  EXPECT_TRUE(contains(compare_json({}, result), "\"cpu_ratio\": null"));
  EXPECT_EQ(occurrences(compare_svg({}, result), "<rect"), 1 + 1 + 2 + 4 + 5 + 4 + 1 + 4u);
}

TEST(Growth, IsPerKeyAdded) {
  const auto growth = growth_per_key({100, 1000, 5000}, {200, 11000, 25000});
  ASSERT_TRUE(growth);
  EXPECT_EQ(growth->keys, 100u);
  EXPECT_EQ(growth->used_memory, 100.0);
  EXPECT_EQ(growth->rss, 200.0);
  EXPECT_FALSE(growth_per_key({5, 1, 1}, {5, 2, 2}));
  EXPECT_FALSE(growth_per_key({0, 1, std::nullopt}, {5, 2, 2})->rss);
}

}  // namespace
}  // namespace plimsoll::bench
