#include "latency_probe.h"

#include <algorithm>
#include <chrono>

namespace plimsoll::test {

LatencyProbe::LatencyProbe(const LineServer& server, int connections)
    : lanes_(static_cast<size_t>(connections)) {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].thread = std::thread([this, &lane = lanes_[i], i, connection = server.connect()]() mutable {
      run(lane, std::move(connection), i);
    });
  }
}

void LatencyProbe::stop() {
  stopping_.store(true);
  for (Lane& lane : lanes_) {
    if (lane.thread.joinable()) lane.thread.join();
  }
}

void LatencyProbe::run(Lane& lane, RawConnection connection, size_t index) {
  using Clock = std::chrono::steady_clock;
  connection.set_deadline(std::chrono::seconds(30));
  const std::string value(100, 'p');
  try {
    for (int i = 0; !stopping_.load(); ++i) {
      const std::string key = "probe:" + std::to_string(index) + ":" + std::to_string(i % 100);
      const bool writes = i % 2 == 0;
      const auto began = Clock::now();
      const std::string reply = writes ? connection.call({"SET", key, value}) : connection.call({"GET", key});
      const auto took = Clock::now() - began;
      lane.requests.push_back(
          {std::chrono::duration<double, std::milli>(took).count(), MachineStalls::Clock::now()});
      requests_.fetch_add(1);
      if (writes) lane.bytes_written += key.size() + value.size();
      const bool fine = writes ? reply == "+OK\r\n" : reply.starts_with("$");
      if (!fine && lane.failure.empty()) lane.failure = reply;
      std::this_thread::sleep_until(began + std::chrono::milliseconds(1));
    }
  } catch (const ConnectionError& error) {
    lane.failure = error.what();
  }
}

double LatencyProbe::percentile(double share) const {
  std::vector<double> all;
  for (const Lane& lane : lanes_) {
    for (const Request& request : lane.requests) all.push_back(request.milliseconds);
  }
  if (all.empty()) return 0;
  std::sort(all.begin(), all.end());
  const auto rank = static_cast<size_t>(share * static_cast<double>(all.size()));
  return all[std::min(rank, all.size() - 1)];
}

double LatencyProbe::worst_beyond(const MachineStalls& stalls) const {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  double worst = 0;
  for (const Lane& lane : lanes_) {
    for (const Request& request : lane.requests) {
      if (request.milliseconds <= worst) continue;
      const auto asked = request.answered -
                         duration_cast<MachineStalls::Clock::duration>(Milliseconds(request.milliseconds));
      worst = std::max(worst, request.milliseconds - stalls.within(asked, request.answered));
    }
  }
  return worst;
}

uint64_t LatencyProbe::bytes_written() const {
  uint64_t bytes = 0;
  for (const Lane& lane : lanes_) bytes += lane.bytes_written;
  return bytes;
}

std::string LatencyProbe::first_failure() const {
  for (const Lane& lane : lanes_) {
    if (!lane.failure.empty()) return lane.failure;
  }
  return {};
}

}  // namespace plimsoll::test
