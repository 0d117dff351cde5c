#pragma once

#include <algorithm>
#include <string_view>

namespace plimsoll::server {

inline constexpr std::string_view kInvalidClientName =
    "ERR Client names cannot contain spaces, newlines or special characters.";

// CLIENT SETNAME and its like: printable ASCII without blanks. Empty removes the name.
constexpr bool valid_client_name(std::string_view name) noexcept {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

}  // namespace plimsoll::server
