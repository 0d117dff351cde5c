#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace plimsoll::test {

// How long the machine itself stood still, such as when its host took a processor away, which no program on
// it can help: on each processor a thread that goes before every ordinary one (SCHED_FIFO) asks to be woken
// every millisecond, and notes when it was late. What other threads take of the processors is not seen.
// Without the right to such a thread nothing is noted, and measured() is false.
class MachineStalls {
 public:
  using Clock = std::chrono::system_clock;

  MachineStalls();
  ~MachineStalls();
  MachineStalls(const MachineStalls&) = delete;

  bool measured() const noexcept { return measured_.load(); }
  // Milliseconds of it in that time, all processors together: what waits may wait for several of them.
  double within(Clock::time_point from, Clock::time_point to) const;

 private:
  struct Stall {
    Clock::time_point from, to;
  };

  void watch(size_t processor);

  std::atomic<bool> stopping_{false};
  std::atomic<bool> measured_{true};
  mutable std::mutex mutex_;
  std::vector<Stall> stalls_;
  std::vector<std::thread> threads_;
};

}  // namespace plimsoll::test
