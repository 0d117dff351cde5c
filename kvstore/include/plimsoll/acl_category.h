#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/command_table.h"
#include "plimsoll/reply.h"

namespace plimsoll {

struct NamedBit {
  std::string_view name;
  uint32_t bit;
};

// All categories, without the "@", in the order in which Redis shows them.
std::span<const NamedBit> shown_acl_categories() noexcept;

// A category's bit, or 0 if there is none of that name; ASCII case is ignored.
uint32_t acl_category_bit(std::string_view name) noexcept;

// An array of the names of all commands and subcommands that are in one of the categories.
void reply_commands_in(Reply& reply, const CommandTable& table, uint32_t categories);

}  // namespace plimsoll
