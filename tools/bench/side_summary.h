#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "measure.h"

namespace plimsoll::bench {

/// Medians over the rounds of one side.
struct SideSummary {
  std::optional<double> cpu_ns;  // per command
  double throughput = 0;
  double p50_us = 0, p99_us = 0, p999_us = 0, max_us = 0;
  uint64_t errors = 0;  // of all rounds
  std::string first_error;
  std::vector<Measurement> rounds;

  /// Sets all the others from `rounds`.
  void summarise();
};

/// a / b; absent if either is unknown or b is not positive.
std::optional<double> ratio(std::optional<double> a, std::optional<double> b);

}  // namespace plimsoll::bench
