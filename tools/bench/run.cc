#include "run.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "error.h"
#include "json.h"
#include "measure.h"
#include "table.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr unsigned kFillPipeline = 64;
constexpr unsigned kFillClients = 8;

struct TestResult {
  std::string name;
  unsigned pipeline = 1;
  Measurement measurement;
  std::optional<BytesPerKey> growth;
};

LoadConfig load_of(const RunOptions& options, TestKind kind, unsigned pipeline) {
  LoadConfig config;
  config.target = options.target;
  config.workload = workload_of(kind, options);
  config.clients = options.clients;
  config.pipeline = pipeline;
  config.threads = options.threads;
  config.requests = options.requests;
  config.seconds = options.seconds;
  config.rate = options.rate;
  config.seed = pipeline;
  return config;
}

LoadConfig fill_of(const RunOptions& options) {
  LoadConfig config = load_of(options, TestKind::kSet, kFillPipeline);
  config.workload.sequential = true;
  config.clients = std::max(kFillClients, options.threads);
  config.requests = options.keys;
  config.seconds = config.rate = 0;
  return config;
}

TestResult run_one(const std::string& name, const LoadConfig& config, ServerProbe& probe) {
  TestResult result{name, config.pipeline, {}, {}};
  const Footprint before = probe.footprint();
  result.measurement = measure(config, probe);
  result.growth = growth_per_key(before, probe.footprint());
  return result;
}

std::vector<TestResult> run_all(const RunOptions& options, ServerProbe& probe) {
  std::vector<TestResult> results;
  bool filled = !options.fill;
  for (const TestKind kind : options.tests) {
    if (reads_values(kind) && !filled) {
      results.push_back(run_one("fill", fill_of(options), probe));
      filled = true;
    }
    for (const unsigned pipeline : options.pipelines) {
      results.push_back(run_one(std::string(name_of(kind)), load_of(options, kind, pipeline), probe));
    }
  }
  return results;
}

std::string micros(uint64_t nanoseconds) {
  return fixed(static_cast<double>(nanoseconds) / 1e3, 1);
}

std::string share_per_command(uint64_t nanoseconds, uint64_t commands) {
  return fixed(static_cast<double>(nanoseconds) / static_cast<double>(commands), 0);
}

std::vector<std::string> row_of(const TestResult& result) {
  const LoadResult& load = result.measurement.load;
  std::vector<std::string> row{result.name,
                               std::to_string(result.pipeline),
                               with_thousands(load.replies),
                               with_thousands(static_cast<uint64_t>(load.throughput())),
                               micros(load.latency.percentile(50)),
                               micros(load.latency.percentile(99)),
                               micros(load.latency.percentile(99.9)),
                               micros(load.latency.max())};
  if (result.measurement.cpu && load.replies > 0) {
    const CpuTime& cpu = *result.measurement.cpu;
    for (const uint64_t part : {cpu.total_ns, cpu.user_ns, cpu.system_ns}) {
      row.push_back(share_per_command(part, load.replies));
    }
  } else {
    row.insert(row.end(), 3, "-");
  }
  row.push_back(std::to_string(load.errors));
  return row;
}

void print_memory(const std::vector<TestResult>& results, const RunOptions& options) {
  Table table(
      {"bytes per key", "keys added", "used_memory", "RSS", "used_memory less data", "RSS less data"});
  const double data = static_cast<double>(options.key_size + options.value_size);
  bool any = false;
  for (const TestResult& result : results) {
    if (!result.growth || result.name == "incr") continue;
    const auto cell = [](std::optional<double> value, double less) {
      return value ? fixed(*value - less, 1) : "-";
    };
    const BytesPerKey& growth = *result.growth;
    table.add({result.name, with_thousands(growth.keys), cell(growth.used_memory, 0), cell(growth.rss, 0),
               cell(growth.used_memory, data), cell(growth.rss, data)});
    any = true;
  }
  if (any) std::printf("\n%s", table.text().c_str());
}

void print_results(const std::vector<TestResult>& results, const RunOptions& options) {
  Table table({"test", "pipeline", "requests", "per second", "p50 us", "p99 us", "p99.9 us", "max us",
               "cpu ns/cmd", "user", "system", "errors"});
  for (const TestResult& result : results) table.add(row_of(result));
  std::printf("%s", table.text().c_str());
  print_memory(results, options);
}

void write_json(const std::vector<TestResult>& results, const RunOptions& options, const ServerProbe& probe) {
  JsonWriter json;
  json.begin_object().field("server", options.target.endpoint.text()).field("version", probe.version());
  json.field("clients", uint64_t{options.clients}).field("threads", uint64_t{options.threads});
  json.field("keys", options.keys).field("key_size", uint64_t{options.key_size});
  json.field("value_size", uint64_t{options.value_size}).field("rate", options.rate);
  json.key("tests").begin_array();
  for (const TestResult& result : results) {
    json.begin_object().field("test", result.name).field("pipeline", uint64_t{result.pipeline});
    write_measurement(json, result.measurement);
    json.key("bytes_per_key");
    if (result.growth) {
      json.begin_object().field("keys", result.growth->keys).field("used_memory", result.growth->used_memory);
      json.field("rss", result.growth->rss).end_object();
    } else {
      json.null();
    }
    json.end_object();
  }
  json.end_array().end_object();
  write_file(options.json_path, json.text() + "\n");
}

// True if there were none.
bool report_errors(const std::vector<TestResult>& results) {
  bool clean = true;
  for (const TestResult& result : results) {
    const LoadResult& load = result.measurement.load;
    if (load.errors == 0) continue;
    clean = false;
    std::fprintf(stderr, "plimsoll-bench: %s: %s error replies, the first: %s\n", result.name.c_str(),
                 with_thousands(load.errors).c_str(), load.first_error.c_str());
  }
  return clean;
}

}  // namespace

Workload workload_of(TestKind kind, const RunOptions& options) {
  Workload workload;
  workload.kind = kind;
  workload.key_size = options.key_size;
  workload.value_size = options.value_size;
  workload.key_count = options.keys;
  if (kind == TestKind::kMset) workload.keys_per_command = options.mset_keys;
  if (kind == TestKind::kMget) workload.keys_per_command = options.mget_keys;
  return workload;
}

int run_tests(const RunOptions& options) {
  for (const TestKind kind : options.tests) {
    for (const unsigned pipeline : options.pipelines) check_load(load_of(options, kind, pipeline));
  }
  ServerProbe probe(options.target, options.pid);
  if (options.flush) probe.client().must({"FLUSHALL"});
  const auto results = run_all(options, probe);
  print_results(results, options);
  if (probe.pid() == 0) std::printf("\nThe server's process is not on this machine: no CPU time, no RSS.\n");
  if (!options.json_path.empty()) write_json(results, options, probe);
  return report_errors(results) || options.allow_errors ? 0 : 1;
}

}  // namespace plimsoll::bench
