#include "goals.h"

#include <optional>

namespace plimsoll::bench {
namespace {

// Server CPU per command, a / b.
struct CpuGoal {
  TestKind kind;
  unsigned pipeline;
  unsigned keys_per_command;
  double limit;
};

constexpr CpuGoal kCpuGoals[] = {
    {TestKind::kSet, 1, 1, 0.85},   {TestKind::kGet, 1, 1, 0.85},   {TestKind::kSet, 16, 1, 0.36},
    {TestKind::kGet, 16, 1, 0.36},  {TestKind::kSet, 64, 1, 0.20},  {TestKind::kGet, 64, 1, 0.20},
    {TestKind::kIncr, 16, 1, 0.45}, {TestKind::kMset, 4, 10, 0.25}, {TestKind::kMget, 1, 100, 0.40},
};
constexpr double kShapeBytes = 28;    // per key, beyond key and value
constexpr double kExpiryBytes = 8;    // per key
constexpr double kGrowthRatio = 1.1;  // of the p99.9 latencies
constexpr double kIdleBytes = 2048;   // per connection
constexpr double kGetNs = 150;
constexpr double kBatchNs = 60;  // per key
constexpr double kTwoThreadsRatio = 1.05;

using Goals = std::vector<Goal>;

void add(Goals& goals, const std::string& name, double limit, std::optional<double> reached, int decimals) {
  if (reached) goals.push_back({name, limit, *reached, decimals});
}

void add_figures(Goals& goals, const std::string& name, double limit, const MemoryFigures& figures,
                 int decimals) {
  add(goals, name + ", used_memory", limit, figures.used_memory, decimals);
  add(goals, name + ", RSS", limit, figures.rss, decimals);
}

void add_speed(Goals& goals, const CompareOptions& options, const CompareResult& result) {
  for (const CaseResult& one : result.cases) {
    for (const CpuGoal& goal : kCpuGoals) {
      if (goal.kind != one.what.kind || goal.pipeline != one.what.pipeline ||
          goal.keys_per_command != options.keys_per_command(goal.kind)) {
        continue;
      }
      add(goals, one.text() + ": CPU per command, a/b", goal.limit, one.cpu_ratio(), 3);
    }
  }
}

void add_memory(Goals& goals, const CompareResult& result) {
  for (const ShapeResult& one : result.shapes)
    add_figures(goals, one.text() + ": bytes per key", kShapeBytes, one.overhead_a(), 1);
  for (const ExpiryResult& one : result.expiries)
    add_figures(goals, one.text() + ": bytes per expiry", kExpiryBytes, one.a, 2);
}

void add_embedded(Goals& goals, const EmbeddedResult& result) {
  for (const EmbeddedFigure& one : result.figures) {
    const std::string name = "embedded " + std::string(name_of(one.call)) + ": ";
    if (one.call == EmbeddedCall::kGet) add(goals, name + "ns", kGetNs, one.one_ns, 0);
    if (one.call == EmbeddedCall::kReadMany) add(goals, name + "ns per key", kBatchNs, one.one_ns, 0);
    add(goals, name + "with 2 threads / with 1", kTwoThreadsRatio, one.threads_ratio(), 2);
  }
}

}  // namespace

std::vector<Goal> goals_of(const CompareOptions& options, const CompareResult& result) {
  Goals goals;
  add_speed(goals, options, result);
  add_memory(goals, result);
  if (result.growth) add(goals, "growth: p99.9 latency, a/b", kGrowthRatio, result.growth->p999_ratio(), 2);
  if (result.idle) add_figures(goals, "idle: bytes per connection", kIdleBytes, result.idle->a, 0);
  if (result.embedded) add_embedded(goals, *result.embedded);
  return goals;
}

}  // namespace plimsoll::bench
