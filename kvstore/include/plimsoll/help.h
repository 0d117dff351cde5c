#pragma once

#include <zmalloc/allocator.h>

#include <initializer_list>
#include <string_view>

#include "plimsoll/call.h"

namespace plimsoll {

// What the command was called by, in capitals and up to its first NUL byte: as Redis names a container in
// HELP and in errors, renamed or not. Throws std::bad_alloc.
zm::string<zm::Tag::command> called_name(const Call& call);

// The reply of a container's HELP: a line on how to call it, the given ones, and HELP itself.
void reply_help(const Call& call, std::initializer_list<std::string_view> lines);

}  // namespace plimsoll
