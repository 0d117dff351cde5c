#pragma once

#include <cstdint>

// The values that enumerated options have in Config::number().
namespace plimsoll::server {

// enable-debug-command and its like: who may.
enum class Locality : uint8_t { no, yes, local };

enum class Supervision : uint8_t { no, automatic, upstart, systemd };

enum class OomScoreAdjust : uint8_t { no, relative, absolute };

}  // namespace plimsoll::server
