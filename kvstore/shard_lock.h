#pragma once

#include <zmalloc/pause.h>

#include <atomic>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace plimsoll {

// A lock for sections of a microsecond or so: spins, then sleeps, since the holder has lost its processor. One locked
// instruction to take it, none to release it.
class ShardLock {
 public:
  void lock() noexcept {
    while (taken_.exchange(true, std::memory_order_acquire)) wait();
  }
  bool try_lock() noexcept { return !taken_.exchange(true, std::memory_order_acquire); }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  void wait() noexcept {
    for (int spins = 0; taken_.load(std::memory_order_relaxed); ++spins) {
      if (spins < 100) {
#if defined(__x86_64__) || defined(__i386__)
        _mm_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
      } else {
        zm::pause_briefly();
        spins = 0;
      }
    }
  }

  std::atomic<bool> taken_{false};
};

}  // namespace plimsoll
