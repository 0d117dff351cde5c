#include "compare.h"

#include <cstdio>
#include <functional>
#include <memory>

#include "child_server.h"
#include "error.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr unsigned kFillPipeline = 64;

// A side that is up: its process if it was started here, and a probe.
struct RunningSide {
  std::unique_ptr<ChildServer> child;
  Target target;
  std::unique_ptr<ServerProbe> probe;
};

RunningSide bring_up(const Side& side, const CompareOptions& options) {
  RunningSide running;
  if (side.command.empty()) {
    running.target.endpoint = parse_endpoint(side.server);
    running.target.timeout_ms = options.timeout_ms;
    running.probe = std::make_unique<ServerProbe>(running.target);
    if (options.flush) running.probe->client().must({"FLUSHALL"});
    if (const uint64_t keys = running.probe->keys(); keys != 0) {
      throw BenchError(side.server + " holds " + std::to_string(keys) + " keys; --flush deletes them first");
    }
  } else {
    running.child = std::make_unique<ChildServer>(side.command, options.timeout_ms);
    running.target = running.child->target();
    running.probe = std::make_unique<ServerProbe>(running.target, running.child->pid());
  }
  return running;
}

LoadConfig load_of(const CompareOptions& options, const Case& what, const Target& target, unsigned round) {
  LoadConfig config;
  config.target = target;
  config.workload.kind = what.kind;
  config.workload.key_size = options.key_size;
  config.workload.value_size = options.value_size;
  config.workload.key_count = options.keys;
  if (what.kind == TestKind::kMset) config.workload.keys_per_command = options.mset_keys;
  if (what.kind == TestKind::kMget) config.workload.keys_per_command = options.mget_keys;
  config.clients = options.clients;
  config.threads = options.threads;
  config.pipeline = what.pipeline;
  config.requests = options.requests;
  config.seconds = options.requests == 0 ? options.seconds : 0;
  config.seed = round + 1;
  return config;
}

void demand_clean(const LoadResult& load, const std::string& what) {
  if (load.errors != 0) throw BenchError(what + " failed: " + load.first_error);
}

// One connection only: the buffers of many clients would show in the memory.
LoadConfig fill_of(const Target& target, const Shape& shape, uint64_t keys) {
  LoadConfig config;
  config.target = target;
  config.workload = Workload{.kind = TestKind::kSet,
                             .key_size = shape.key_size,
                             .value_size = shape.value_size,
                             .key_count = keys,
                             .sequential = true,
                             .integer_value = shape.integer_value,
                             .with_expiry = shape.with_expiry};
  config.clients = 1;
  config.pipeline = kFillPipeline;
  config.requests = keys;
  return config;
}

double micros(const LoadResult& load, double percent) {
  return static_cast<double>(load.latency.percentile(percent)) / 1e3;
}

double median_of(const std::vector<Measurement>& rounds,
                 const std::function<double(const Measurement&)>& figure) {
  std::vector<double> values;
  for (const Measurement& round : rounds) values.push_back(figure(round));
  return median(values);
}

void summarise(SideSummary& side) {
  bool cpu_known = true;
  for (const Measurement& round : side.rounds) {
    cpu_known = cpu_known && round.cpu_per_command().has_value();
    side.errors += round.load.errors;
    if (side.first_error.empty()) side.first_error = round.load.first_error;
  }
  if (cpu_known) side.cpu_ns = median_of(side.rounds, [](const auto& m) { return *m.cpu_per_command(); });
  side.throughput = median_of(side.rounds, [](const auto& m) { return m.load.throughput(); });
  side.p50_us = median_of(side.rounds, [](const auto& m) { return micros(m.load, 50); });
  side.p99_us = median_of(side.rounds, [](const auto& m) { return micros(m.load, 99); });
  side.p999_us = median_of(side.rounds, [](const auto& m) { return micros(m.load, 99.9); });
}

CaseResult compare_case(const CompareOptions& options, const Case& what, RunningSide& a, RunningSide& b) {
  CaseResult result{what, {}, {}};
  for (unsigned round = 0; round < options.rounds; ++round) {
    result.a.rounds.push_back(measure(load_of(options, what, a.target, round), *a.probe));
    result.b.rounds.push_back(measure(load_of(options, what, b.target, round), *b.probe));
  }
  summarise(result.a);
  summarise(result.b);
  return result;
}

void compare_speed(const CompareOptions& options, CompareResult& result) {
  RunningSide a = bring_up(options.a, options);
  RunningSide b = bring_up(options.b, options);
  result.version_a = a.probe->version();
  result.version_b = b.probe->version();
  const Shape shape{"", options.key_size, options.value_size, false, false};
  for (RunningSide* side : {&a, &b}) {
    if (options.cases.empty()) break;
    std::fprintf(stderr, "filling %s with %s keys\n", side->target.endpoint.text().c_str(),
                 with_thousands(options.keys).c_str());
    demand_clean(measure(fill_of(side->target, shape, options.keys), *side->probe).load, "filling");
  }
  for (const Case& what : options.cases) {
    std::fprintf(stderr, "measuring %s, %u rounds\n", what.text().c_str(), options.rounds);
    result.cases.push_back(compare_case(options, what, a, b));
  }
  for (RunningSide* side : {&a, &b}) {
    if (side->child == nullptr) side->probe->client().must({"FLUSHALL"});
  }
}

std::optional<BytesPerKey> measure_shape(const CompareOptions& options, const Side& side, const Shape& shape,
                                         uint64_t keys) {
  RunningSide running = bring_up(side, options);
  const Footprint before = running.probe->footprint();
  demand_clean(measure(fill_of(running.target, shape, keys), *running.probe).load, "filling");
  const auto growth = growth_per_key(before, running.probe->footprint());
  if (running.child == nullptr) running.probe->client().must({"FLUSHALL"});
  return growth;
}

std::optional<double> ratio(std::optional<double> a, std::optional<double> b) {
  if (!a || !b || *b <= 0) return std::nullopt;
  return *a / *b;
}

}  // namespace

std::string Case::text() const {
  return std::string(name_of(kind)) + "@" + std::to_string(pipeline);
}

Case parse_case(std::string_view text) {
  const size_t at = text.find('@');
  const auto depth = at == std::string_view::npos ? std::nullopt : parse_unsigned(text.substr(at + 1));
  if (!depth || *depth == 0 || *depth > 100'000) {
    throw UsageError("'" + std::string(text) + "' is no case (TEST@PIPELINE, for example set@16)");
  }
  return Case{parse_test(text.substr(0, at)), static_cast<unsigned>(*depth)};
}

const std::vector<Shape>& memory_shapes() {
  static const std::vector<Shape> kShapes = {
      {"16 B key, 16 B value", 16, 16, false, false},
      {"16 B key, 32 B value", 16, 32, false, false},
      {"16 B key, 100 B value", 16, 100, false, false},
      {"16 B key, 32 B value, expiry", 16, 32, false, true},
      {"40 B key, 8-digit integer", 40, 8, true, false},
  };
  return kShapes;
}

std::optional<double> CaseResult::cpu_ratio() const {
  return ratio(a.cpu_ns, b.cpu_ns);
}

std::optional<double> CaseResult::throughput_ratio() const {
  return ratio(a.throughput, b.throughput);
}

CompareResult compare_servers(const CompareOptions& options) {
  CompareResult result;
  compare_speed(options, result);
  for (const uint64_t keys : options.memory_keys) {
    for (const Shape& shape : memory_shapes()) {
      std::fprintf(stderr, "memory of %s keys: %s\n", with_thousands(keys).c_str(),
                   std::string(shape.name).c_str());
      ShapeResult measured{shape, keys, {}, {}};
      measured.a = measure_shape(options, options.a, shape, keys);
      measured.b = measure_shape(options, options.b, shape, keys);
      result.shapes.push_back(measured);
    }
  }
  return result;
}

}  // namespace plimsoll::bench
