#include "sides.h"

#include "error.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr unsigned kFillPipeline = 64;

}  // namespace

void RunningSide::leave_empty() {
  if (child == nullptr) probe->client().must({"FLUSHALL"});
}

RunningSide bring_up(const Side& side, const CompareOptions& options, unsigned io_threads) {
  RunningSide running;
  if (!side.command.empty()) {
    std::string command = side.command;
    replace_all(command, kThreadsMark, std::to_string(io_threads));
    running.child = std::make_unique<ChildServer>(command, options.timeout_ms);
    running.target = running.child->target();
    running.probe = std::make_unique<ServerProbe>(running.target, running.child->pid());
    return running;
  }
  running.target.endpoint = parse_endpoint(side.server);
  running.target.timeout_ms = options.timeout_ms;
  running.probe = std::make_unique<ServerProbe>(running.target);
  if (options.flush) running.probe->client().must({"FLUSHALL"});
  if (const uint64_t keys = running.probe->keys(); keys != 0) {
    throw BenchError(side.server + " holds " + std::to_string(keys) + " keys; --flush deletes them first");
  }
  return running;
}

void fill(RunningSide& side, Workload workload) {
  workload.sequential = true;
  LoadConfig config;
  config.target = side.target;
  config.workload = workload;
  config.clients = 1;
  config.pipeline = kFillPipeline;
  config.requests = workload.key_count - workload.first_key;
  const LoadResult load = LoadEngine(config).run();
  if (load.errors != 0) throw BenchError("filling failed: " + load.first_error);
}

Workload plain_workload(const CompareOptions& options, TestKind kind, uint64_t keys) {
  Workload workload;
  workload.kind = kind;
  workload.key_size = options.key_size;
  workload.value_size = options.value_size;
  workload.key_count = keys;
  workload.keys_per_command = options.keys_per_command(kind);
  return workload;
}

LoadConfig load_of(const CompareOptions& options, const Case& what, uint64_t keys, const RunningSide& side,
                   unsigned round) {
  LoadConfig config;
  config.target = side.target;
  config.workload = plain_workload(options, what.kind, keys);
  config.clients = options.clients;
  config.threads = options.threads;
  config.pipeline = what.pipeline;
  config.requests = options.requests;
  config.seconds = options.requests == 0 ? options.seconds : 0;
  config.seed = round + 1;
  return config;
}

}  // namespace plimsoll::bench
