#pragma once

#include <string_view>

namespace plimsoll {

// Whether all of `text` matches the pattern, by the rules of KEYS (redis.io/docs/latest/commands/keys):
//   *      any bytes        ?      any one byte         \x     x itself
//   [abc]  one of these     [^a]   none of these        [a-z]  one of a range, in either order
// A class that is not closed ends with the pattern. An empty text matches only an empty pattern. `nocase`
// ignores the case of ASCII letters, but not of those escaped inside a class. Takes at most pattern.size() *
// text.size() steps and constant space, whatever the pattern.
bool glob_match(std::string_view pattern, std::string_view text, bool nocase = false) noexcept;

}  // namespace plimsoll
