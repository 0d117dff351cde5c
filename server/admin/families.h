#pragma once

#include <plimsoll/command.h>

#include <span>

namespace plimsoll::server {

// The administrative commands, one function a family; each is defined beside its handlers.
std::span<const CommandRow> acl_commands() noexcept;
std::span<const CommandRow> client_commands() noexcept;
std::span<const CommandRow> cluster_commands() noexcept;  // CLUSTER, READONLY, READWRITE, ASKING, WAIT
std::span<const CommandRow> debug_commands() noexcept;
std::span<const CommandRow> info_commands() noexcept;
std::span<const CommandRow> latency_commands() noexcept;
std::span<const CommandRow> memory_commands() noexcept;  // MEMORY, USAGE of libplimsoll included
std::span<const CommandRow> module_commands() noexcept;
std::span<const CommandRow> monitor_commands() noexcept;
std::span<const CommandRow> shutdown_commands() noexcept;
std::span<const CommandRow> slowlog_commands() noexcept;

}  // namespace plimsoll::server
