// What the store does as the process comes near its line (zmalloc/line.h): it gives pages back before the
// line has to refuse them. Writers help in proportion to how near it is, for less than a millisecond each.

#include <sched.h>
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

}  // namespace

bool Engine::within_margin() noexcept {
  return zm::line::room() < zm::line::wanted_room();
}

void Engine::return_pages() noexcept {
  zm::backend::flush_thread_cache();
  zm::backend::purge();
}

bool Engine::keep_off_line(bool writes) noexcept {
  const size_t wanted = zm::line::wanted_room();
  const size_t room = zm::line::room();
  if (room >= wanted) return true;
  const size_t margin = zm::line::margin();
  const auto share = static_cast<int64_t>(std::min(wanted - room, margin) * kEvictionSliceUs / margin);
  if (give_pages_back(std::max<int64_t>(share, kTurnUs))) return true;
  // Nothing more can go. What room is left is for those who only read, for deletions and for clients.
  return !writes || zm::line::room() >= wanted - margin / 2;
}

bool Engine::give_pages_back(int64_t budget_us) noexcept {
  const int64_t start = options_.clock->monotonic_us();
  return_pages();  // what clients have freed may be all it takes
  uint64_t dice = random_state_.fetch_add(0x9E3779B97F4A7C15u, std::memory_order_relaxed) | 1;
  while (zm::line::room() < zm::line::wanted_room()) {
    const int64_t now = options_.clock->monotonic_us();
    if (now - start >= budget_us) break;
    if (!give_for_a_turn(now, dice)) return false;
    return_pages();
  }
  return true;
}

// Sparse slabs are emptied when they hold much; otherwise keys go. False: nothing more can be given.
bool Engine::give_for_a_turn(int64_t now_us, uint64_t& dice) noexcept {
  const bool sparse = compactor_.reclaimable(kSurveyAgeUs, Compactor::Effort::coarse) > zm::line::limit() / kSparseShare;
  Compactor::Outcome compaction = sparse ? compactor_.run(kTurnUs, Compactor::Effort::coarse) : Compactor::Outcome::idle;
  if (compaction == Compactor::Outcome::busy) {  // no key goes for what another thread is about to give
    sched_yield();
    return true;
  }
  if (compaction == Compactor::Outcome::worked) return true;
  if (give_keys_until(now_us + kTurnUs, dice)) return true;
  // With no key to go, slabs that are only somewhat sparse are better than none.
  return compactor_.run(kTurnUs, Compactor::Effort::fine) != Compactor::Outcome::idle || zm::line::room() >= zm::line::wanted_room();
}

// False: there were none.
bool Engine::give_keys_until(int64_t deadline_us, uint64_t& dice) noexcept {
  constexpr unsigned kBetweenLooks = 16;
  for (unsigned given = 0;; ++given) {
    if (!free_some_garbage() && evict_one(dice) == 0) return given != 0;
    if (given % kBetweenLooks == kBetweenLooks - 1 && options_.clock->monotonic_us() >= deadline_us) return true;
  }
}

}  // namespace plimsoll
