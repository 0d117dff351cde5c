#include "admin/latency.h"

#include <gtest/gtest.h>

#include "admin/latency_report.h"

namespace plimsoll::server {
namespace {

LatencySeries series_of(std::initializer_list<LatencySample> samples) {
  LatencySeries series;
  for (const LatencySample& sample : samples) {
    series.samples[series.next] = sample;
    series.next = (series.next + 1) % LatencySeries::kSamples;
    series.highest = std::max(series.highest, sample.milliseconds);
  }
  return series;
}

size_t count(const LatencySeries& series) {
  size_t n = 0;
  series.for_each([&](const LatencySample&) { ++n; });
  return n;
}

TEST(LatencyMonitor, KeepsTheWorstOfASecond) {
  LatencyMonitor monitor;
  int64_t seconds = 0;
  // The clock may tick between two of them, but not between all.
  for (int attempt = 0; attempt < 5 && seconds != 1; ++attempt) {
    monitor.reset();
    monitor.add("command", 10);
    monitor.add("command", 30);
    monitor.add("command", 20);
    monitor.visit([&](const LatencyMonitor::Events& events) {
      ASSERT_EQ(events.size(), 1u);
      seconds = static_cast<int64_t>(count(events.begin()->second));
      EXPECT_EQ(events.begin()->second.highest, 30);
      if (seconds == 1) {
        EXPECT_EQ(events.begin()->second.newest().milliseconds, 30);
      }
    });
  }
  EXPECT_EQ(seconds, 1);
}

TEST(LatencyMonitor, ResetsOneOrAll) {
  LatencyMonitor monitor;
  monitor.add("a", 1);
  monitor.add("b", 1);
  monitor.add("c", 1);
  EXPECT_TRUE(monitor.reset("a"));
  EXPECT_FALSE(monitor.reset("a"));
  EXPECT_EQ(monitor.reset(), 2u);
  EXPECT_EQ(monitor.reset(), 0u);
}

TEST(LatencySeries, IsARingOfTheNewest) {
  LatencySeries series;
  for (int64_t i = 1; i <= 200; ++i) {
    series.samples[series.next] = {i, i};
    series.next = (series.next + 1) % LatencySeries::kSamples;
  }
  EXPECT_EQ(count(series), LatencySeries::kSamples);
  int64_t expected = 41;
  series.for_each([&](const LatencySample& sample) { EXPECT_EQ(sample.time, expected++); });
  EXPECT_EQ(series.newest().time, 200);
}

// What redis-server 7.0.15 draws of one sample.
TEST(LatencyGraph, OfOneSample) {
  EXPECT_EQ(
      latency_graph("command", series_of({{1000, 10}}), 1000),
      "command - high 10 ms, low 10 ms (all time high 10 ms)\n" + Text(80, '-') + "\n \n \n \n_\n \n0\ns\n");
}

// The drawing in Redis's documentation of its latency monitor.
TEST(LatencyGraph, OfFourSamples) {
  const LatencySeries series = series_of({{9985, 101}, {9986, 202}, {9992, 350}, {9998, 500}});
  const Text graph = latency_graph("command", series, 10000);
  EXPECT_EQ(graph, "command - high 500 ms, low 101 ms (all time high 500 ms)\n" + Text(80, '-') +
                       "\n   #\n  o|\n _||\n_|||\n    \n1182\n54ss\nss  \n");
}

TEST(LatencyGraph, BreaksAfterEightyColumns) {
  LatencySeries series;
  for (int64_t i = 0; i < 100; ++i) {
    series.samples[series.next++] = {1000 + i, i};
  }
  series.next %= LatencySeries::kSamples;
  const Text graph = latency_graph("x", series, 2000);
  size_t longest = 0;
  for (size_t begin = 0; begin < graph.size();) {
    const size_t end = graph.find('\n', begin);
    longest = std::max(longest, end - begin);
    begin = end + 1;
  }
  EXPECT_EQ(longest, 80u);
}

TEST(LatencyDoctor, SaysWhatItSaw) {
  LatencyMonitor monitor;
  monitor.visit([](const LatencyMonitor::Events& events) {
    EXPECT_NE(latency_diagnosis(events, 0, 10000).find("is off"), Text::npos);
    EXPECT_NE(latency_diagnosis(events, 5, 10000).find("No spike of 5 ms"), Text::npos);
  });
  monitor.add("command", 25);
  monitor.visit([](const LatencyMonitor::Events& events) {
    const Text text = latency_diagnosis(events, 5, 10000);
    EXPECT_NE(
        text.find(
            "1. command: 1 latency spikes (average 25ms, mean deviation 0ms, period 1.00 sec). Worst all "
            "time event 25ms."),
        Text::npos)
        << text;
    EXPECT_NE(text.find("slowlog-log-slower-than 5000"), Text::npos) << text;
  });
}

}  // namespace
}  // namespace plimsoll::server
