// What DEBUG tells of the data. REQUIRES for each: the command's row has kOwnLocks; shards are locked here.
#pragma once

#include <cstddef>
#include <string_view>

#include "plimsoll/call.h"

namespace plimsoll {

// Answers DEBUG OBJECT's line for a key of the session's database, or "ERR no such key". "serializedlength"
// is the length in Redis's RDB format without compression.
void debug_object(Call& call, std::string_view key);

// Answers Redis's digest of all databases (DEBUG DIGEST): 40 hexadecimal digits, the same for the same data
// whatever its order, and the same as a redis-server's. No other command runs meanwhile.
void debug_digest(Call& call);

// Answers the digest of the value of each key from argument `first` on (DEBUG DIGEST-VALUE): of the session's
// database, zeros for a key that is not there.
void debug_digest_values(Call& call, size_t first);

}  // namespace plimsoll
