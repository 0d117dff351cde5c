#pragma once

#include <span>
#include <string>
#include <string_view>

namespace plimsoll::client {

// Appends `args` to `out` as one RESP request: an array of bulk strings. Arguments may hold any bytes.
void encode(std::string& out, std::span<const std::string_view> args);
void encode(std::string& out, std::span<const std::string> args);

}  // namespace plimsoll::client
