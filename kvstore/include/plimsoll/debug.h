#pragma once

#include <string_view>

#include "plimsoll/call.h"

namespace plimsoll {

// Answers DEBUG OBJECT's line for a key of the session's database, or "ERR no such key". "serializedlength"
// is the length in Redis's RDB format without compression. REQUIRES: the command's row has kOwnLocks; the
// key's shard is locked here.
void debug_object(Call& call, std::string_view key);

}  // namespace plimsoll
