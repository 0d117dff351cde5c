#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "workload.h"

namespace plimsoll::bench {

/// One side of a comparison: a command line to start, or a server that runs already.
struct Side {
  std::string name;
  std::string command;  // empty: `server` runs already
  std::string server;
};

/// A test at a pipeline depth, written `set@16`.
struct Case {
  TestKind kind = TestKind::kSet;
  unsigned pipeline = 1;

  std::string text() const;
};

/// Throws UsageError.
Case parse_case(std::string_view text);

/// What a comparison consists of; each part starts servers of its own, but kEmbedded measures the library in
/// this process and compares it with nothing.
enum class Part : uint8_t { kSpeed, kMemory, kGrowth, kIdle, kThreads, kEmbedded };

/// Every part, as a list for parse_parts().
inline constexpr std::string_view kAllParts = "speed,memory,growth,idle,threads,embedded";

/// A list of parts, `speed,memory`. Throws UsageError.
std::vector<Part> parse_parts(std::string_view list);

struct CompareOptions {
  Side a, b;
  std::vector<Part> parts;
  std::vector<Case> cases;
  unsigned rounds = 5;
  unsigned clients = 50;
  unsigned threads = 1;
  std::vector<uint64_t> keys;  // ascending: the cases are measured at each
  size_t key_size = 16;
  size_t value_size = 32;
  unsigned mset_keys = 10;
  unsigned mget_keys = 100;
  double seconds = 1;
  uint64_t requests = 0;              // of each measurement, instead of seconds
  std::vector<uint64_t> memory_keys;  // the memory is measured at each
  uint64_t growth_keys = 10'000'000;
  unsigned growth_pipeline = 16;
  double growth_rate = 0;  // SETs a second; 0: half of what side b reaches in a closed loop
  uint64_t idle_connections = 10'000;
  double idle_seconds = 15;  // until they are measured
  bool flush = false;        // empty servers that run already
  int timeout_ms = 30000;
  bool allow_errors = false;
  std::string json_path;
  std::string svg_path;

  bool has(Part part) const;
  /// Keys of one command of that kind.
  unsigned keys_per_command(TestKind kind) const;
};

/// Gives a side that is not chosen its default, a server started on the same kind of socket as the other's,
/// and every side a name: a is the plimsoll-server beside this program, b redis-server. Throws UsageError for
/// a side chosen twice, or if there is no such plimsoll-server.
void complete_sides(CompareOptions& options);

/// In a command line, what the number of the server's I/O threads takes the place of.
inline constexpr std::string_view kThreadsMark = "{threads}";

}  // namespace plimsoll::bench
