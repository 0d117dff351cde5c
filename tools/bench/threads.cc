#include "threads.h"

#include <algorithm>
#include <cstdio>

#include "sides.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr Case kCases[] = {{TestKind::kSet, 16}, {TestKind::kGet, 16}};

struct Servers {
  RunningSide one, many;
};

std::optional<Servers> bring_up_both(const CompareOptions& options, const Side& side) {
  if (side.command.find(kThreadsMark) == std::string::npos) {
    std::fprintf(stderr, "threads: %s is left out, its command line has no %s\n", side.name.c_str(),
                 std::string(kThreadsMark).c_str());
    return std::nullopt;
  }
  Servers servers{bring_up(side, options, 1), bring_up(side, options, kManyThreads)};
  for (RunningSide* running : {&servers.one, &servers.many}) {
    fill(*running, plain_workload(options, TestKind::kSet, options.keys.front()));
  }
  return servers;
}

Measurement measure_once(const CompareOptions& options, const Case& what, unsigned round, RunningSide& side) {
  LoadConfig config = load_of(options, what, options.keys.front(), side, round);
  config.threads = kManyThreads;
  config.clients = std::max(config.clients, kManyThreads);
  return measure(config, *side.probe);
}

void measure_round(const CompareOptions& options, const Case& what, unsigned round, Servers& servers,
                   Scaling& scaling) {
  scaling.one.rounds.push_back(measure_once(options, what, round, servers.one));
  scaling.many.rounds.push_back(measure_once(options, what, round, servers.many));
}

}  // namespace

std::vector<ThreadsResult> measure_threads(const CompareOptions& options) {
  std::optional<Servers> a = bring_up_both(options, options.a);
  std::optional<Servers> b = bring_up_both(options, options.b);
  std::vector<ThreadsResult> results;
  for (const Case& what : kCases) {
    std::fprintf(stderr, "measuring %s with 1 and %u threads, %u rounds\n", what.text().c_str(), kManyThreads,
                 options.rounds);
    ThreadsResult result{what, {}, {}};
    if (a) result.a.emplace();
    if (b) result.b.emplace();
    for (unsigned round = 0; round < options.rounds; ++round) {
      if (a) measure_round(options, what, round, *a, *result.a);
      if (b) measure_round(options, what, round, *b, *result.b);
    }
    for (std::optional<Scaling>* side : {&result.a, &result.b}) {
      if (!*side) continue;
      (*side)->one.summarise();
      (*side)->many.summarise();
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace plimsoll::bench
