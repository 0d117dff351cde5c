#pragma once

#include <span>

#include "plimsoll/command.h"

namespace plimsoll {

// The rows of libplimsoll's commands, one function a family; each is defined beside its handlers.
std::span<const CommandRow> string_commands() noexcept;        // strings.cc: GET, SET and their kin
std::span<const CommandRow> string_range_commands() noexcept;  // string_ranges.cc: APPEND, GETRANGE, ...
std::span<const CommandRow> string_batch_commands() noexcept;  // string_batches.cc: MGET, MSET, MSETNX
std::span<const CommandRow> counter_commands() noexcept;       // counters.cc: INCR, ...
std::span<const CommandRow> lcs_commands() noexcept;           // lcs.cc
std::span<const CommandRow>
keyspace_commands() noexcept;                            // keyspace.cc: DEL, EXISTS, TYPE, RENAME, COPY, ...
std::span<const CommandRow> expiry_commands() noexcept;  // expiry.cc: EXPIRE, TTL, ...
std::span<const CommandRow> scan_commands() noexcept;    // scan.cc: SCAN, KEYS, RANDOMKEY
std::span<const CommandRow> object_commands() noexcept;  // object.cc: OBJECT, MEMORY USAGE
std::span<const CommandRow> database_commands() noexcept;    // databases.cc: FLUSHALL, SWAPDB, ...
std::span<const CommandRow> connection_commands() noexcept;  // connection.cc: ECHO, PING, SELECT, TIME

}  // namespace plimsoll
