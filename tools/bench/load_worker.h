#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "endpoint.h"
#include "load_engine.h"
#include "reply_skipper.h"
#include "workload.h"

namespace plimsoll::bench {

/// Nanoseconds of CLOCK_MONOTONIC.
uint64_t now_ns();

/// The share of a measurement that one thread does.
struct WorkerShare {
  KeySource keys;
  uint64_t requests = 0;  // UINT64_MAX: until the deadline
  double rate = 0;
};

/// One client thread: its connections, its epoll, its counts. Each connection has at most one batch under
/// way.
class LoadWorker {
 public:
  LoadWorker(const LoadConfig& config, const BatchTemplate& batch, const WorkerShare& share);
  ~LoadWorker();

  void add_connection(UniqueFd fd);

  /// Sends until the share is used up or `deadline_ns` has passed (0: none), then reads the missing replies.
  /// Keeps what it throws in failure() and sets `stop`, which ends the other workers at once.
  void run(uint64_t deadline_ns, std::atomic<bool>& stop);

  std::exception_ptr failure() const { return failure_; }
  /// `seconds` is not set; finished_ns() tells when the last reply came.
  const LoadResult& result() const { return result_; }
  uint64_t finished_ns() const { return finished_ns_; }

 private:
  struct Connection;

  void loop(const std::atomic<bool>& stop);
  void begin();
  void send_batch(Connection& connection, uint64_t start_ns);
  void flush(Connection& connection);
  void receive(Connection& connection);
  void count_replies(Connection& connection, size_t size);
  void batch_complete(Connection& connection, uint64_t now);
  bool may_send(uint64_t now) const;
  void send_due(uint64_t now);
  void arm_timer();
  void watch(Connection& connection, bool writable);
  void check_stalls(uint64_t now);
  [[noreturn]] void lost(const Connection& connection, const std::string& why) const;

  const LoadConfig& config_;
  const BatchTemplate& batch_;
  WorkerShare share_;
  UniqueFd epoll_;
  UniqueFd timer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;  // with a rate: connections that wait for the next due moment
  std::vector<char> input_;
  size_t active_ = 0;
  uint64_t remaining_ = 0;
  uint64_t deadline_ns_ = 0;
  double next_due_ns_ = 0;
  double interval_ns_ = 0;
  uint64_t next_stall_check_ns_ = 0;
  uint64_t finished_ns_ = 0;
  LoadResult result_;
  std::exception_ptr failure_;
};

}  // namespace plimsoll::bench
