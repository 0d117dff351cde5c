#include "machine_stalls.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>

namespace plimsoll::test {
namespace {

constexpr auto kBetween = std::chrono::milliseconds(1);
// Less is how late timers are on a virtual machine at rest.
constexpr auto kLate = std::chrono::milliseconds(2);

bool go_before_others(size_t processor) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(processor, &only);
  sched_param priority{};
  priority.sched_priority = sched_get_priority_min(SCHED_FIFO);
  return pthread_setaffinity_np(pthread_self(), sizeof only, &only) == 0 &&
         pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority) == 0;
}

}  // namespace

MachineStalls::MachineStalls() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) measured_ = false;
  for (size_t processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (CPU_ISSET(processor, &allowed)) threads_.emplace_back([this, processor] { watch(processor); });
  }
}

MachineStalls::~MachineStalls() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void MachineStalls::watch(size_t processor) {
  if (!go_before_others(processor)) {
    measured_ = false;
    return;
  }
  while (!stopping_) {
    const auto due = Clock::now() + kBetween;
    std::this_thread::sleep_for(kBetween);
    const auto woken = Clock::now();
    if (woken - due < kLate) continue;
    const std::lock_guard lock(mutex_);
    stalls_.push_back({due, woken});
  }
}

double MachineStalls::within(Clock::time_point from, Clock::time_point to) const {
  Clock::duration still{};
  const std::lock_guard lock(mutex_);
  for (const Stall& stall : stalls_) {
    const auto part = std::min(stall.to, to) - std::max(stall.from, from);
    still += std::max(part, Clock::duration::zero());
  }
  return std::chrono::duration<double, std::milli>(still).count();
}

}  // namespace plimsoll::test
