#include "compare_report.h"
#include "goals.h"
#include "json.h"
#include "machine.h"

namespace plimsoll::bench {
namespace {

void write_identity(JsonWriter& json, std::string_view key, const Side& side, const std::string& version) {
  json.key(key).begin_object().field("name", side.name).field("command", side.command);
  json.field("server", side.server).field("redis_version", version).end_object();
}

void write_options(JsonWriter& json, const CompareOptions& options) {
  json.field("rounds", uint64_t{options.rounds}).field("clients", uint64_t{options.clients});
  json.field("client_threads", uint64_t{options.threads});
  json.field("key_size", uint64_t{options.key_size}).field("value_size", uint64_t{options.value_size});
  json.field("mset_keys", uint64_t{options.mset_keys}).field("mget_keys", uint64_t{options.mget_keys});
}

void write_side(JsonWriter& json, std::string_view key, const SideSummary& side) {
  json.key(key).begin_object();
  json.field("cpu_ns_per_command", side.cpu_ns).field("throughput", side.throughput);
  json.field("p50_us", side.p50_us).field("p99_us", side.p99_us).field("p99.9_us", side.p999_us);
  json.field("max_us", side.max_us).field("errors", side.errors).key("rounds").begin_array();
  for (const Measurement& round : side.rounds) {
    json.begin_object();
    write_measurement(json, round);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_case(JsonWriter& json, const Case& what) {
  json.field("test", name_of(what.kind)).field("pipeline", uint64_t{what.pipeline});
}

void write_cases(JsonWriter& json, const std::vector<CaseResult>& cases) {
  json.key("speed").begin_array();
  for (const CaseResult& one : cases) {
    json.begin_object();
    write_case(json, one.what);
    json.field("keys", one.keys);
    json.field("cpu_ratio", one.cpu_ratio()).field("throughput_ratio", one.throughput_ratio());
    write_side(json, "a", one.a);
    write_side(json, "b", one.b);
    json.end_object();
  }
  json.end_array();
}

void write_shape_side(JsonWriter& json, std::string_view key, const std::optional<BytesPerKey>& growth,
                      const MemoryFigures& overhead) {
  json.key(key);
  if (!growth) {
    json.null();
    return;
  }
  json.begin_object().field("keys", growth->keys);
  json.field("used_memory_per_key", growth->used_memory).field("rss_per_key", growth->rss);
  json.field("used_memory_overhead", overhead.used_memory).field("rss_overhead", overhead.rss).end_object();
}

void write_shapes(JsonWriter& json, const std::vector<ShapeResult>& shapes) {
  json.key("memory").begin_array();
  for (const ShapeResult& one : shapes) {
    json.begin_object().field("shape", one.shape.name).field("keys", one.keys);
    json.field("data_bytes", one.data_bytes());
    write_shape_side(json, "a", one.a, one.overhead_a());
    write_shape_side(json, "b", one.b, one.overhead_b());
    json.end_object();
  }
  json.end_array();
}

void write_figures(JsonWriter& json, std::string_view key, const MemoryFigures& figures) {
  json.key(key).begin_object();
  json.field("used_memory", figures.used_memory).field("rss", figures.rss).end_object();
}

void write_expiries(JsonWriter& json, const std::vector<ExpiryResult>& expiries) {
  json.key("bytes_per_expiry").begin_array();
  for (const ExpiryResult& one : expiries) {
    json.begin_object().field("keys", one.keys);
    write_figures(json, "a", one.a);
    write_figures(json, "b", one.b);
    json.end_object();
  }
  json.end_array();
}

void write_growth(JsonWriter& json, const std::optional<GrowthResult>& growth) {
  json.key("growth");
  if (!growth) {
    json.null();
    return;
  }
  json.begin_object().field("keys", growth->keys).field("pipeline", uint64_t{growth->pipeline});
  json.field("peak_of_b", growth->peak).field("rate", growth->rate);
  json.field("p99.9_ratio", growth->p999_ratio());
  json.field("a_kept_up", growth->kept_up(growth->a)).field("b_kept_up", growth->kept_up(growth->b));
  write_side(json, "a", growth->a);
  write_side(json, "b", growth->b);
  json.end_object();
}

void write_idle(JsonWriter& json, const std::optional<IdleResult>& idle) {
  json.key("bytes_per_idle_connection");
  if (!idle) {
    json.null();
    return;
  }
  json.begin_object().field("connections", idle->connections);
  write_figures(json, "a", idle->a);
  write_figures(json, "b", idle->b);
  json.end_object();
}

void write_scaling(JsonWriter& json, std::string_view key, const std::optional<Scaling>& scaling) {
  json.key(key);
  if (!scaling) {
    json.null();
    return;
  }
  json.begin_object().field("throughput_2_to_1", scaling->throughput_ratio());
  json.field("cpu_2_to_1", scaling->cpu_ratio());
  write_side(json, "one_thread", scaling->one);
  write_side(json, "two_threads", scaling->many);
  json.end_object();
}

void write_threads(JsonWriter& json, const std::vector<ThreadsResult>& threads) {
  json.key("io_threads").begin_array();
  for (const ThreadsResult& one : threads) {
    json.begin_object();
    write_case(json, one.what);
    write_scaling(json, "a", one.a);
    write_scaling(json, "b", one.b);
    json.end_object();
  }
  json.end_array();
}

void write_embedded(JsonWriter& json, const std::optional<EmbeddedResult>& embedded) {
  json.key("embedded");
  if (!embedded) {
    json.null();
    return;
  }
  json.begin_object().field("keys", embedded->keys).key("calls").begin_array();
  for (const EmbeddedFigure& one : embedded->figures) {
    json.begin_object().field("call", name_of(one.call)).field("ns_per_key", one.one_ns);
    json.field("ns_per_key_with_2_threads", one.two_ns)
        .field("time_2_to_1", one.threads_ratio())
        .end_object();
  }
  json.end_array().end_object();
}

void write_goals(JsonWriter& json, const std::vector<Goal>& goals) {
  json.key("goals").begin_array();
  for (const Goal& goal : goals) {
    json.begin_object().field("goal", goal.name).field("at_most", goal.limit);
    json.field("reached", goal.reached).field("met", goal.met()).end_object();
  }
  json.end_array();
}

}  // namespace

std::string compare_json(const CompareOptions& options, const CompareResult& result) {
  JsonWriter json;
  json.begin_object().field("machine", machine_text());
  write_identity(json, "a", options.a, result.version_a);
  write_identity(json, "b", options.b, result.version_b);
  write_options(json, options);
  write_cases(json, result.cases);
  write_shapes(json, result.shapes);
  write_expiries(json, result.expiries);
  write_growth(json, result.growth);
  write_idle(json, result.idle);
  write_threads(json, result.threads);
  write_embedded(json, result.embedded);
  write_goals(json, goals_of(options, result));
  json.end_object();
  return json.text() + "\n";
}

}  // namespace plimsoll::bench
