#include "aging.h"

#include <algorithm>

#include "access_state.h"
#include "engine.h"

namespace plimsoll {
namespace {

// EvictionPage::mode: what the page's states are.
enum PageMode : uint16_t { kUnset = 0, kTimes = 1, kFrequencies = 2 };

template <class Rewrite>
void rewrite_page(SlotRef at, Rewrite&& rewrite) noexcept {
  Segment& segment = *at.segment;
  const uint32_t first = at.line - at.line % kLinesPerPage;
  const uint32_t end = std::min(first + kLinesPerPage, segment.line_count);
  for (uint32_t line = first; line < end; ++line) {
    Line& slots = segment.lines[line];
    for (unsigned i = 0; i < Line::kSlots; ++i) {
      const uint64_t word = slots.load(i);
      if (!slot::occupied(word)) continue;
      slots.put(i, (word & ~slot::kState) | slot::state_bits(rewrite(slot::state(word))));
    }
  }
}

// Gives the page a base near enough to `now` to write codes against.
void age_times(SlotRef at, uint32_t now) noexcept {
  EvictionPage& page = Table::eviction_page(at);
  const uint32_t base = page.base;
  if (page.mode == kTimes) {
    rewrite_page(at, [&](uint8_t code) {
      return access::code_of_age(access::idle_seconds(code, base, now), roll_dice());
    });
  } else {  // a new page, or the policy has changed: all of it counts as used just now
    rewrite_page(at, [](uint8_t) { return static_cast<uint8_t>(access::kFirstRecent); });
  }
  page.base = now;
  page.mode = kTimes;
}

// Lowers the frequencies of the page by the periods gone since that was last done.
void age_frequencies(SlotRef at, uint32_t minutes, unsigned period) noexcept {
  EvictionPage& page = Table::eviction_page(at);
  const auto now = static_cast<uint16_t>(minutes);
  if (page.mode != kFrequencies) {
    rewrite_page(at, [](uint8_t) { return access::kNewFrequency; });
    page = {0, now, kFrequencies};
    return;
  }
  const auto gone = static_cast<uint16_t>(now - page.decay_minute);
  if (period == 0 || gone < period) return;
  const uint32_t periods = gone / period;
  rewrite_page(at, [&](uint8_t counter) { return access::less_frequent(counter, periods); });
  page.decay_minute = static_cast<uint16_t>(page.decay_minute + periods * period);
}

// Table::MoveState.
uint8_t move_state(uint8_t state, const EvictionPage& from, const EvictionPage& to) noexcept {
  if (from == to) return state;
  if (to.mode == kFrequencies) return from.mode == kFrequencies ? state : access::kNewFrequency;
  if (from.mode != kTimes || to.mode == kUnset) return access::kFirstRecent;
  if (state >= access::kFirstRecent) {  // a time after from's base, seen from the other base
    const int32_t after = static_cast<int32_t>(from.base + (state - access::kFirstRecent) - to.base);
    if (after >= 0) {
      const auto code = std::min<uint32_t>(static_cast<uint32_t>(after), access::kRecentSeconds - 1);
      return static_cast<uint8_t>(access::kFirstRecent + code);
    }
    return access::code_of_age(static_cast<uint32_t>(-after), roll_dice());
  }
  const int64_t age =
      int64_t{access::idle_seconds(state, from.base, from.base)} + static_cast<int32_t>(to.base - from.base);
  return age > 0 ? access::code_of_age(static_cast<uint32_t>(age), roll_dice())
                 : uint8_t{access::kFirstRecent};
}

}  // namespace

uint32_t roll_dice() noexcept {
  static thread_local constinit uint64_t state = 0;
  if (state == 0) state = reinterpret_cast<uintptr_t>(&state) | 1;
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return static_cast<uint32_t>(state * 0x2545F4914F6CDD1Du >> 32);
}

bool Engine::lfu_policy() const noexcept {
  const EvictionPolicy policy = policy_.load(std::memory_order_relaxed);
  return policy == EvictionPolicy::allkeys_lfu || policy == EvictionPolicy::volatile_lfu;
}

uint8_t Engine::moved_state(SlotRef from, SlotRef to) noexcept {
  return move_state(Table::state(from), Table::eviction_page(from), Table::eviction_page(to));
}

void Engine::prepare_states(Table& table) noexcept {
  table.set_move_state(move_state);
}

uint8_t Engine::new_state(SlotRef slot, int64_t now_ms) noexcept {
  if (!lfu_policy()) return used_state(slot, now_ms);
  age_frequencies(slot, access_minutes(now_ms), lfu_decay_minutes_.load(std::memory_order_relaxed));
  return access::kNewFrequency;
}

uint8_t Engine::used_state(SlotRef slot, int64_t now_ms) noexcept {
  const EvictionPage& page = Table::eviction_page(slot);
  if (lfu_policy()) {
    age_frequencies(slot, access_minutes(now_ms), lfu_decay_minutes_.load(std::memory_order_relaxed));
    return access::more_frequent(Table::state(slot), lfu_log_factor_.load(std::memory_order_relaxed),
                                 roll_dice());
  }
  const uint32_t now = access_seconds(now_ms);
  if (page.mode != kTimes || access::base_is_stale(page.base, now)) age_times(slot, now);
  return access::code_of(page.base, now);
}

unsigned Engine::frequency(SlotRef slot, int64_t now_ms) const noexcept {
  const EvictionPage& page = Table::eviction_page(slot);
  if (page.mode != kFrequencies) return access::kNewFrequency;
  const unsigned period = lfu_decay_minutes_.load(std::memory_order_relaxed);
  const auto gone = static_cast<uint16_t>(access_minutes(now_ms) - page.decay_minute);
  return access::less_frequent(Table::state(slot), period == 0 ? 0 : gone / period);
}

int64_t Engine::idle_seconds(SlotRef slot, int64_t now_ms) const noexcept {
  const EvictionPage& page = Table::eviction_page(slot);
  if (page.mode != kTimes) return 0;
  return access::idle_seconds(Table::state(slot), page.base, access_seconds(now_ms));
}

}  // namespace plimsoll
