#pragma once

#include <asio/io_context.hpp>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ticker.h"

namespace plimsoll::server {

class Config;
class Server;

// What the allocator's slabs of small blocks have room for beyond what they hold.
struct Fragmentation {
  size_t bytes = 0;
  double percent = 0;  // of the bytes that are allocated
};

// The active-defrag-* options.
struct DefragSettings {
  uint64_t ignore_bytes;
  double threshold_lower;  // percent of fragmentation
  double threshold_upper;
  int cycle_min;  // percent of one processor's time
  int cycle_max;

  static DefragSettings of(const Config& config) noexcept;
};

// Whether there is enough to begin with: both the share and the bytes count.
bool worth_defragmenting(const Fragmentation& fragmentation, const DefragSettings& settings) noexcept;

// The percentage of one processor's time to spend: cycle-min at the lower threshold, cycle-max from the upper
// on, on a straight line between the two; 0 below the lower one.
int defrag_effort(const Fragmentation& fragmentation, const DefragSettings& settings) noexcept;

// activedefrag: moves entries out of sparse slabs (Store::compact) while other work rests, on thread 0, in
// slices short enough that no client notices them. Once begun, it makes one pass over the keys after another
// until fragmentation is below the lower threshold, or a pass has brought nothing.
class ActiveDefrag {
 public:
  // `context` is thread 0's. Throws as Ticker does.
  ActiveDefrag(Server& server, asio::io_context& context);

  // Thread 0, at every tick of the server.
  void cron() noexcept;

  // --- any thread ---
  int effort() const noexcept { return effort_.load(std::memory_order_relaxed); }  // 0: it rests
  // For how long it has been at it: in all, and since it last began; 0 while it rests.
  uint64_t total_us() const noexcept;
  uint64_t current_us() const noexcept;
  void reset_statistics() noexcept;

 private:
  void look() noexcept;
  void begin(const Fragmentation& fragmentation, int effort) noexcept;
  void run_slice() noexcept;
  void finish_pass() noexcept;
  void end() noexcept;
  void flush_thread_caches() noexcept;
  void return_pages() noexcept;

  Server& server_;
  Ticker ticker_;
  int64_t looked_us_ = INT64_MIN / 2;
  int64_t longest_slice_us_ = 0;
  std::atomic<int> effort_{0};
  std::atomic<int64_t> since_us_{0};   // when it began
  std::atomic<uint64_t> total_us_{0};  // of what has ended
};

}  // namespace plimsoll::server
