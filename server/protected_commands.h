#pragma once

#include <plimsoll/command_table.h>
#include <plimsoll/reply.h>

namespace plimsoll::server {

class Connection;

// DEBUG and MODULE run only where enable-debug-command and enable-module-command allow it: nowhere, from this
// machine, anywhere.
bool protected_command_allowed(const Command& command, const Connection& connection) noexcept;
void answer_protected(const Command& command, Reply& reply);

}  // namespace plimsoll::server
