#include "growth.h"

#include <cstdio>

#include "sides.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

// Rate 0: a closed loop.
Measurement grow(const CompareOptions& options, const Side& side, double rate) {
  RunningSide running = bring_up(side, options);
  LoadConfig config =
      load_of(options, {TestKind::kSet, options.growth_pipeline}, options.growth_keys, running, 0);
  config.workload.sequential = true;
  config.requests = options.growth_keys;
  config.seconds = 0;
  config.rate = rate;
  Measurement measured = measure(config, *running.probe);
  running.leave_empty();
  return measured;
}

}  // namespace

GrowthResult measure_growth(const CompareOptions& options) {
  GrowthResult result;
  result.keys = options.growth_keys;
  result.pipeline = options.growth_pipeline;
  result.rate = options.growth_rate;
  if (result.rate <= 0) {
    std::fprintf(stderr, "growth: measuring the peak of %s\n", options.b.name.c_str());
    result.peak = grow(options, options.b, 0).load.throughput();
    result.rate = *result.peak / 2;
  }
  for (unsigned round = 0; round < options.rounds; ++round) {
    std::fprintf(stderr, "growth to %s keys at %s SETs a second, round %u of %u\n",
                 with_thousands(result.keys).c_str(),
                 with_thousands(static_cast<uint64_t>(result.rate)).c_str(), round + 1, options.rounds);
    result.a.rounds.push_back(grow(options, options.a, result.rate));
    result.b.rounds.push_back(grow(options, options.b, result.rate));
  }
  result.a.summarise();
  result.b.summarise();
  return result;
}

}  // namespace plimsoll::bench
