#pragma once

#include <cstdint>

namespace plimsoll {

// The eight bits of eviction state in a table slot. What they mean depends on the policy, as Redis's 24 lru bits do.
//
// LRU: a time. Codes from kFirstRecent up are seconds after the segment's base time, one code a second; codes below are ages
// before the base on a scale that grows by 9 % a code, up to half a year. Every kRecentSeconds the segment gets a new base
// and its codes are aged. Rounding there is random in proportion, so that ages stay true on average however often it happens.
//
// LFU: Redis's logarithmic counter (redis.io/docs/latest/develop/reference/eviction, "LFU"): new keys start at 5, and a use raises
// the counter with probability 1 / ((counter − 5) · lfu-log-factor + 1). Every lfu-decay-time minutes a segment's counters fall by one.
namespace access {

constexpr unsigned kFirstRecent = 192;
constexpr uint32_t kRecentSeconds = 64;
constexpr uint8_t kNewFrequency = 5;

// Whether a segment with this base must be aged before codes for `now` can be written.
inline bool base_is_stale(uint32_t base, uint32_t now) noexcept {
  return static_cast<int32_t>(now - base) >= static_cast<int32_t>(kRecentSeconds);
}

// The code of a use at `now`; a clock that was set back counts as standing still. REQUIRES: !base_is_stale(base, now).
inline uint8_t code_of(uint32_t base, uint32_t now) noexcept {
  const auto since_base = static_cast<int32_t>(now - base);
  return static_cast<uint8_t>(kFirstRecent + (since_base > 0 ? since_base : 0));
}

// Seconds since the use a code stands for.
uint32_t idle_seconds(uint8_t code, uint32_t base, uint32_t now) noexcept;

// The code for an age before a base, rounded up or down at random by `dice`.
uint8_t code_of_age(uint32_t age, uint32_t dice) noexcept;

// The counter after one more use; `dice` is uniform over 32 bits.
uint8_t more_frequent(uint8_t counter, unsigned log_factor, uint32_t dice) noexcept;

inline uint8_t less_frequent(uint8_t counter, uint32_t periods) noexcept {
  return periods >= counter ? 0 : static_cast<uint8_t>(counter - periods);
}

}  // namespace access
}  // namespace plimsoll
