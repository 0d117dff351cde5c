#pragma once

#include <zmalloc/allocator.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace plimsoll::server {

// Durations from 1 ns to 2^35 ns (34 s), in buckets whose width is 1/32 of their power of two: a value read
// back is at most 3.2 % too high.
class LatencyBuckets {
 public:
  static constexpr unsigned kSubBits = 5;
  static constexpr size_t kCount = (36 - kSubBits) << kSubBits;

  static constexpr size_t index(uint64_t ns) noexcept {
    if (ns < (1u << kSubBits)) return ns;
    const unsigned top = 63 - static_cast<unsigned>(__builtin_clzll(ns));
    if (top >= 35) return kCount - 1;
    return ((top - kSubBits + 1) << kSubBits) + ((ns >> (top - kSubBits)) & ((1u << kSubBits) - 1));
  }
  // The highest duration that falls into the bucket.
  static constexpr uint64_t highest(size_t index) noexcept {
    if (index < (2u << kSubBits)) return index;
    const unsigned shift = static_cast<unsigned>(index >> kSubBits) - 1;
    const uint64_t base = (1u << kSubBits) | (index & ((1u << kSubBits) - 1));
    return ((base + 1) << shift) - 1;
  }
};

// The sum of a command's histograms over all threads.
struct LatencyHistogram {
  zm::vector<uint64_t, zm::Tag::command> counts;  // empty, or LatencyBuckets::kCount of them
  uint64_t total = 0;

  // The duration below or at which `percent` of the calls stay; 0 when there are none.
  uint64_t percentile_ns(double percent) const noexcept;
};

// Totals since the start or the last CONFIG RESETSTAT.
struct CommandTotals {
  uint64_t calls = 0;
  uint64_t nanoseconds = 0;
  uint64_t rejected = 0;  // refused before the handler ran: NOAUTH, OOM, wrong arity
  uint64_t failed = 0;    // the handler answered an error
};

// What one I/O thread counts of the commands it runs. Only that thread writes, with plain loads and stores of
// relaxed atomics, so that no cache line is shared on the hot path; anyone reads.
//
// A reset raises the shared generation: whatever a block holds from an older one counts as nothing, and its
// owner clears it when it next records.
class CommandStatistics {
 public:
  // `commands`: CommandTable::size(). `generation` must outlive this. Throws std::bad_alloc.
  CommandStatistics(size_t commands, const std::atomic<uint32_t>& generation);
  ~CommandStatistics();
  CommandStatistics(const CommandStatistics&) = delete;
  CommandStatistics& operator=(const CommandStatistics&) = delete;

  // Owner only. `histogram`: latency-tracking is on.
  void record(uint32_t command_id, uint64_t ns, bool failed, bool histogram) noexcept;
  void reject(uint32_t command_id) noexcept;
  void error(std::string_view code) noexcept;  // "ERR", "WRONGTYPE"; takes this block's mutex

  // Any thread.
  void add_to(uint32_t command_id, CommandTotals& totals) const noexcept;
  void add_to(uint32_t command_id, LatencyHistogram& histogram) const;  // throws std::bad_alloc
  void clear_histogram(
      uint32_t command_id) noexcept;  // LATENCY RESET's sister: all durations so far are forgotten

  using ErrorCounts = zm::map<zm::string<zm::Tag::command>, uint64_t, zm::Tag::command, std::less<>>;
  void add_errors_to(ErrorCounts& counts) const;  // throws std::bad_alloc
  uint64_t errors() const noexcept;               // replies that were errors

  // Codes kept apart; later new ones are counted in errors() alone, so that clients cannot make this grow.
  static constexpr size_t kMostErrorCodes = 128;

 private:
  struct Counters {
    std::atomic<uint64_t> calls{0};
    std::atomic<uint64_t> nanoseconds{0};
    std::atomic<uint64_t> rejected{0};
    std::atomic<uint64_t> failed{0};
  };
  using Buckets = std::array<std::atomic<uint64_t>, LatencyBuckets::kCount>;

  bool current() const noexcept;
  void renew() noexcept;
  Buckets* buckets_for(uint32_t command_id) noexcept;

  const std::atomic<uint32_t>& shared_generation_;
  std::atomic<uint32_t> generation_;
  zm::vector<Counters, zm::Tag::command> counters_;
  zm::vector<std::atomic<Buckets*>, zm::Tag::command> histograms_;  // null until the command's first call
  std::atomic<uint64_t> errors_{0};
  mutable std::mutex error_mutex_;
  ErrorCounts error_counts_;
};

}  // namespace plimsoll::server
