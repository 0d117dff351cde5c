#pragma once

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

  bool met() const { return reached <= limit; }
};

/// The goals that the run covers: those whose figures it has.
std::vector<Goal> goals_of(const CompareOptions& options, const CompareResult& result);

}  // namespace plimsoll::bench
