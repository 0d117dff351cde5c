#pragma once

#include <optional>
#include <vector>

#include "compare_options.h"
#include "side_summary.h"

namespace plimsoll::bench {

/// I/O threads of the server compared with one.
inline constexpr unsigned kManyThreads = 2;

/// A server with one I/O thread and with kManyThreads, under the same load.
struct Scaling {
  SideSummary one, many;

  std::optional<double> throughput_ratio() const { return ratio(many.throughput, one.throughput); }
  std::optional<double> cpu_ratio() const { return ratio(many.cpu_ns, one.cpu_ns); }
};

struct ThreadsResult {
  Case what;
  std::optional<Scaling> a, b;  // absent for a side whose number of threads cannot be chosen
};

/// Measures set@16 and get@16 on both sides with each number of threads in turn, from kManyThreads client
/// threads. A side that runs already, or whose command line has no `{threads}`, is left out.
std::vector<ThreadsResult> measure_threads(const CompareOptions& options);

}  // namespace plimsoll::bench
