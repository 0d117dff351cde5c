#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare_memory.h"
#include "compare_options.h"
#include "compare_speed.h"
#include "embedded.h"
#include "growth.h"
#include "idle.h"
#include "threads.h"

namespace plimsoll::bench {

/// What the parts measured; empty for a part that was not asked for.
struct CompareResult {
  std::string version_a, version_b;  // empty if no part needs servers
  std::vector<CaseResult> cases;
  std::vector<ShapeResult> shapes;
  std::vector<ExpiryResult> expiries;
  std::optional<GrowthResult> growth;
  std::optional<IdleResult> idle;
  std::vector<ThreadsResult> threads;
  std::optional<EmbeddedResult> embedded;
};

/// Measures the parts asked for, one after another. Tells its progress on stderr. Throws BenchError.
CompareResult compare_servers(const CompareOptions& options);

/// The whole subcommand: measures, prints the tables, writes the files. Returns the exit code.
int run_compare(const CompareOptions& options);

}  // namespace plimsoll::bench
