// What the store does as the process comes near its line (zmalloc/line.h): it gives pages back before the
// line has to refuse them. Writers help in proportion to how near it is, for some milliseconds each.

#include <zmalloc/backend.h>
#include <zmalloc/line.h>
#include <zmalloc/pause.h>

#include <algorithm>

#include "engine.h"

namespace plimsoll {
namespace {

// Sparse slabs are emptied when they hold more than this share of the line; below, keys go first.
constexpr size_t kSparseShare = 64;

constexpr int64_t kSurveyAgeUs = 2000;
constexpr int64_t kFruitlessUs = 5000;  // when nothing can be given, it is tried again so much later
constexpr int64_t kTurnUs = 100;        // of moving or evicting, before the room is looked at again

}  // namespace

bool Engine::within_margin() noexcept {
  return zm::line::room() < zm::line::wanted_room();
}

bool Engine::return_pages(int64_t budget_us) noexcept {
  if (returning_pages_.test_and_set(std::memory_order_acquire)) return false;
  zm::backend::flush_thread_cache();
  const bool all = zm::backend::purge_within(budget_us);
  returning_pages_.clear(std::memory_order_release);
  return all;
}

bool Engine::keep_off_line(bool writes) noexcept {
  const size_t wanted = zm::line::wanted_room();
  const size_t room = zm::line::room();
  if (room >= wanted) return true;
  const size_t margin = zm::line::margin();
  const auto share = static_cast<int64_t>(std::min(wanted - room, margin) * kEvictionSliceUs / margin);
  if (!give_pages_back(std::max<int64_t>(share, kTurnUs))) {
    // What room is left is for those who only read, for deletions and for clients.
    return !writes || zm::line::room() >= wanted - margin / 2;
  }
  return !writes || give_before_taking();
}

// The margin is for those who write at the same time. What is left free beside it, for clients and for what
// is reserved, no writer takes: it gives until that is there again, or for as long as it may. False: nothing
// more can be given.
bool Engine::give_before_taking() noexcept {
  const int64_t deadline = options_.clock->monotonic_us() + kLongestHelpUs;
  while (lacks_room_to_write() != 0) {
    if (!give_pages_back(kEvictionSliceUs)) return false;
    if (options_.clock->monotonic_us() >= deadline) break;
  }
  // A thread that has hardly run may have given nothing. Where no key may go, others would not, either.
  const size_t lacks = lacks_room_to_write();
  return lacks == 0 || could_give() != 0 ||
         compactor_.last_reclaimable() + zm::backend::unfinished_purge() >= lacks;
}

size_t Engine::lacks_room_to_write() noexcept {
  const size_t wanted = zm::line::wanted_room();
  const size_t lacks = wanted - std::min(wanted, zm::line::room());
  return lacks - std::min(lacks, zm::line::margin());
}

bool Engine::give_pages_back(int64_t budget_us) noexcept {
  const int64_t start = options_.clock->monotonic_us();
  if (start < nothing_to_give_until_us_.load(std::memory_order_relaxed)) return false;
  uint64_t dice = random_state_.fetch_add(0x9E3779B97F4A7C15u, std::memory_order_relaxed) | 1;
  // What clients have freed, or what another thread is about to return, may be all it takes.
  bool returned = return_pages(kTurnUs);
  while (zm::line::room() < zm::line::wanted_room()) {
    const int64_t now = options_.clock->monotonic_us();
    if (now - start >= budget_us) break;
    if (!returned) {
      zm::pause_briefly();  // to who is at it, if it is not this thread
    } else if (!give_for_a_turn(now, dice)) {
      nothing_to_give_until_us_.store(now + kFruitlessUs, std::memory_order_relaxed);
      return false;
    }
    returned = return_pages(kTurnUs);
  }
  return true;
}

// Keys go, and sparse slabs are emptied where that is cheap; or where so much is wanted that keys would go
// for nothing: what they leave behind has to be put together to pages. False: nothing more can be given.
bool Engine::give_for_a_turn(int64_t now_us, uint64_t& dice) noexcept {
  using Outcome = Compactor::Outcome;
  const size_t room = zm::line::room(), wanted = zm::line::wanted_room();
  const size_t missing = wanted > room ? wanted - room : 0;
  // More than writers want, who also fill the holes that keys leave.
  const bool wants_pages = missing > zm::line::margin() || zm::line::account().reserved != 0;
  Outcome compaction = Outcome::idle;
  if (compactor_.reclaimable(kSurveyAgeUs, Compactor::Effort::coarse) > zm::line::limit() / kSparseShare) {
    compaction = compactor_.run(kTurnUs, Compactor::Effort::coarse);
  } else if (wants_pages && compactor_.reclaimable(kSurveyAgeUs, Compactor::Effort::fine) > missing) {
    compaction = compactor_.run(kTurnUs, Compactor::Effort::fine);
  }
  if (compaction == Outcome::busy) zm::pause_briefly();  // no key goes for what another is about to give
  if (compaction != Outcome::idle) return true;
  if (give_keys(SIZE_MAX, now_us + kTurnUs, dice) != 0) return true;
  // With no key to go, slabs that are only somewhat sparse are better than none.
  return compactor_.run(kTurnUs, Compactor::Effort::fine) != Outcome::idle || zm::line::room() >= wanted;
}

}  // namespace plimsoll
