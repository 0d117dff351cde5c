#include "replay.h"

#include <cmath>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "error.h"
#include "lanes.h"
#include "load_worker.h"
#include "server_probe.h"
#include "trace.h"
#include "units.h"
#include "workload.h"

namespace plimsoll::bench {
namespace {

uint64_t hash_of(std::string_view key) {
  return std::hash<std::string_view>()(key);
}

// Bytes to store, made once and cut to each value's size.
class Values {
 public:
  std::string_view of(uint64_t size) {
    if (bytes_.size() < size) bytes_ = value_bytes(size + size / 2);
    return std::string_view(bytes_).substr(0, size);
  }

 private:
  std::string bytes_;
};

struct KeyedRequest {
  std::string key;  // as the server gets it
  uint64_t hash = 0;
  uint64_t size = 0;
  TraceOp op = TraceOp::kGet;
};

KeyedRequest keyed(const TraceRequest& request, size_t key_size) {
  KeyedRequest result{"key:", 0, request.size, request.op};
  const size_t used = result.key.size() + request.key.size();
  if (used < key_size) result.key.append(key_size - used, '0');
  result.key += request.key;
  result.hash = hash_of(result.key);
  return result;
}

class Replay {
 public:
  Replay(const ReplayOptions& options, const Target& target,
         const std::function<void(const ReplayStatus&)>& report)
      : options_(options),
        report_(report),
        probe_(target),
        lanes_(target, options.clients),
        in_flight_(options.clients),
        trace_(options.trace),
        round_size_(size_t{options.clients} * options.pipeline) {}

  ReplayResult run();

 private:
  // What a reply on a lane answers; the value of a set needs no more attention.
  struct InFlight {
    KeyedRequest request;
    bool fills_miss = false;
  };

  bool build_round();
  void admit(KeyedRequest request);
  void finish_round();
  void send_value(size_t lane, const KeyedRequest& request, bool fills_miss);
  void count_get(size_t lane, const KeyedRequest& request, ReplyKind kind);
  std::optional<KeyedRequest> next_request();
  void report_if_due();
  void report_now();

  const ReplayOptions& options_;
  const std::function<void(const ReplayStatus&)>& report_;
  ServerProbe probe_;
  Lanes lanes_;
  std::vector<std::vector<InFlight>> in_flight_;
  TraceReader trace_;
  size_t round_size_;
  size_t in_round_ = 0;
  std::unordered_set<uint64_t> round_keys_;
  std::vector<KeyedRequest> deferred_;
  Values values_;
  uint64_t taken_ = 0;
  uint64_t evicted_before_ = 0;
  uint64_t start_ns_ = 0;
  uint64_t reported_requests_ = 0;
  uint64_t reported_ns_ = 0;
  ReplayStatus status_;
  ReplayResult result_;
};

std::optional<KeyedRequest> Replay::next_request() {
  if (options_.limit != 0 && taken_ == options_.limit) return std::nullopt;
  const auto request = trace_.next();
  if (!request) return std::nullopt;
  ++taken_;
  return keyed(*request, options_.key_size);
}

void Replay::send_value(size_t lane, const KeyedRequest& request, bool fills_miss) {
  lanes_.queue(lane, {"SET", request.key, values_.of(request.size)});
  in_flight_[lane].push_back({{{}, 0, request.size, TraceOp::kSet}, fills_miss});
}

void Replay::admit(KeyedRequest request) {
  if (!round_keys_.insert(request.hash).second) {
    deferred_.push_back(std::move(request));
    return;
  }
  ++in_round_;
  const size_t lane = request.hash % lanes_.count();
  if (request.op == TraceOp::kSet) return send_value(lane, request, false);
  lanes_.queue(lane, {request.op == TraceOp::kGet ? "GET" : "DEL", request.key});
  in_flight_[lane].push_back({std::move(request), false});
}

// A key's waiting requests stay in order: the deferred ones come first, and while one of them is in the
// round, later ones of its key are deferred behind it.
bool Replay::build_round() {
  round_keys_.clear();
  in_round_ = 0;
  for (KeyedRequest& request : std::exchange(deferred_, {})) admit(std::move(request));
  while (in_round_ < round_size_ && deferred_.size() < round_size_) {
    auto request = next_request();
    if (!request) break;
    admit(std::move(*request));
  }
  for (const auto& lane : in_flight_) {
    if (!lane.empty()) return true;
  }
  return false;
}

void Replay::count_get(size_t lane, const KeyedRequest& request, ReplyKind kind) {
  ++status_.gets;
  status_.get_bytes += request.size;
  if (kind == ReplyKind::kValue) {
    ++status_.hits;
    status_.hit_bytes += request.size;
  } else if (kind == ReplyKind::kNull) {
    send_value(lane, request, true);
  }
}

void Replay::finish_round() {
  for (size_t lane = 0; lane < lanes_.count(); ++lane) {
    const auto answered = std::exchange(in_flight_[lane], {});
    const auto& replies = lanes_.replies(lane);
    for (size_t i = 0; i < answered.size(); ++i) {
      if (replies[i] == ReplyKind::kError) ++status_.errors;
      if (answered[i].request.op == TraceOp::kGet) count_get(lane, answered[i].request, replies[i]);
      if (!answered[i].fills_miss) ++status_.requests;
    }
  }
}

void Replay::report_now() {
  const uint64_t now = now_ns();
  const uint64_t evicted = probe_.info_number("stats", "evicted_keys").value_or(0);
  status_.evicted = evicted - std::min(evicted, evicted_before_);
  status_.used_memory = probe_.used_memory();
  status_.seconds = static_cast<double>(now - start_ns_) / 1e9;
  reported_requests_ = status_.requests;
  reported_ns_ = now;
  result_.progress.push_back(status_);
  report_(status_);
}

void Replay::report_if_due() {
  const ProgressEvery& every = options_.progress;
  const bool by_requests = every.requests != 0 && status_.requests - reported_requests_ >= every.requests;
  const bool by_time =
      every.seconds > 0 && static_cast<double>(now_ns() - reported_ns_) >= every.seconds * 1e9;
  if (by_requests || by_time) report_now();
}

ReplayResult Replay::run() {
  evicted_before_ = probe_.info_number("stats", "evicted_keys").value_or(0);
  result_.maxmemory = probe_.info_number("memory", "maxmemory");
  const auto memory = parse_info(probe_.client().call({"INFO", "memory"}).text);
  if (const auto policy = memory.find("maxmemory_policy"); policy != memory.end())
    result_.policy = policy->second;
  start_ns_ = reported_ns_ = now_ns();
  while (build_round()) {
    lanes_.exchange();
    finish_round();
    report_if_due();
  }
  report_now();
  result_.first_error = lanes_.first_error();
  return std::move(result_);
}

void demand_empty(const ReplayOptions& options, ServerProbe& probe, const Target& target) {
  if (options.flush) probe.client().must({"FLUSHALL"});
  if (options.keep) return;
  if (const uint64_t keys = probe.keys(); keys != 0) {
    throw BenchError(target.endpoint.text() + " holds " + std::to_string(keys) +
                     " keys; --flush deletes them first, --keep replays beside them");
  }
}

uint64_t demand_used_memory(ServerProbe& probe) {
  const auto used = probe.used_memory();
  if (!used) throw BenchError("INFO memory tells no used_memory: give --maxmemory in bytes");
  return *used;
}

}  // namespace

ProgressEvery parse_progress(const std::string& text) {
  ProgressEvery every;
  if (!text.empty() && text.back() == 's') {
    every.seconds = parse_decimal(text.substr(0, text.size() - 1)).value_or(0);
  } else {
    every.requests = parse_unsigned(text).value_or(0);
  }
  if (every.requests == 0 && every.seconds <= 0) {
    throw UsageError("'" + text + "' is no interval (a number of requests, or seconds as 5s)");
  }
  return every;
}

double ReplayStatus::object_hit_ratio() const {
  return gets == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(gets);
}

double ReplayStatus::byte_hit_ratio() const {
  return get_bytes == 0 ? 0 : static_cast<double>(hit_bytes) / static_cast<double>(get_bytes);
}

TraceFootprint measure_footprint(const ReplayOptions& options, const Target& target) {
  ServerProbe probe(target);
  demand_empty(options, probe, target);
  if (probe.keys() != 0)
    throw BenchError("a percentage of the footprint needs an empty server: give --flush");
  probe.client().must({"CONFIG", "SET", "maxmemory", "0"});
  TraceFootprint footprint;
  footprint.base = demand_used_memory(probe);
  {
    Lanes lanes(target, 1);
    Values values;
    TraceReader trace(options.trace);
    std::unordered_set<uint64_t> seen;
    uint64_t read = 0, queued = 0;
    while (const auto request = trace.next()) {
      if (options.limit != 0 && read++ == options.limit) break;
      const KeyedRequest one = keyed(*request, options.key_size);
      if (!seen.insert(one.hash).second) continue;
      lanes.queue(0, {"SET", one.key, values.of(one.size)});
      if (++queued % 64 == 0) lanes.exchange();
    }
    lanes.exchange();
    if (!lanes.first_error().empty()) throw BenchError("loading the trace failed: " + lanes.first_error());
  }
  footprint.full = demand_used_memory(probe);
  probe.client().must({"FLUSHALL"});
  return footprint;
}

ReplayResult replay_trace(const ReplayOptions& options, const Target& target,
                          std::optional<uint64_t> maxmemory,
                          const std::function<void(const ReplayStatus&)>& on_progress) {
  {
    ServerProbe probe(target);
    demand_empty(options, probe, target);
    if (!options.policy.empty()) probe.client().must({"CONFIG", "SET", "maxmemory-policy", options.policy});
    if (maxmemory) probe.client().must({"CONFIG", "SET", "maxmemory", std::to_string(*maxmemory)});
  }
  Replay replay(options, target, on_progress);
  ReplayResult result = replay.run();
  result.server = target.endpoint.text();
  return result;
}

}  // namespace plimsoll::bench
