#include "measure.h"

namespace plimsoll::bench {
namespace {

std::optional<double> growth(std::optional<uint64_t> before, std::optional<uint64_t> after, uint64_t keys) {
  if (!before || !after) return std::nullopt;
  return (static_cast<double>(*after) - static_cast<double>(*before)) / static_cast<double>(keys);
}

}  // namespace

std::optional<double> Measurement::cpu_per_command() const {
  if (!cpu || load.replies == 0) return std::nullopt;
  return static_cast<double>(cpu->total_ns) / static_cast<double>(load.replies);
}

Measurement measure(const LoadConfig& config, ServerProbe& probe) {
  LoadEngine engine(config);
  Measurement measurement;
  const auto before = probe.cpu();
  measurement.load = engine.run();
  const auto after = probe.cpu();
  if (before && after) measurement.cpu = cpu_between(*before, *after);
  return measurement;
}

std::optional<BytesPerKey> growth_per_key(const Footprint& before, const Footprint& after) {
  if (after.keys <= before.keys) return std::nullopt;
  BytesPerKey result;
  result.keys = after.keys - before.keys;
  result.used_memory = growth(before.used_memory, after.used_memory, result.keys);
  result.rss = growth(before.rss, after.rss, result.keys);
  return result;
}

void write_measurement(JsonWriter& json, const Measurement& measurement) {
  const LoadResult& load = measurement.load;
  json.field("requests", load.replies).field("seconds", load.seconds).field("throughput", load.throughput());
  json.field("nulls", load.nulls).field("errors", load.errors);
  json.key("latency_us").begin_object();
  for (const auto& [name, percent] : {std::pair{"p50", 50.0}, {"p99", 99.0}, {"p99.9", 99.9}}) {
    json.field(name, static_cast<double>(load.latency.percentile(percent)) / 1e3);
  }
  json.field("mean", load.latency.mean() / 1e3).field("max", static_cast<double>(load.latency.max()) / 1e3);
  json.end_object();
  json.field("cpu_ns_per_command", measurement.cpu_per_command());
  json.key("cpu_ns");
  if (!measurement.cpu) {
    json.null();
    return;
  }
  json.begin_object().field("total", measurement.cpu->total_ns);
  json.field("user", measurement.cpu->user_ns).field("system", measurement.cpu->system_ns).end_object();
}

}  // namespace plimsoll::bench
