#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace plimsoll::bench {

/// Log-linear histogram of durations in nanoseconds: 128 buckets to each power of two, so that a reported
/// percentile is at most 1/128 above the true one. Values above kMaxValue count as kMaxValue in the buckets;
/// min() and max() stay exact. One writer; merge the histograms of several threads afterwards.
class Histogram {
 public:
  static constexpr unsigned kPrecisionBits = 7;
  static constexpr unsigned kValueBits = 42;
  static constexpr uint64_t kMaxValue = (uint64_t{1} << kValueBits) - 1;

  void record(uint64_t value, uint64_t count = 1);
  void merge(const Histogram& other);

  uint64_t count() const { return count_; }
  /// 0 when nothing was recorded.
  uint64_t min() const { return count_ == 0 ? 0 : min_; }
  uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_); }

  /// The smallest bucket bound that at least `percent` % of the values do not exceed; 0 when empty.
  uint64_t percentile(double percent) const;

 private:
  static constexpr size_t kHalf = size_t{1} << kPrecisionBits;
  static constexpr size_t kBuckets = (kValueBits - kPrecisionBits + 1) * kHalf;

  static size_t bucket_of(uint64_t value);
  static uint64_t upper_bound_of(size_t bucket);

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  uint64_t min_ = ~uint64_t{0};
  uint64_t max_ = 0;
};

}  // namespace plimsoll::bench
