#pragma once

#include <plimsoll/command.h>

#include <span>

namespace plimsoll {

class CommandTable;

namespace server {

// Adds every command that plimsoll-server knows: the library's, the core's, and those of server/admin/, which
// replace equal names. Throws std::bad_alloc.
void add_commands(CommandTable& table);

std::span<const CommandRow> session_command_rows() noexcept;  // AUTH, HELLO, QUIT, RESET
std::span<const CommandRow> config_command_rows() noexcept;   // CONFIG
// What Redis has and this server has not yet (SAVE, REPLICAOF, ...): a clear error, or the answer that says
// so.
std::span<const CommandRow> missing_command_rows() noexcept;

}  // namespace server
}  // namespace plimsoll
