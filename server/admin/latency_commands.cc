#include <algorithm>

#include "admin/extension.h"
#include "admin/families.h"
#include "admin/latency.h"
#include "admin/latency_report.h"
#include "admin/replies.h"
#include "command_stats.h"
#include "unix_time.h"

namespace plimsoll::server {

namespace {

void latency_latest(Call& call) {
  extension_of(call).latency_monitor().visit([&](const LatencyMonitor::Events& events) {
    call.reply().array(events.size());
    for (const auto& [name, series] : events) {
      call.reply().array(4);
      call.reply().bulk(name);
      call.reply().integer(series.newest().time);
      call.reply().integer(series.newest().milliseconds);
      call.reply().integer(series.highest);
    }
  });
}

void latency_history(Call& call) {
  extension_of(call).latency_monitor().visit([&](const LatencyMonitor::Events& events) {
    const auto found = events.find(call.arg(2));
    if (found == events.end()) return call.reply().array(0);
    size_t count = 0;
    found->second.for_each([&](const LatencySample&) { ++count; });
    call.reply().array(count);
    found->second.for_each([&](const LatencySample& sample) {
      call.reply().array(2);
      call.reply().integer(sample.time);
      call.reply().integer(sample.milliseconds);
    });
  });
}

void latency_reset(Call& call) {
  LatencyMonitor& monitor = extension_of(call).latency_monitor();
  size_t count = 0;
  if (call.argc() == 2) count = monitor.reset();
  for (size_t i = 2; i < call.argc(); ++i) count += monitor.reset(call.arg(i));
  call.reply().integer(static_cast<int64_t>(count));
}

void latency_graph_command(Call& call) {
  extension_of(call).latency_monitor().visit([&](const LatencyMonitor::Events& events) {
    const auto found = events.find(call.arg(2));
    if (found == events.end()) {
      return reply_error(call, {"ERR No samples available for event '", call.arg(2), "'"});
    }
    call.reply().verbatim(latency_graph(found->first, found->second, unix_ms() / 1000), "txt");
  });
}

void latency_doctor(Call& call) {
  const Config& config = server_of(call).config();
  extension_of(call).latency_monitor().visit([&](const LatencyMonitor::Events& events) {
    call.reply().verbatim(latency_diagnosis(events, config.number(Opt::latency_monitor_threshold),
                                            config.number(Opt::slowlog_log_slower_than)),
                          "txt");
  });
}

// --- histograms ---

struct CommandHistogram {
  const Command* command;
  uint64_t calls;
  zm::vector<std::pair<uint64_t, uint64_t>, zm::Tag::command> levels;  // microseconds, calls up to there
};

using Histograms = zm::vector<CommandHistogram, zm::Tag::command>;

// Calls below each power of two of nanoseconds from 1.024 us on, where there are more than below the one
// before. The level is shown as Redis's histogram shows it: the highest value its bucket, a 128th of the
// power wide, may hold.
CommandHistogram levels_of(const Command& command, const LatencyHistogram& histogram) {
  CommandHistogram result{&command, histogram.total, {}};
  uint64_t cumulative = 0, shown = 0;
  size_t bucket = 0;
  for (unsigned power = 10; power < 36 && shown < histogram.total; ++power) {
    const uint64_t level = uint64_t{1} << power;
    for (; bucket < histogram.counts.size() && LatencyBuckets::highest(bucket) <= level; ++bucket) {
      cumulative += histogram.counts[bucket];
    }
    if (power == 35) cumulative = histogram.total;
    if (cumulative == shown) continue;
    shown = cumulative;
    result.levels.emplace_back((level + level / 128 - 1) / 1000, cumulative);
  }
  return result;
}

void gather(const Server& server, const Command& command, Histograms& histograms) {
  const LatencyHistogram histogram = server.latency_histogram(command.id);
  if (histogram.total > 0) histograms.push_back(levels_of(command, histogram));
}

void gather_with_subcommands(const Server& server, const Command& command, Histograms& histograms) {
  gather(server, command, histograms);
  for (const Command& subcommand : command.subcommands) gather(server, subcommand, histograms);
}

// "get", "config" (all its subcommands) or "config|get".
void gather_named(const Server& server, std::string_view name, Histograms& histograms) {
  const size_t bar = name.find('|');
  const Command* command = server.commands().find(name.substr(0, bar));
  if (command == nullptr) return;
  if (bar == std::string_view::npos) return gather_with_subcommands(server, *command, histograms);
  command = CommandTable::find_subcommand(*command, name.substr(bar + 1));
  if (command != nullptr) gather(server, *command, histograms);
}

void latency_histogram(Call& call) {
  const Server& server = server_of(call);
  Histograms histograms;
  if (call.argc() == 2) {
    for (const Command* command : server.commands().commands())
      gather_with_subcommands(server, *command, histograms);
  }
  for (size_t i = 2; i < call.argc(); ++i) gather_named(server, call.arg(i), histograms);
  call.reply().map(histograms.size());
  for (const CommandHistogram& histogram : histograms) {
    call.reply().bulk(histogram.command->name);
    call.reply().map(2);
    call.reply().bulk("calls");
    call.reply().integer(static_cast<int64_t>(histogram.calls));
    call.reply().bulk("histogram_usec");
    call.reply().map(histogram.levels.size());
    for (const auto& [microseconds, calls] : histogram.levels) {
      call.reply().integer(static_cast<int64_t>(microseconds));
      call.reply().integer(static_cast<int64_t>(calls));
    }
  }
}

void latency_help(Call& call) {
  reply_help(
      call,
      {
          "DOCTOR",
          "    Describe the spikes that were seen, and what may help.",
          "GRAPH <event>",
          "    Draw the spikes of <event>.",
          "HISTORY <event>",
          "    List the spikes of <event>: Unix time and milliseconds.",
          "LATEST",
          "    The last and the worst spike of each event.",
          "RESET [<event> ...]",
          "    Forget the spikes of the events named, or of all.",
          "HISTOGRAM [<command> ...]",
          "    How many calls of each command took at most so many microseconds; of all commands if none",
          "    is named.",
      });
}

constexpr uint32_t kFlags = kAdmin | kNoscript | kLoading | kStale | kOwnLocks;
constexpr std::string_view kTips = "nondeterministic_output request_policy:all_nodes response_policy:special";

constexpr CommandRow kSubcommands[] = {
    {.name = "doctor",
     .arity = 2,
     .flags = kFlags,
     .handler = latency_doctor,
     .since = "2.8.13",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Describes latency spikes in words",
     .tips = kTips},
    {.name = "graph",
     .arity = 3,
     .flags = kFlags,
     .handler = latency_graph_command,
     .since = "2.8.13",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Draws the latency spikes of an event",
     .syntax = "event",
     .tips = kTips},
    {.name = "help",
     .arity = 2,
     .flags = kLoading | kStale | kOwnLocks,
     .handler = latency_help,
     .since = "2.8.13",
     .group = "server",
     .complexity = "O(1)",
     .summary = "A short text about the subcommands"},
    {.name = "histogram",
     .arity = -2,
     .flags = kFlags,
     .handler = latency_histogram,
     .since = "7.0.0",
     .group = "server",
     .complexity = "O(N) where N is the number of commands asked for",
     .summary = "How long the calls of commands took",
     .syntax = "[command ...]",
     .tips = kTips},
    {.name = "history",
     .arity = 3,
     .flags = kFlags,
     .handler = latency_history,
     .since = "2.8.13",
     .group = "server",
     .complexity = "O(1)",
     .summary = "The latency spikes of an event",
     .syntax = "event",
     .tips = kTips},
    {.name = "latest",
     .arity = 2,
     .flags = kFlags,
     .handler = latency_latest,
     .since = "2.8.13",
     .group = "server",
     .complexity = "O(1)",
     .summary = "The last latency spike of each event",
     .tips = kTips},
    {.name = "reset",
     .arity = -2,
     .flags = kFlags,
     .handler = latency_reset,
     .since = "2.8.13",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Forgets latency spikes",
     .syntax = "[event ...]",
     .tips = "request_policy:all_nodes response_policy:all_succeeded"},
};

constexpr CommandRow kRows[] = {
    {.name = "latency",
     .arity = -2,
     .since = "2.8.13",
     .group = "server",
     .complexity = "Depends on subcommand.",
     .summary = "What took long, and how long calls take",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandRow> latency_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
