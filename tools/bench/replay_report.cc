#include <cstdio>

#include "error.h"
#include "json.h"
#include "replay.h"
#include "svg.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

// `25%` as .25; no value if the text is no percentage.
std::optional<double> parse_percentage(const std::string& text) {
  if (text.empty() || text.back() != '%') return std::nullopt;
  const auto percent = parse_decimal(text.substr(0, text.size() - 1));
  if (!percent || *percent <= 0) throw UsageError("'" + text + "' is no percentage above 0");
  return *percent / 100;
}

void print_heading(const std::string& server) {
  std::printf("%s\n%12s  %8s  %8s  %10s  %14s  %8s\n", server.c_str(), "requests", "hits", "bytes", "evicted",
              "used_memory", "seconds");
}

void print_status(const ReplayStatus& status) {
  std::printf("%12s  %7.2f%%  %7.2f%%  %10s  %14s  %8.1f\n", with_thousands(status.requests).c_str(),
              100 * status.object_hit_ratio(), 100 * status.byte_hit_ratio(),
              with_thousands(status.evicted).c_str(),
              status.used_memory ? with_thousands(*status.used_memory).c_str() : "-", status.seconds);
  std::fflush(stdout);
}

void write_status(JsonWriter& json, const ReplayStatus& status) {
  json.field("requests", status.requests).field("gets", status.gets).field("hits", status.hits);
  json.field("object_hit_ratio", status.object_hit_ratio()).field("byte_hit_ratio", status.byte_hit_ratio());
  json.field("evicted_keys", status.evicted).field("used_memory", status.used_memory);
  json.field("errors", status.errors).field("seconds", status.seconds);
}

std::string to_json(const ReplayOptions& options, const std::vector<ReplayResult>& results) {
  JsonWriter json;
  json.begin_object().field("trace", options.trace).key("servers").begin_array();
  for (const ReplayResult& result : results) {
    json.begin_object().field("server", result.server).field("maxmemory", result.maxmemory);
    json.field("policy", result.policy).field("base_bytes", result.base_bytes);
    json.field("full_bytes", result.full_bytes);
    write_status(json, result.progress.back());
    json.key("progress").begin_array();
    for (const ReplayStatus& status : result.progress) {
      json.begin_object();
      write_status(json, status);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.text() + "\n";
}

std::string to_svg(const ReplayOptions& options, const std::vector<ReplayResult>& results) {
  std::vector<Line> lines;
  for (const ReplayResult& result : results) {
    Line objects{result.server + " objects", {}}, bytes{result.server + " bytes", {}};
    for (const ReplayStatus& status : result.progress) {
      objects.points.emplace_back(status.requests, status.object_hit_ratio());
      bytes.points.emplace_back(status.requests, status.byte_hit_ratio());
    }
    lines.push_back(std::move(objects));
    lines.push_back(std::move(bytes));
  }
  return line_chart("Hit ratio so far, " + options.trace, "requests", lines);
}

ReplayResult replay_on(const ReplayOptions& options, const Target& target, std::optional<uint64_t> maxmemory,
                       const std::optional<TraceFootprint>& footprint) {
  print_heading(target.endpoint.text());
  ReplayResult result = replay_trace(options, target, maxmemory, print_status);
  if (footprint) {
    result.base_bytes = footprint->base;
    result.full_bytes = footprint->full;
  }
  return result;
}

void print_result(const ReplayResult& result) {
  const ReplayStatus& end = result.progress.back();
  std::printf(
      "%s: object hit ratio %.4f, byte hit ratio %.4f, %s evicted, used_memory %s, maxmemory %s, policy %s\n",
      result.server.c_str(), end.object_hit_ratio(), end.byte_hit_ratio(),
      with_thousands(end.evicted).c_str(),
      end.used_memory ? human_bytes(*end.used_memory).c_str() : "unknown",
      !result.maxmemory        ? "unknown"
      : *result.maxmemory == 0 ? "none"
                               : human_bytes(*result.maxmemory).c_str(),
      result.policy.empty() ? "unknown" : result.policy.c_str());
}

}  // namespace

int run_replay(const ReplayOptions& options) {
  const auto share = parse_percentage(options.maxmemory);
  std::optional<uint64_t> maxmemory;
  std::optional<TraceFootprint> footprint;
  if (share) {
    footprint = measure_footprint(options, options.against.value_or(options.target));
    maxmemory = footprint->base +
                static_cast<uint64_t>(*share * static_cast<double>(footprint->full - footprint->base));
    std::printf("footprint of the trace: %s (empty: %s); maxmemory %s of it: %s\n",
                human_bytes(footprint->full).c_str(), human_bytes(footprint->base).c_str(),
                options.maxmemory.c_str(), with_thousands(*maxmemory).c_str());
  } else if (!options.maxmemory.empty()) {
    maxmemory = parse_bytes(options.maxmemory);
  }
  std::vector<ReplayResult> results;
  results.push_back(replay_on(options, options.target, maxmemory, footprint));
  if (options.against) results.push_back(replay_on(options, *options.against, maxmemory, footprint));
  bool clean = true;
  for (const ReplayResult& result : results) {
    print_result(result);
    const uint64_t errors = result.progress.back().errors;
    if (errors == 0) continue;
    clean = false;
    std::fprintf(stderr, "plimsoll-bench: %s: %s error replies, the first: %s\n", result.server.c_str(),
                 with_thousands(errors).c_str(), result.first_error.c_str());
  }
  if (!options.json_path.empty()) write_file(options.json_path, to_json(options, results));
  if (!options.svg_path.empty()) write_file(options.svg_path, to_svg(options, results));
  return clean || options.allow_errors ? 0 : 1;
}

}  // namespace plimsoll::bench
