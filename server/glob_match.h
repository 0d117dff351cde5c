#pragma once

#include <string_view>

namespace plimsoll::server {

// Redis's patterns over whole names, ASCII case ignored: * ? [a-z] [^a] and \ before a literal byte. Linear
// in the pattern times the name: a failed match goes back to the last * only.
bool glob_match(std::string_view pattern, std::string_view name) noexcept;

}  // namespace plimsoll::server
