#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client.h"

namespace plimsoll::bench {

/// When to report: every so many requests or seconds; neither: at the end only.
struct ProgressEvery {
  uint64_t requests = 0;
  double seconds = 0;
};

/// `100000` requests or `5s`. Throws UsageError.
ProgressEvery parse_progress(const std::string& text);

struct ReplayOptions {
  std::string trace;
  Target target;
  std::optional<Target> against;  // a second server, replayed after the first
  std::string maxmemory;  // as in redis.conf, or `25%` of the trace's footprint; empty: as the server has it
  std::string policy;     // empty: as the server has it
  unsigned clients = 4;
  unsigned pipeline = 32;
  size_t key_size = 24;  // `key:` and the trace's key, filled with zeros in between
  uint64_t limit = 0;    // requests; 0: the whole trace
  ProgressEvery progress;
  bool flush = false;  // empty the server first
  bool keep = false;   // accept a server that holds keys
  bool allow_errors = false;
  std::string json_path;
  std::string svg_path;
};

/// How far a replay is. Ratios are of gets; bytes are those of the values.
struct ReplayStatus {
  uint64_t requests = 0;
  uint64_t gets = 0, hits = 0;
  uint64_t get_bytes = 0, hit_bytes = 0;
  uint64_t errors = 0;
  uint64_t evicted = 0;  // keys, since the replay began
  std::optional<uint64_t> used_memory;
  double seconds = 0;

  double object_hit_ratio() const;
  double byte_hit_ratio() const;
};

struct ReplayResult {
  std::string server;
  std::optional<uint64_t> maxmemory;  // in force; 0: none
  std::string policy;
  std::optional<uint64_t> base_bytes, full_bytes;  // of the footprint, if a percentage asked for it
  std::vector<ReplayStatus> progress;              // the last is the end
  std::string first_error;
};

/// used_memory of the server empty, and holding every key of the trace with no limit. Leaves it empty,
/// without a limit.
struct TraceFootprint {
  uint64_t base = 0, full = 0;
};
TraceFootprint measure_footprint(const ReplayOptions& options, const Target& target);

/// Replays the trace: reads each key and sets it after a miss to a value of its size. Requests go out in
/// rounds of clients × pipeline, each key always over the same connection; a key asked for twice in a round
/// waits for the next one, so that every get sees what the gets before it have set. Throws BenchError.
ReplayResult replay_trace(const ReplayOptions& options, const Target& target,
                          std::optional<uint64_t> maxmemory,
                          const std::function<void(const ReplayStatus&)>& on_progress);

/// The whole subcommand. Returns the exit code.
int run_replay(const ReplayOptions& options);

}  // namespace plimsoll::bench
