#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client.h"
#include "histogram.h"
#include "workload.h"

namespace plimsoll::bench {

/// One measurement: who loads the server with what, and until when.
struct LoadConfig {
  Target target;
  Workload workload;
  unsigned clients = 50;
  unsigned pipeline = 16;
  unsigned threads = 1;
  uint64_t requests = 0;  // 0: no limit but `seconds`
  double seconds = 0;     // 0: no limit but `requests`
  double rate = 0;        // requests a second over all clients; 0: as fast as replies come (closed loop)
  uint64_t seed = 1;
};

/// Throws UsageError if the configuration makes no sense.
void check_load(const LoadConfig& config);

struct LoadResult {
  uint64_t replies = 0;
  uint64_t nulls = 0;
  uint64_t errors = 0;
  std::string first_error;  // text of an error reply, if there was any
  double seconds = 0;
  /// Nanoseconds from handing a batch to the kernel until each of its replies has been read; with a rate,
  /// from the moment at which the batch was due, so that a server that stalls does not hide the requests it
  /// delays.
  Histogram latency;

  double throughput() const { return seconds > 0 ? static_cast<double>(replies) / seconds : 0; }
};

class LoadWorker;

/// Clients on non-blocking sockets, shared out over threads with an epoll each.
class LoadEngine {
 public:
  /// Connects and logs in all clients. Throws BenchError.
  explicit LoadEngine(const LoadConfig& config);
  ~LoadEngine();

  /// Runs the measurement once. Throws BenchError when a connection is lost, the server is silent for the
  /// target's timeout or answers no RESP; error replies are counted instead.
  LoadResult run();

 private:
  LoadConfig config_;
  BatchTemplate batch_;
  std::vector<std::unique_ptr<LoadWorker>> workers_;
};

}  // namespace plimsoll::bench
