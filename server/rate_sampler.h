#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace plimsoll::server {

// The recent rate of a counter that only grows: the mean of its last 16 samples, as Redis's instantaneous_*
// fields. One thread samples; any thread reads.
class RateSampler {
 public:
  static constexpr size_t kSamples = 16;

  void sample(int64_t now_us, uint64_t count) noexcept {
    if (last_us_ != 0 && now_us > last_us_) {
      // A counter that was reset starts over.
      const uint64_t grown = count >= last_count_ ? count - last_count_ : 0;
      const double rate = static_cast<double>(grown) * 1e6 / static_cast<double>(now_us - last_us_);
      samples_[next_].store(rate, std::memory_order_relaxed);
      next_ = (next_ + 1) % kSamples;
    }
    last_us_ = now_us;
    last_count_ = count;
  }

  double per_second() const noexcept {
    double sum = 0;
    for (const auto& sample : samples_) sum += sample.load(std::memory_order_relaxed);
    return sum / kSamples;
  }

  void reset() noexcept {
    for (auto& sample : samples_) sample.store(0, std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<double>, kSamples> samples_{};
  size_t next_ = 0;
  int64_t last_us_ = 0;
  uint64_t last_count_ = 0;
};

}  // namespace plimsoll::server
