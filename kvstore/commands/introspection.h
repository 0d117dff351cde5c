#pragma once

#include <span>

#include "plimsoll/command.h"

namespace plimsoll {

// Commands about commands.
std::span<const CommandRow> command_commands() noexcept;  // COMMAND and its subcommands
std::span<const CommandRow> lolwut_commands() noexcept;

}  // namespace plimsoll
