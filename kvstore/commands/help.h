#pragma once

#include <initializer_list>
#include <string_view>

#include "plimsoll/call.h"

namespace plimsoll {

// The reply of a container's HELP subcommand: how to call it, the lines, and HELP itself.
void reply_help(const Call& call, std::initializer_list<std::string_view> lines);

}  // namespace plimsoll
