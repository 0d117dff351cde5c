#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "compare.h"

namespace plimsoll::bench {

/// Something to reach beside redis-server 7.0.15, and what was reached.
struct Goal {
  std::string name;
  double limit = 0;
  double reached = 0;
  int decimals = 2;  // to show both with

  /// As shown: what a server keeps for all keys together is no part of a key.
  bool met() const {
    const double scale = std::pow(10, decimals);
    return std::round(reached * scale) <= std::round(limit * scale);
  }
};

/// The goals that the run covers: those whose figures it has.
std::vector<Goal> goals_of(const CompareOptions& options, const CompareResult& result);

}  // namespace plimsoll::bench
