// What the store does as the process comes near its line (zmalloc/line.h): it gives pages back before the
// line has to refuse them. Writers help in proportion to how near it is, for less than a millisecond each.

#include <zmalloc/line.h>

#include <algorithm>

#include "engine.h"

namespace plimsoll {
namespace {

// Sparse slabs are emptied when they hold more than this share of the line; below, keys go first.
constexpr size_t kSparseShare = 32;

constexpr int64_t kSurveyAgeUs = 2000;
constexpr int64_t kTurnUs =
    100;  // of moving or evicting, before pages are purged and the room is looked at again
constexpr unsigned kTurnKeys = 64;

// What data leaves free: the margin, and what is set apart and not in use.
size_t wanted_room() noexcept {
  return zm::line::margin() + zm::line::apart();
}

}  // namespace

bool Engine::within_margin() noexcept {
  const size_t room = zm::line::room();
  return room < wanted_room() && room < zm::line::margin() + zm::line::measure_apart();
}

void Engine::return_pages() noexcept {
  zm::backend::flush_thread_cache();
  zm::backend::purge();
}

bool Engine::keep_off_line(bool writes) noexcept {
  const size_t wanted = wanted_room();
  const size_t room = zm::line::room();
  if (room >= wanted) return true;
  const size_t margin = zm::line::margin();
  const auto share = static_cast<int64_t>(std::min(wanted - room, margin) * kEvictionSliceUs / margin);
  if (give_pages_back(std::max<int64_t>(share, kTurnUs))) return true;
  // Nothing more can go. What room is left is for those who only read, for deletions and for what is set
  // apart.
  return !writes || zm::line::room() >= wanted - margin / 2;
}

bool Engine::give_pages_back(int64_t budget_us) noexcept {
  const int64_t start = options_.clock->monotonic_us();
  const size_t line = zm::line::limit();
  return_pages();  // what clients have freed may be all it takes
  if (zm::line::room() >= wanted_room()) return true;
  uint64_t dice = random_state_.fetch_add(0x9E3779B97F4A7C15u, std::memory_order_relaxed) | 1;
  do {
    const bool sparse = compactor_.reclaimable(kSurveyAgeUs) > line / kSparseShare;
    if (!sparse || !compactor_.run(kTurnUs)) {
      unsigned given = 0;
      while (given < kTurnKeys && (free_some_garbage() || evict_one(dice) != 0)) ++given;
      // With no key to go, slabs that are only somewhat sparse are better than none.
      if (given == 0 && !compactor_.run(kTurnUs)) {
        return_pages();
        return zm::line::room() >= wanted_room();
      }
    }
    return_pages();
  } while (zm::line::room() < wanted_room() && options_.clock->monotonic_us() - start < budget_us);
  return true;
}

}  // namespace plimsoll
