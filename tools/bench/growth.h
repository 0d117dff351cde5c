#pragma once

#include <cstdint>
#include <optional>

#include "compare_options.h"
#include "side_summary.h"

namespace plimsoll::bench {

/// Latency of SETs that add keys, each counted from the moment its batch was due.
struct GrowthResult {
  uint64_t keys = 0;  // added in each round
  unsigned pipeline = 1;
  std::optional<double> peak;  // of side b in a closed loop, if the rate was made from it
  double rate = 0;             // SETs a second asked for; SideSummary::throughput tells what was reached
  SideSummary a, b;

  /// a / b of the medians.
  std::optional<double> p999_ratio() const { return ratio(a.p999_us, b.p999_us); }
  /// True if the side answered at least 98 % of the rate: below, its latencies are those of a queue.
  bool kept_up(const SideSummary& side) const { return side.throughput >= 0.98 * rate; }
};

/// Lets empty servers grow to the number of keys at a fixed rate, in turn, A B A B …, each round on servers
/// just started (or just emptied).
GrowthResult measure_growth(const CompareOptions& options);

}  // namespace plimsoll::bench
