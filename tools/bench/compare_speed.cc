#include "compare_speed.h"

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

// `cases` on servers of their own, whose keys have been made by requests of kind `made_by`.
void compare_group(const CompareOptions& options, const std::vector<Case>& cases, TestKind made_by,
                   std::vector<CaseResult>& results) {
  if (cases.empty()) return;
  RunningSide a = bring_up(options.a, options);
  RunningSide b = bring_up(options.b, options);
  uint64_t filled = 0;
  for (const uint64_t keys : options.keys) {
    for (RunningSide* side : {&a, &b}) grow(options, made_by, filled, keys, *side);
    filled = keys;
    for (const Case& what : cases) {
      std::fprintf(stderr, "measuring %s at %s keys, %u rounds\n", what.text().c_str(),
                   with_thousands(keys).c_str(), options.rounds);
      results.push_back(compare_case(options, what, keys, a, b));
    }
  }
  for (RunningSide* side : {&a, &b}) side->leave_empty();
}

}  // namespace

std::string CaseResult::text() const {
  return what.text() + ", " + with_thousands(keys) + " keys";
}

std::vector<CaseResult> compare_speed(const CompareOptions& options) {
  // INCR counts keys of its own.
  std::vector<Case> counting, others;
  for (const Case& what : options.cases) (what.kind == TestKind::kIncr ? counting : others).push_back(what);
  std::vector<CaseResult> results;
  compare_group(options, others, TestKind::kSet, results);
  compare_group(options, counting, TestKind::kIncr, results);
  return results;
}

}  // namespace plimsoll::bench
