#include "compare_report.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <thread>
#include <utility>

#include "error.h"
#include "json.h"
#include "process_stats.h"
#include "svg.h"
#include "table.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

std::string cell(std::optional<double> value, int decimals) {
  return value ? fixed(*value, decimals) : "-";
}

// Smallest and largest ratio of the rounds taken in pairs: how far to trust the ratio of the medians.
std::string spread(const CaseResult& result) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(result.a.rounds.size(), result.b.rounds.size()); ++i) {
    const auto a = result.a.rounds[i].cpu_per_command(), b = result.b.rounds[i].cpu_per_command();
    if (a && b && *b > 0) ratios.push_back(*a / *b);
  }
  if (ratios.empty()) return "-";
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  return fixed(*low, 2) + "-" + fixed(*high, 2);
}

std::string speed_table(const CompareResult& result) {
  Table table({"test@pipeline", "cpu a ns", "cpu b ns", "cpu a/b", "rounds", "a per second", "b per second",
               "a/b", "p99.9 a us", "p99.9 b us", "errors a", "errors b"});
  for (const CaseResult& one : result.cases) {
    table.add({one.what.text(), cell(one.a.cpu_ns, 0), cell(one.b.cpu_ns, 0), cell(one.cpu_ratio(), 3),
               spread(one), with_thousands(static_cast<uint64_t>(one.a.throughput)),
               with_thousands(static_cast<uint64_t>(one.b.throughput)), cell(one.throughput_ratio(), 2),
               fixed(one.a.p999_us, 0), fixed(one.b.p999_us, 0), std::to_string(one.a.errors),
               std::to_string(one.b.errors)});
  }
  return table.text();
}

std::optional<double> overhead(const std::optional<BytesPerKey>& growth, bool rss, double data) {
  if (!growth) return std::nullopt;
  const auto total = rss ? growth->rss : growth->used_memory;
  return total ? std::optional(*total - data) : std::nullopt;
}

std::string memory_table(const CompareResult& result) {
  Table table(
      {"bytes per key beyond key and value", "keys", "used_memory a", "used_memory b", "RSS a", "RSS b"});
  for (const ShapeResult& one : result.shapes) {
    const double data = one.data_bytes();
    table.add({std::string(one.shape.name), with_thousands(one.keys), cell(overhead(one.a, false, data), 1),
               cell(overhead(one.b, false, data), 1), cell(overhead(one.a, true, data), 1),
               cell(overhead(one.b, true, data), 1)});
  }
  return table.text();
}

std::string processor_name() {
  const std::string text = read_file("/proc/cpuinfo").value_or("");
  const size_t line = text.find("model name");
  const size_t colon = line == std::string::npos ? line : text.find(": ", line);
  if (colon == std::string::npos) return "unknown processor";
  return text.substr(colon + 2, text.find('\n', colon) - colon - 2);
}

std::string machine_text() {
  utsname system{};
  ::uname(&system);
  return processor_name() + ", " + std::to_string(std::thread::hardware_concurrency()) + " CPUs, " +
         system.sysname + " " + system.release;
}

void write_side(JsonWriter& json, std::string_view key, const SideSummary& side) {
  json.key(key).begin_object();
  json.field("cpu_ns_per_command", side.cpu_ns).field("throughput", side.throughput);
  json.field("p50_us", side.p50_us).field("p99_us", side.p99_us).field("p99.9_us", side.p999_us);
  json.field("errors", side.errors).key("rounds").begin_array();
  for (const Measurement& round : side.rounds) {
    json.begin_object();
    write_measurement(json, round);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_growth(JsonWriter& json, std::string_view key, const std::optional<BytesPerKey>& growth,
                  double data) {
  json.key(key);
  if (!growth) {
    json.null();
    return;
  }
  json.begin_object().field("keys", growth->keys);
  json.field("used_memory_per_key", growth->used_memory).field("rss_per_key", growth->rss);
  json.field("used_memory_overhead", overhead(growth, false, data));
  json.field("rss_overhead", overhead(growth, true, data)).end_object();
}

void write_identity(JsonWriter& json, std::string_view key, const Side& side, const std::string& version) {
  json.key(key).begin_object().field("name", side.name).field("command", side.command);
  json.field("server", side.server).field("redis_version", version).end_object();
}

BarGroup speed_bars(const CompareResult& result, const std::string& title, bool cpu) {
  BarGroup group{title, {}, 1.0, 2};
  for (const CaseResult& one : result.cases) {
    const auto value = cpu ? one.cpu_ratio() : one.throughput_ratio();
    if (value) group.bars.push_back({one.what.text(), *value, false});
  }
  return group;
}

BarGroup memory_bars(const CompareOptions& options, const CompareResult& result, bool rss) {
  BarGroup group{
      std::string(rss ? "RSS" : "used_memory") + ", bytes per key beyond key and value", {}, {}, 1};
  for (const ShapeResult& one : result.shapes) {
    const std::string label = std::string(one.shape.name) + ", " + with_thousands(one.keys) + " keys: ";
    const auto a = overhead(one.a, rss, one.data_bytes()), b = overhead(one.b, rss, one.data_bytes());
    if (a) group.bars.push_back({label + options.a.name, *a, false});
    if (b) group.bars.push_back({label + options.b.name, *b, true});
  }
  return group;
}

}  // namespace

std::string compare_text(const CompareOptions& options, const CompareResult& result) {
  std::ostringstream out;
  out << "a = " << options.a.name << " (" << result.version_a << "), b = " << options.b.name << " ("
      << result.version_b << "); " << options.clients << " clients, " << options.value_size
      << "-byte values, " << with_thousands(options.keys) << " keys, medians of " << options.rounds << "\n"
      << machine_text() << "\n";
  if (!result.cases.empty()) out << "\n" << speed_table(result);
  if (!result.shapes.empty()) out << "\n" << memory_table(result);
  return out.str();
}

std::string compare_json(const CompareOptions& options, const CompareResult& result) {
  JsonWriter json;
  json.begin_object().field("machine", machine_text());
  write_identity(json, "a", options.a, result.version_a);
  write_identity(json, "b", options.b, result.version_b);
  json.field("rounds", uint64_t{options.rounds}).field("clients", uint64_t{options.clients});
  json.field("threads", uint64_t{options.threads}).field("keys", options.keys);
  json.field("key_size", uint64_t{options.key_size}).field("value_size", uint64_t{options.value_size});
  json.key("cases").begin_array();
  for (const CaseResult& one : result.cases) {
    json.begin_object().field("test", name_of(one.what.kind)).field("pipeline", uint64_t{one.what.pipeline});
    json.field("cpu_ratio", one.cpu_ratio()).field("throughput_ratio", one.throughput_ratio());
    write_side(json, "a", one.a);
    write_side(json, "b", one.b);
    json.end_object();
  }
  json.end_array().key("memory").begin_array();
  for (const ShapeResult& one : result.shapes) {
    json.begin_object()
        .field("shape", one.shape.name)
        .field("keys", one.keys)
        .field("data_bytes", one.data_bytes());
    write_growth(json, "a", one.a, one.data_bytes());
    write_growth(json, "b", one.b, one.data_bytes());
    json.end_object();
  }
  json.end_array().end_object();
  return json.text() + "\n";
}

std::string compare_svg(const CompareOptions& options, const CompareResult& result) {
  const std::string versus = options.a.name + " / " + options.b.name;
  std::vector<BarGroup> groups;
  groups.push_back(speed_bars(result, "Server CPU per command, " + versus + " (shorter is better)", true));
  groups.push_back(speed_bars(result, "Commands a second, " + versus + " (longer is better)", false));
  groups.push_back(memory_bars(options, result, false));
  groups.push_back(memory_bars(options, result, true));
  return bar_chart(options.a.name + " beside " + options.b.name, machine_text(), groups);
}

int run_compare(const CompareOptions& options) {
  const CompareResult result = compare_servers(options);
  std::printf("%s", compare_text(options, result).c_str());
  if (!options.json_path.empty()) write_file(options.json_path, compare_json(options, result));
  if (!options.svg_path.empty()) write_file(options.svg_path, compare_svg(options, result));
  bool clean = true;
  for (const CaseResult& one : result.cases) {
    for (const SideSummary* side : {&one.a, &one.b}) {
      if (side->errors == 0) continue;
      clean = false;
      std::fprintf(stderr, "plimsoll-bench: %s, %s: %s error replies, the first: %s\n",
                   one.what.text().c_str(), side == &one.a ? options.a.name.c_str() : options.b.name.c_str(),
                   with_thousands(side->errors).c_str(), side->first_error.c_str());
    }
  }
  return clean || options.allow_errors ? 0 : 1;
}

}  // namespace plimsoll::bench
