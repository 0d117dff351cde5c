#pragma once

#include <plimsoll/command.h>

#include <span>

// The commands of the server itself, beside those of server/admin/ (see extension.h).
namespace plimsoll::server {

std::span<const CommandRow> session_command_rows() noexcept;  // AUTH, HELLO, QUIT, RESET
std::span<const CommandRow> config_command_rows() noexcept;   // CONFIG
// What Redis has and this server has not yet (SAVE, REPLICAOF, ...): a clear error, or the answer that says
// so.
std::span<const CommandRow> missing_command_rows() noexcept;

}  // namespace plimsoll::server
