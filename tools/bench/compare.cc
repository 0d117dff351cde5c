#include "compare.h"

#include <algorithm>
#include <cstdio>

#include "compare_report.h"
#include "json.h"
#include "sides.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

bool needs_servers(Part part) {
  return part != Part::kEmbedded;
}

// Says what error replies there were. True if there were none.
bool report_errors(const std::string& load, const std::string& server, const SideSummary& side) {
  if (side.errors == 0) return true;
  std::fprintf(stderr, "plimsoll-bench: %s, %s: %s error replies, the first: %s\n", load.c_str(),
               server.c_str(), with_thousands(side.errors).c_str(), side.first_error.c_str());
  return false;
}

bool report_errors(const std::string& load, const std::string& server, const std::optional<Scaling>& side) {
  if (!side) return true;
  bool clean = report_errors(load + " with 1 thread", server, side->one);
  clean &= report_errors(load + " with " + std::to_string(kManyThreads) + " threads", server, side->many);
  return clean;
}

bool report_errors(const CompareOptions& options, const CompareResult& result) {
  bool clean = true;
  for (const CaseResult& one : result.cases) {
    clean &= report_errors(one.text(), options.a.name, one.a);
    clean &= report_errors(one.text(), options.b.name, one.b);
  }
  if (result.growth) {
    clean &= report_errors("growth", options.a.name, result.growth->a);
    clean &= report_errors("growth", options.b.name, result.growth->b);
  }
  for (const ThreadsResult& one : result.threads) {
    clean &= report_errors(one.what.text(), options.a.name, one.a);
    clean &= report_errors(one.what.text(), options.b.name, one.b);
  }
  return clean;
}

// What could not be done is to be known before anything is measured.
void check_before(const CompareOptions& options) {
  if (options.has(Part::kSpeed)) check_workload(plain_workload(options, TestKind::kSet, options.keys.back()));
  if (options.has(Part::kGrowth))
    check_workload(plain_workload(options, TestKind::kSet, options.growth_keys));
  if (options.has(Part::kIdle)) allow_idle(options.idle_connections);
}

}  // namespace

CompareResult compare_servers(const CompareOptions& options) {
  CompareResult result;
  check_before(options);
  // A server that does not start is to be known before anything is measured.
  if (std::any_of(options.parts.begin(), options.parts.end(), needs_servers)) {
    result.version_a = bring_up(options.a, options).probe->version();
    result.version_b = bring_up(options.b, options).probe->version();
  }
  if (options.has(Part::kSpeed)) result.cases = compare_speed(options);
  if (options.has(Part::kMemory)) {
    result.shapes = compare_memory(options);
    result.expiries = compare_expiry(options);
  }
  if (options.has(Part::kGrowth)) result.growth = measure_growth(options);
  if (options.has(Part::kIdle)) result.idle = measure_idle(options);
  if (options.has(Part::kThreads)) result.threads = measure_threads(options);
  if (options.has(Part::kEmbedded)) result.embedded = measure_embedded(options.keys.front(), options.rounds);
  return result;
}

int run_compare(const CompareOptions& options) {
  const CompareResult result = compare_servers(options);
  std::printf("%s", compare_text(options, result).c_str());
  if (!options.json_path.empty()) write_file(options.json_path, compare_json(options, result));
  if (!options.svg_path.empty()) write_file(options.svg_path, compare_svg(options, result));
  return report_errors(options, result) || options.allow_errors ? 0 : 1;
}

}  // namespace plimsoll::bench
