#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace plimsoll::bench {

/// A synthetic access trace: popularity 1/rank over `ranks` ranks, a share of keys that are read once, and
/// ranks that change to a new key as time goes on. Keys are dense integers from 1 in the order of first use;
/// a value's size depends on its key alone: 40 % of 30–99 B, 30 % of 100–299 B, 20 % of 300–799 B, 10 % of
/// 800–2000 B. Integer arithmetic, additions and divisions only: the same recipe gives the same bytes on
/// every machine.
struct TraceRecipe {
  uint64_t requests = 60'000;
  uint32_t ranks = 12'000;
  unsigned one_time_percent = 12;
  uint64_t turnover_every = 20;  // requests until one random rank gets a new key; 0: never
  uint64_t seed = 1;
};

/// Gives the trace to `write` line by line, newlines included. Throws UsageError for a recipe without sense.
void make_trace(const TraceRecipe& recipe, const std::function<void(std::string_view)>& write);

/// The trace as a file; `-` writes to standard output. Throws BenchError.
void make_trace_file(const TraceRecipe& recipe, const std::string& path);

}  // namespace plimsoll::bench
