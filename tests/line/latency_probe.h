#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "line_server.h"
#include "machine_stalls.h"

namespace plimsoll::test {

// A client that behaves: writes and reads keys of its own, one request at a time, and notes how long each
// took. On threads of its own, one for each connection.
class LatencyProbe {
 public:
  LatencyProbe(const LineServer& server, int connections);
  ~LatencyProbe() { stop(); }
  LatencyProbe(const LatencyProbe&) = delete;

  void stop();
  size_t requests() const noexcept { return requests_.load(); }  // so far

  // After stop(): milliseconds.
  double p99() const { return percentile(0.99); }
  double worst() const { return percentile(1.0); }
  // Of what requests took beyond the time for which the machine stood still.
  double worst_beyond(const MachineStalls& stalls) const;
  uint64_t bytes_written() const;
  // Requests that were answered neither with what was asked for nor with -OOM; the first one's reply.
  std::string first_failure() const;

 private:
  struct Request {
    double milliseconds;
    MachineStalls::Clock::time_point answered;
  };
  struct Lane {
    std::thread thread;
    std::vector<Request> requests;
    uint64_t bytes_written = 0;
    std::string failure;
  };

  void run(Lane& lane, RawConnection connection, size_t index);
  double percentile(double share) const;

  std::atomic<bool> stopping_{false};
  std::atomic<size_t> requests_{0};
  std::vector<Lane> lanes_;
};

}  // namespace plimsoll::test
