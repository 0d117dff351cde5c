#pragma once

#include "plimsoll/command.h"

namespace plimsoll {

// Key specifications that several commands share: the first argument alone unless the name says otherwise.
inline constexpr KeySpec kReadKey[] = {{.flags = kKeyRO | kKeyAccess}};
inline constexpr KeySpec kInspectKey[] = {{.flags = kKeyRO}};
inline constexpr KeySpec kInspectKeys[] = {{.flags = kKeyRO, .last = -1}};
inline constexpr KeySpec kUpdateKey[] = {{.flags = kKeyRW | kKeyUpdate}};
inline constexpr KeySpec kReadUpdateKey[] = {{.flags = kKeyRW | kKeyAccess | kKeyUpdate}};
inline constexpr KeySpec kOverwriteKey[] = {{.flags = kKeyOW | kKeyUpdate}};
inline constexpr KeySpec kInspectSecond[] = {{.flags = kKeyRO, .index = 2}};

}  // namespace plimsoll
