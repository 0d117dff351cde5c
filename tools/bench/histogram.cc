#include "histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace plimsoll::bench {

// Values below 2 * kHalf have a bucket each. Above, the leading kPrecisionBits + 1 bits choose the bucket: a
// shift of s moves the value into [kHalf, 2 * kHalf), and every shift adds kHalf buckets.
size_t Histogram::bucket_of(uint64_t value) {
  const unsigned width = static_cast<unsigned>(std::bit_width(value));
  const unsigned shift = width <= kPrecisionBits + 1 ? 0 : width - (kPrecisionBits + 1);
  return shift * kHalf + static_cast<size_t>(value >> shift);
}

uint64_t Histogram::upper_bound_of(size_t bucket) {
  if (bucket < 2 * kHalf) return bucket;
  const size_t shift = bucket / kHalf - 1;
  const uint64_t leading = bucket - shift * kHalf;
  return ((leading + 1) << shift) - 1;
}

void Histogram::record(uint64_t value, uint64_t count) {
  if (count == 0) return;
  buckets_[bucket_of(std::min(value, kMaxValue))] += count;
  count_ += count;
  sum_ += value * count;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

uint64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double exact_rank = std::ceil(std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_));
  const uint64_t rank = std::clamp<uint64_t>(static_cast<uint64_t>(exact_rank), 1, count_);
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::clamp(upper_bound_of(i), min_, max_);
  }
  return max_;
}

}  // namespace plimsoll::bench
