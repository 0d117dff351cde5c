#include "compare_speed.h"

#include <algorithm>
#include <cstdio>

#include "sides.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

CaseResult compare_case(const CompareOptions& options, const Case& what, uint64_t keys, RunningSide& a,
                        RunningSide& b) {
  CaseResult result{what, keys, {}, {}};
  for (unsigned round = 0; round < options.rounds; ++round) {
    result.a.rounds.push_back(measure(load_of(options, what, keys, a, round), *a.probe));
    result.b.rounds.push_back(measure(load_of(options, what, keys, b, round), *b.probe));
  }
  result.a.summarise();
  result.b.summarise();
  return result;
}

void grow(const CompareOptions& options, TestKind kind, uint64_t from, uint64_t to, RunningSide& side) {
  std::fprintf(stderr, "filling %s up to %s keys by %s\n", side.target.endpoint.text().c_str(),
               with_thousands(to).c_str(), std::string(name_of(kind)).c_str());
  Workload workload = plain_workload(options, kind, to);
  workload.first_key = from;
  fill(side, workload);
}

// The keys that the cases use are there before they are measured: INCR has its own.
std::vector<TestKind> kinds_that_fill(const CompareOptions& options) {
  std::vector<TestKind> kinds{TestKind::kSet};
  const bool counts = std::any_of(options.cases.begin(), options.cases.end(),
                                  [](const Case& what) { return what.kind == TestKind::kIncr; });
  if (counts) kinds.push_back(TestKind::kIncr);
  return kinds;
}

}  // namespace

std::string CaseResult::text() const {
  return what.text() + ", " + with_thousands(keys) + " keys";
}

std::vector<CaseResult> compare_speed(const CompareOptions& options) {
  RunningSide a = bring_up(options.a, options);
  RunningSide b = bring_up(options.b, options);
  std::vector<CaseResult> results;
  uint64_t filled = 0;
  for (const uint64_t keys : options.keys) {
    for (const TestKind kind : kinds_that_fill(options)) {
      for (RunningSide* side : {&a, &b}) grow(options, kind, filled, keys, *side);
    }
    filled = keys;
    for (const Case& what : options.cases) {
      std::fprintf(stderr, "measuring %s at %s keys, %u rounds\n", what.text().c_str(),
                   with_thousands(keys).c_str(), options.rounds);
      results.push_back(compare_case(options, what, keys, a, b));
    }
  }
  for (RunningSide* side : {&a, &b}) side->leave_empty();
  return results;
}

}  // namespace plimsoll::bench
