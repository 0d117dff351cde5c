#include "admin/latency_report.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace plimsoll::server {

namespace {

constexpr size_t kColumns = 80;
constexpr int kBarRows = 4;
constexpr std::string_view kBarTops = "_o#";  // of a row, from low to high

struct Column {
  int64_t value;
  char age[24];
};

using Columns = zm::vector<Column, zm::Tag::command>;

void write_age(char (&out)[24], int64_t seconds) {
  constexpr struct {
    int64_t seconds;
    char unit;
  } kUnits[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};
  for (const auto& unit : kUnits) {
    if (seconds >= unit.seconds) {
      std::snprintf(out, sizeof out, "%lld%c", static_cast<long long>(seconds / unit.seconds), unit.unit);
      return;
    }
  }
  std::snprintf(out, sizeof out, "%llds", static_cast<long long>(seconds));
}

struct Scale {
  int64_t low;
  int64_t span;  // at least 1

  // How high the bar is, in thirds of a row.
  int step(int64_t value) const {
    const int steps = kBarRows * static_cast<int>(kBarTops.size());
    return std::clamp(static_cast<int>((value - low) * steps / span), 0, steps - 1);
  }
};

void append_bars(Text& text, std::span<const Column> columns, const Scale& scale) {
  for (int row = kBarRows - 1; row >= 0; --row) {
    for (const Column& column : columns) {
      const int above = scale.step(column.value) - row * static_cast<int>(kBarTops.size());
      if (above < 0) {
        text += ' ';
      } else {
        text += above < static_cast<int>(kBarTops.size()) ? kBarTops[static_cast<size_t>(above)] : '|';
      }
    }
    text += '\n';
  }
}

// Each age is read downwards, under its bar.
void append_ages(Text& text, std::span<const Column> columns) {
  size_t longest = 0;
  for (const Column& column : columns) longest = std::max(longest, std::string_view(column.age).size());
  text.append(columns.size(), ' ');
  text += '\n';
  for (size_t i = 0; i < longest; ++i) {
    for (const Column& column : columns) {
      const std::string_view age = column.age;
      text += i < age.size() ? age[i] : ' ';
    }
    text += '\n';
  }
}

}  // namespace

Text latency_graph(std::string_view event, const LatencySeries& series, int64_t now_seconds) {
  Columns columns;
  int64_t high = 0, low = INT64_MAX;
  series.for_each([&](const LatencySample& sample) {
    Column column{sample.milliseconds, {}};
    write_age(column.age, std::max<int64_t>(0, now_seconds - sample.time));
    columns.push_back(column);
    high = std::max(high, sample.milliseconds);
    low = std::min(low, sample.milliseconds);
  });
  Text text;
  append_format(text, "%.*s - high %lld ms, low %lld ms (all time high %lld ms)\n",
                static_cast<int>(event.size()), event.data(), static_cast<long long>(high),
                static_cast<long long>(low), static_cast<long long>(series.highest));
  text.append(kColumns, '-');
  text += '\n';
  const Scale scale{low, std::max<int64_t>(1, high - low)};
  for (size_t begin = 0; begin < columns.size(); begin += kColumns) {
    if (begin > 0) text += '\n';
    const auto part =
        std::span<const Column>(columns).subspan(begin, std::min(kColumns, columns.size() - begin));
    append_bars(text, part, scale);
    append_ages(text, part);
  }
  return text;
}

namespace {

struct SpikeStatistics {
  size_t count = 0;
  double average = 0;
  double mean_deviation = 0;
  double period = 0;  // seconds between spikes
};

SpikeStatistics statistics_of(const LatencySeries& series) {
  SpikeStatistics result;
  int64_t first = 0, last = 0;
  double sum = 0;
  series.for_each([&](const LatencySample& sample) {
    if (result.count++ == 0) first = sample.time;
    last = sample.time;
    sum += static_cast<double>(sample.milliseconds);
  });
  if (result.count == 0) return result;
  const auto count = static_cast<double>(result.count);
  result.average = sum / count;
  series.for_each([&](const LatencySample& sample) {
    result.mean_deviation += std::abs(static_cast<double>(sample.milliseconds) - result.average) / count;
  });
  result.period = static_cast<double>(std::max<int64_t>(1, last - first)) / count;
  return result;
}

// What may cause spikes of this event, and what helps.
std::string_view advice_on(std::string_view event) {
  struct Advice {
    std::string_view event, text;
  };
  static constexpr Advice kAdvice[] = {
      {"command",
       "a command kept a thread busy. SLOWLOG GET names it; commands over many keys or large values (KEYS, "
       "FLUSHALL SYNC, DEL of large values) are the usual ones: SCAN, ASYNC and UNLINK do the same in "
       "slices."},
      {"fast-command",
       "a command that takes constant time was slow. The thread was held up by something else: too few "
       "processors, another process, a hypervisor, or swapping (see plimsoll_smaps_swap in INFO memory)."},
      {"eviction-cycle",
       "a command, or the upkeep, made room below maxmemory or memory-line. The usual causes are large "
       "values, "
       "and more writers than room can be made for."},
      {"expire-cycle",
       "the search for expired keys held thread 0 up. It works in slices of half a millisecond: too few "
       "processors, most likely."},
      {"active-defrag-cycle",
       "a slice of activedefrag held thread 0 up. A slice takes some 40 microseconds by itself: too few "
       "processors, most likely. active-defrag-cycle-max bounds how often it runs."},
  };
  for (const Advice& advice : kAdvice) {
    if (advice.event == event) return advice.text;
  }
  return {};
}

}  // namespace

Text latency_diagnosis(const LatencyMonitor::Events& events, int64_t threshold_ms, int64_t slowlog_us) {
  Text text;
  if (threshold_ms == 0) {
    text =
        "Latency monitoring is off. CONFIG SET latency-monitor-threshold <milliseconds> turns it on: from "
        "then on, whatever takes that long is recorded here.\n";
    return text;
  }
  if (events.empty()) {
    append_format(text, "No spike of %lld ms or more was seen since monitoring began.\n",
                  static_cast<long long>(threshold_ms));
    return text;
  }
  text = "Spikes seen, by event:\n\n";
  size_t number = 0;
  for (const auto& [name, series] : events) {
    const SpikeStatistics spikes = statistics_of(series);
    append_format(text,
                  "%zu. %s: %zu latency spikes (average %.0fms, mean deviation %.0fms, period %.2f sec). "
                  "Worst all time event %lldms.\n",
                  ++number, name.c_str(), spikes.count, spikes.average, spikes.mean_deviation, spikes.period,
                  static_cast<long long>(series.highest));
  }
  text += "\nWhat may help:\n\n";
  for (const auto& [name, series] : events) {
    const std::string_view advice = advice_on(name);
    if (advice.empty()) continue;
    append_format(text, "- %s: %.*s\n", name.c_str(), static_cast<int>(advice.size()), advice.data());
  }
  if (slowlog_us < 0 || slowlog_us > threshold_ms * 1000) {
    append_format(text,
                  "- The slow log would not record all of these: CONFIG SET slowlog-log-slower-than %lld "
                  "makes it do so.\n",
                  static_cast<long long>(threshold_ms * 1000));
  }
  return text;
}

}  // namespace plimsoll::server
