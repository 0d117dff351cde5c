#include "side_summary.h"

#include <algorithm>

#include "units.h"

namespace plimsoll::bench {
namespace {

double micros(uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e3;
}

template <class Figure>
double median_of(const std::vector<Measurement>& rounds, Figure&& figure) {
  std::vector<double> values;
  for (const Measurement& round : rounds) values.push_back(figure(round));
  return median(values);
}

double median_percentile(const std::vector<Measurement>& rounds, double percent) {
  return median_of(rounds, [percent](const auto& m) { return micros(m.load.latency.percentile(percent)); });
}

}  // namespace

void SideSummary::summarise() {
  const bool cpu_known = std::all_of(rounds.begin(), rounds.end(),
                                     [](const auto& m) { return m.cpu_per_command().has_value(); });
  cpu_ns.reset();
  if (cpu_known) cpu_ns = median_of(rounds, [](const auto& m) { return *m.cpu_per_command(); });
  throughput = median_of(rounds, [](const auto& m) { return m.load.throughput(); });
  p50_us = median_percentile(rounds, 50);
  p99_us = median_percentile(rounds, 99);
  p999_us = median_percentile(rounds, 99.9);
  max_us = median_of(rounds, [](const auto& m) { return micros(m.load.latency.max()); });
  errors = 0;
  for (const Measurement& round : rounds) {
    errors += round.load.errors;
    if (first_error.empty()) first_error = round.load.first_error;
  }
}

std::optional<double> ratio(std::optional<double> a, std::optional<double> b) {
  if (!a || !b || *b <= 0) return std::nullopt;
  return *a / *b;
}

}  // namespace plimsoll::bench
