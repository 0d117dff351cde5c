#include "active_defrag.h"

#include <zmalloc/zm.h>

#include <algorithm>
#include <chrono>
#include <new>

#include "config.h"
#include "log.h"
#include "server.h"

namespace plimsoll::server {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

constexpr int64_t kLookIntervalUs = 1'000'000;
constexpr int64_t kFruitlessRestUs = 10'000'000;  // when what is sparse cannot be moved
// A client of thread 0 waits for one slice at most. A slice ends with a batch of entries, so it may take some
// tens of microseconds longer.
constexpr int64_t kSliceUs = 40;

int64_t now_us() noexcept {
  return Clock::system().monotonic_us();
}

Fragmentation fragmentation_now() noexcept {
  const zm::AllocatorInfo info = zm::allocator_info();
  if (!info.known || info.allocated == 0) return {};
  return {info.small_fragmentation,
          100.0 * static_cast<double>(info.small_fragmentation) / static_cast<double>(info.allocated)};
}

}  // namespace

DefragSettings DefragSettings::of(const Config& config) noexcept {
  return {static_cast<uint64_t>(config.number(Opt::active_defrag_ignore_bytes)),
          static_cast<double>(config.number(Opt::active_defrag_threshold_lower)),
          static_cast<double>(config.number(Opt::active_defrag_threshold_upper)),
          static_cast<int>(config.number(Opt::active_defrag_cycle_min)),
          static_cast<int>(config.number(Opt::active_defrag_cycle_max))};
}

bool worth_defragmenting(const Fragmentation& fragmentation, const DefragSettings& settings) noexcept {
  return fragmentation.bytes >= settings.ignore_bytes && fragmentation.percent >= settings.threshold_lower;
}

int defrag_effort(const Fragmentation& fragmentation, const DefragSettings& settings) noexcept {
  if (fragmentation.percent < settings.threshold_lower) return 0;
  if (fragmentation.percent >= settings.threshold_upper) return settings.cycle_max;
  const double share = (fragmentation.percent - settings.threshold_lower) /
                       (settings.threshold_upper - settings.threshold_lower);
  return settings.cycle_min + static_cast<int>(share * (settings.cycle_max - settings.cycle_min));
}

ActiveDefrag::ActiveDefrag(Server& server, asio::io_context& context)
    : server_(server),
      ticker_(context, this, [](void* self) noexcept { static_cast<ActiveDefrag*>(self)->run_slice(); }) {}

void ActiveDefrag::cron() noexcept {
  if (!server_.config().flag(Opt::activedefrag)) {
    if (effort() != 0) end();
    return;
  }
  if (now_us() - looked_us_ >= kLookIntervalUs) look();
}

// While it runs, the effort only grows: it is set anew after each pass.
void ActiveDefrag::look() noexcept {
  looked_us_ = now_us();
  const DefragSettings settings = DefragSettings::of(server_.config());
  const Fragmentation fragmentation = fragmentation_now();
  if (effort() == 0 && !worth_defragmenting(fragmentation, settings)) return;
  const int effort = defrag_effort(fragmentation, settings);
  if (effort > this->effort()) begin(fragmentation, effort);
}

void ActiveDefrag::begin(const Fragmentation& fragmentation, int effort) noexcept {
  if (this->effort() == 0) {
    since_us_.store(now_us(), kRelaxed);
    longest_slice_us_ = 0;
    ticker_.once_in(std::chrono::microseconds(0));
  }
  effort_.store(effort, kRelaxed);
  log_debug("Starting active defrag, frag={:.0f}%, frag_bytes={}, cpu={}%", fragmentation.percent,
            fragmentation.bytes, effort);
}

void ActiveDefrag::run_slice() noexcept {
  if (effort() == 0) return;
  const uint64_t passes = server_.store().compaction_statistics().passes;
  const int64_t start = now_us();
  const bool worth = server_.store().compact(kSliceUs);
  return_pages();
  const int64_t elapsed = std::max<int64_t>(1, now_us() - start);
  server_.note_latency("active-defrag-cycle", elapsed);
  longest_slice_us_ = std::max(longest_slice_us_, elapsed);
  if (!worth) {
    looked_us_ = now_us() + kFruitlessRestUs - kLookIntervalUs;
    return end();
  }
  if (server_.store().compaction_statistics().passes != passes) finish_pass();
  if (const int effort = this->effort(); effort != 0) {
    ticker_.once_in(std::chrono::microseconds(elapsed * (100 - effort) / effort));
  }
}

void ActiveDefrag::finish_pass() noexcept {
  flush_thread_caches();
  const int effort = defrag_effort(fragmentation_now(), DefragSettings::of(server_.config()));
  if (effort == 0) return end();
  effort_.store(effort, kRelaxed);
}

void ActiveDefrag::end() noexcept {
  ticker_.stop();
  flush_thread_caches();
  return_pages();
  const Fragmentation fragmentation = fragmentation_now();
  log_debug("Active defrag done in {}ms, longest slice={}us, frag={:.0f}%, frag_bytes={}",
            current_us() / 1000, longest_slice_us_, fragmentation.percent, fragmentation.bytes);
  total_us_.fetch_add(current_us(), kRelaxed);
  effort_.store(0, kRelaxed);
}

// What a thread that rests keeps of free blocks holds their slabs; it alone can give them back.
void ActiveDefrag::flush_thread_caches() noexcept {
  zm::flush_thread_cache();
  for (size_t i = 1; i < server_.thread_count(); ++i) {
    try {
      server_.thread(i).post([] { zm::flush_thread_cache(); });
    } catch (const std::bad_alloc&) {  // after the next pass, then
    }
  }
}

// To return a megabyte of single slabs takes half a millisecond. jemalloc's own thread does it within ten
// seconds and holds nobody up; where that may not run, each slice returns what it has freed.
void ActiveDefrag::return_pages() noexcept {
  if (!server_.config().flag(Opt::jemalloc_bg_thread)) zm::purge();
}

uint64_t ActiveDefrag::current_us() const noexcept {
  if (effort() == 0) return 0;
  return static_cast<uint64_t>(std::max<int64_t>(0, now_us() - since_us_.load(kRelaxed)));
}

uint64_t ActiveDefrag::total_us() const noexcept {
  return total_us_.load(kRelaxed) + current_us();
}

void ActiveDefrag::reset_statistics() noexcept {
  total_us_.store(0, kRelaxed);
  since_us_.store(now_us(), kRelaxed);
}

}  // namespace plimsoll::server
