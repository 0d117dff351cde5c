#pragma once

#include <plimsoll/call.h>
#include <plimsoll/help.h>

#include <initializer_list>
#include <string_view>

#include "connection.h"

namespace plimsoll::server {

inline constexpr std::string_view kSyntaxError = "ERR syntax error";
inline constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kClusterDisabled = "ERR This instance has cluster support disabled";

inline Connection& caller(const Call& call) noexcept {
  return Connection::of(call.session());
}
inline Server& server_of(const Call& call) noexcept {
  return caller(call).server();
}

// "ERR unknown subcommand or wrong number of arguments for 'X'. Try Y HELP.": X is the second argument, Y the
// first.
void reply_subcommand_syntax_error(const Call& call);

// An error line made of pieces. A piece ends at a NUL byte, as arguments do in Redis's errors.
void reply_error(const Call& call, std::initializer_list<std::string_view> pieces);

}  // namespace plimsoll::server
