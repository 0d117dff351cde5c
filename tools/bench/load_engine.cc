#include "load_engine.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "error.h"
#include "load_worker.h"

namespace plimsoll::bench {
namespace {

WorkerShare share_of(const LoadConfig& config, unsigned thread, uint64_t& first_request) {
  WorkerShare share;
  share.requests = UINT64_MAX;
  if (config.requests != 0) {
    share.requests = config.requests / config.threads + (thread < config.requests % config.threads ? 1 : 0);
  }
  share.rate = config.rate / config.threads;
  const Workload& workload = config.workload;
  if (workload.sequential) {
    const bool many = workload.kind == TestKind::kMset || workload.kind == TestKind::kMget;
    const uint64_t first = first_request * (many ? workload.keys_per_command : 1);
    share.keys = KeySource::sequential(workload.key_count, workload.first_key + first);
    first_request += share.requests;
  } else {
    share.keys = KeySource::random(workload.key_count, config.seed * 1000 + thread);
  }
  return share;
}

}  // namespace

void check_load(const LoadConfig& config) {
  check_workload(config.workload);
  if (config.clients == 0) throw UsageError("at least 1 client is needed");
  if (config.pipeline == 0 || config.pipeline > 100'000)
    throw UsageError("the pipeline depth must be 1 to 100000");
  if (config.threads == 0 || config.threads > config.clients) {
    throw UsageError("the number of threads must be at least 1 and at most the number of clients");
  }
  if (config.requests == 0 && config.seconds <= 0)
    throw UsageError("a number of requests or seconds is needed");
  if (config.workload.sequential && config.requests == 0)
    throw UsageError("sequential keys need a number of requests");
}

LoadEngine::LoadEngine(const LoadConfig& config) : config_(config), batch_(config.workload, config.pipeline) {
  check_load(config_);
  allow_open_files(config_.clients + 64);
  uint64_t first_request = 0;
  for (unsigned i = 0; i < config_.threads; ++i) {
    workers_.push_back(std::make_unique<LoadWorker>(config_, batch_, share_of(config_, i, first_request)));
  }
  for (unsigned i = 0; i < config_.clients; ++i) {
    workers_[i % workers_.size()]->add_connection(Client(config_.target).release());
  }
}

LoadEngine::~LoadEngine() = default;

LoadResult LoadEngine::run() {
  const uint64_t start = now_ns();
  const uint64_t deadline = config_.seconds > 0 ? start + static_cast<uint64_t>(config_.seconds * 1e9) : 0;
  std::atomic<bool> stop{false};
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < workers_.size(); ++i) {
      threads.emplace_back([&, i] { workers_[i]->run(deadline, stop); });
    }
    workers_[0]->run(deadline, stop);
  }
  LoadResult total;
  uint64_t end = start;
  for (const auto& worker : workers_) {
    if (worker->failure()) std::rethrow_exception(worker->failure());
    const LoadResult& part = worker->result();
    total.replies += part.replies;
    total.nulls += part.nulls;
    total.errors += part.errors;
    total.latency.merge(part.latency);
    if (total.first_error.empty()) total.first_error = part.first_error;
    end = std::max(end, worker->finished_ns());
  }
  total.seconds = static_cast<double>(end - start) / 1e9;
  return total;
}

}  // namespace plimsoll::bench
