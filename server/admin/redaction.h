#pragma once

#include <plimsoll/call.h>
#include <plimsoll/command_table.h>

#include <cstddef>

namespace plimsoll::server {

inline constexpr std::string_view kRedacted = "(redacted)";

// Whether argument `i` of a command line is a secret that the slow log and MONITOR hide: passwords of AUTH
// and HELLO, ACL rules, values of sensitive options.
bool is_secret(const Command& command, Args args, size_t i) noexcept;

}  // namespace plimsoll::server
