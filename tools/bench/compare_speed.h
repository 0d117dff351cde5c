#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compare_options.h"
#include "side_summary.h"

namespace plimsoll::bench {

struct CaseResult {
  Case what;
  uint64_t keys = 0;  // held by the servers
  SideSummary a, b;

  /// a / b of the medians; absent if either is unknown.
  std::optional<double> cpu_ratio() const { return ratio(a.cpu_ns, b.cpu_ns); }
  std::optional<double> throughput_ratio() const { return ratio(a.throughput, b.throughput); }

  /// `set@16, 1,000,000 keys`
  std::string text() const;
};

/// Measures the cases on both sides in turn, A B A B …, at each number of keys: the servers are filled with
/// the first number, and grow to the next one when all cases have been measured.
std::vector<CaseResult> compare_speed(const CompareOptions& options);

}  // namespace plimsoll::bench
