#pragma once

#include <zmalloc/allocator.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace plimsoll::server {

// Of a counter that one thread writes and any reads.
inline void add_relaxed(std::atomic<uint64_t>& counter, uint64_t n) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

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

// The durations of one command on one thread. Its rows, a power of two each, take memory when something first
// falls into them: a command's durations lie within a few. Counts are read while the owner adds; who frees
// rows excludes readers.
class LatencyRows {
 public:
  static constexpr size_t kRows = LatencyBuckets::kCount >> LatencyBuckets::kSubBits;
  static constexpr size_t kRowSize = size_t{1} << LatencyBuckets::kSubBits;

  LatencyRows() = default;
  ~LatencyRows() { clear(); }
  LatencyRows(const LatencyRows&) = delete;
  LatencyRows& operator=(const LatencyRows&) = delete;

  void add(uint64_t ns) noexcept {  // not counted if memory is refused
    const size_t bucket = LatencyBuckets::index(ns);
    const size_t row = bucket >> LatencyBuckets::kSubBits;
    Row* counts = rows_[row].load(std::memory_order_relaxed);
    if (counts == nullptr && (counts = add_row(row)) == nullptr) return;
    add_relaxed((*counts)[bucket & (kRowSize - 1)], 1);
  }
  void clear() noexcept;
  // Calls visit(bucket index, count).
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (size_t row = 0; row < kRows; ++row) {
      const Row* counts = rows_[row].load(std::memory_order_acquire);
      for (size_t i = 0; counts != nullptr && i < kRowSize; ++i) {
        visit(row * kRowSize + i, (*counts)[i].load(std::memory_order_relaxed));
      }
    }
  }

 private:
  using Row = std::array<std::atomic<uint64_t>, kRowSize>;
  Row* add_row(size_t row) noexcept;  // null: memory is refused
  std::array<std::atomic<Row*>, kRows> rows_{};
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
// owner clears it and gives the memory back when it next records, or when it is told to renew().
class CommandStatistics {
 public:
  // `commands`: CommandTable::size(). `generation` must outlive this. Throws std::bad_alloc.
  CommandStatistics(size_t commands, const std::atomic<uint32_t>& generation);
  ~CommandStatistics();
  CommandStatistics(const CommandStatistics&) = delete;
  CommandStatistics& operator=(const CommandStatistics&) = delete;

  // Owner only. `histogram`: latency-tracking is on.
  void record(uint32_t command_id, uint64_t ns, bool failed, bool histogram) noexcept {
    renew_if_reset();
    Counters& counters = counters_[command_id];
    add_relaxed(counters.calls, 1);
    add_relaxed(counters.nanoseconds, ns);
    if (failed) add_relaxed(counters.failed, 1);
    if (!histogram) return;
    LatencyRows* rows = histograms_[command_id].load(std::memory_order_relaxed);
    if (rows != nullptr || (rows = add_histogram(command_id)) != nullptr) rows->add(ns);
  }
  void reject(uint32_t command_id) noexcept;
  void error(std::string_view code) noexcept;  // "ERR", "WRONGTYPE"; takes this block's mutex
  void renew_if_reset() noexcept {
    if (!current()) renew();
  }

  // Any thread.
  void add_to(uint32_t command_id, CommandTotals& totals) const noexcept;
  void add_to(uint32_t command_id, LatencyHistogram& histogram) const;  // throws std::bad_alloc

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
  bool current() const noexcept {
    return generation_.load(std::memory_order_acquire) == shared_generation_.load(std::memory_order_relaxed);
  }
  void renew() noexcept;
  void free_histograms() noexcept;
  LatencyRows* add_histogram(uint32_t command_id) noexcept;  // null: memory is refused

  const std::atomic<uint32_t>& shared_generation_;
  std::atomic<uint32_t> generation_;
  zm::vector<Counters, zm::Tag::command> counters_;
  zm::vector<std::atomic<LatencyRows*>, zm::Tag::command> histograms_;  // null until the command's first call
  std::atomic<uint64_t> errors_{0};
  mutable std::mutex mutex_;  // of the error counts, and held by who reads histograms or frees them
  ErrorCounts error_counts_;
};

}  // namespace plimsoll::server
