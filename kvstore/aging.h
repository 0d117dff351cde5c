#pragma once

#include <cstdint>

namespace plimsoll {

// The clock of eviction states: whole seconds, which may wrap.
inline uint32_t access_seconds(int64_t now_ms) noexcept { return static_cast<uint32_t>(now_ms / 1000); }
inline uint32_t access_minutes(int64_t now_ms) noexcept { return static_cast<uint32_t>(now_ms / 60000); }

// Cheap numbers for dice; one sequence a thread.
uint32_t roll_dice() noexcept;

}  // namespace plimsoll
