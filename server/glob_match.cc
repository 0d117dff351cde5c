#include "glob_match.h"

#include <cstddef>
#include <utility>

#include "ascii.h"

namespace plimsoll::server {

namespace {

// Matches one byte against the pattern's element at *at and moves behind that element.
bool match_class(std::string_view pattern, size_t* at, char c) noexcept {
  size_t i = *at + 1;
  const bool negated = i < pattern.size() && pattern[i] == '^';
  if (negated) ++i;
  bool found = false;
  for (; i < pattern.size() && pattern[i] != ']'; ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    char low = ascii_lower(pattern[i]);
    char high = low;
    if (i + 2 < pattern.size() && pattern[i + 1] == '-') {
      high = ascii_lower(pattern[i + 2]);
      i += 2;
    }
    if (low > high) std::swap(low, high);
    found = found || (c >= low && c <= high);
  }
  *at = i < pattern.size() ? i + 1 : i;
  return found != negated;
}

bool match_element(std::string_view pattern, size_t* at, char c) noexcept {
  c = ascii_lower(c);
  if (pattern[*at] == '[') return match_class(pattern, at, c);
  if (pattern[*at] == '?') {
    ++*at;
    return true;
  }
  if (pattern[*at] == '\\' && *at + 1 < pattern.size()) ++*at;
  return ascii_lower(pattern[(*at)++]) == c;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view name) noexcept {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;  // the last *, and where in the name the rest was last tried
  size_t tried = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      tried = n;
      continue;
    }
    size_t next = p;
    if (p < pattern.size() && match_element(pattern, &next, name[n])) {
      p = next;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++tried;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace plimsoll::server
