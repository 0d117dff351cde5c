#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/acl_category.h"
#include "plimsoll/command.h"

namespace plimsoll {

// What follows from a row, as Redis derives it.

// In the order in which Redis shows them.
std::span<const NamedBit> shown_command_flags() noexcept;
std::span<const NamedBit> shown_key_flags() noexcept;

// The three numbers of old: first key, last key (negative: from the end), step. All 0 without keys at fixed
// places.
struct KeyRange {
  int first = 0;
  int last = 0;
  int step = 0;
  bool complete = true;  // false: keys stand elsewhere too ("movablekeys")
};
KeyRange legacy_key_range(std::span<const KeySpec> keys) noexcept;

uint32_t effective_flags(const CommandRow& row) noexcept;           // with kMovableKeys where it follows
uint32_t effective_acl_categories(const CommandRow& row) noexcept;  // with those that follow from the flags

}  // namespace plimsoll
