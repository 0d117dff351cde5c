#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "measure.h"
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

/// A kind of key and value whose bytes per key are compared.
struct Shape {
  std::string_view name;
  size_t key_size;
  size_t value_size;
  bool integer_value;
  bool with_expiry;
};

/// The shapes measured: 16+16, 16+32, 16+100, 16+32 with expiry, 40 + an 8-digit integer.
const std::vector<Shape>& memory_shapes();

struct CompareOptions {
  Side a, b;
  std::vector<Case> cases;
  unsigned rounds = 5;
  unsigned clients = 50;
  unsigned threads = 1;
  uint64_t keys = 1'000'000;
  size_t key_size = 16;
  size_t value_size = 32;
  unsigned mset_keys = 10;
  unsigned mget_keys = 100;
  double seconds = 2;
  uint64_t requests = 0;              // of each measurement, instead of seconds
  std::vector<uint64_t> memory_keys;  // empty: no memory comparison
  bool flush = false;                 // empty servers that run already
  int timeout_ms = 30000;
  bool allow_errors = false;
  std::string json_path;
  std::string svg_path;
};

/// Medians of one side in one case.
struct SideSummary {
  std::optional<double> cpu_ns;  // per command
  double throughput = 0;
  double p50_us = 0, p99_us = 0, p999_us = 0;
  uint64_t errors = 0;  // of all rounds
  std::string first_error;
  std::vector<Measurement> rounds;
};

struct CaseResult {
  Case what;
  SideSummary a, b;

  /// a / b of the medians; absent if either is unknown.
  std::optional<double> cpu_ratio() const;
  std::optional<double> throughput_ratio() const;
};

struct ShapeResult {
  Shape shape;
  uint64_t keys = 0;
  std::optional<BytesPerKey> a, b;

  /// Bytes of key and value.
  double data_bytes() const { return static_cast<double>(shape.key_size + shape.value_size); }
};

struct CompareResult {
  std::string version_a, version_b;
  std::vector<CaseResult> cases;
  std::vector<ShapeResult> shapes;
};

/// Measures both sides in turn, A B A B …, and the memory of each shape on servers just started (or just
/// emptied). Tells its progress on stderr. Throws BenchError.
CompareResult compare_servers(const CompareOptions& options);

/// The whole subcommand: measures, prints the table, writes the files. Returns the exit code.
int run_compare(const CompareOptions& options);

}  // namespace plimsoll::bench
