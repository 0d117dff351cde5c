#include <plimsoll/text/ascii.h>
#include <plimsoll/text/glob.h>

#include <utility>

namespace plimsoll {
namespace {

// Reads a pattern's elements that stand for exactly one byte each: everything but '*'.
class Element {
 public:
  Element(std::string_view pattern, bool nocase) : pattern_(pattern), nocase_(nocase) {}

  // Whether the element at `at` accepts `c`; `at` moves past it.
  bool accepts(size_t& at, char c) const noexcept {
    switch (pattern_[at]) {
      case '?':
        ++at;
        return true;
      case '[':
        ++at;
        return class_accepts(at, c);
      case '\\':
        if (at + 1 < pattern_.size()) ++at;
        break;
      default:
        break;
    }
    return same(pattern_[at++], c);
  }

 private:
  char folded(char c) const noexcept { return nocase_ ? ascii_lower(c) : c; }
  bool same(char a, char b) const noexcept { return folded(a) == folded(b); }

  // Bytes above 127 are negative in a range's order, as Redis's are on x86.
  bool in_range(char first, char last, char c) const noexcept {
    auto low = static_cast<signed char>(first);
    auto high = static_cast<signed char>(last);
    if (low > high) std::swap(low, high);
    const auto value = static_cast<signed char>(folded(c));
    return value >= static_cast<signed char>(folded(static_cast<char>(low))) &&
           value <= static_cast<signed char>(folded(static_cast<char>(high)));
  }

  bool class_accepts(size_t& at, char c) const noexcept {
    const size_t end = pattern_.size();
    const bool inverted = at < end && pattern_[at] == '^';
    if (inverted) ++at;
    bool accepted = false;
    for (; at < end && pattern_[at] != ']'; ++at) {
      if (pattern_[at] == '\\' && end - at >= 2) {
        accepted |= pattern_[++at] == c;
      } else if (end - at >= 3 && pattern_[at + 1] == '-') {
        accepted |= in_range(pattern_[at], pattern_[at + 2], c);
        at += 2;
      } else {
        accepted |= same(pattern_[at], c);
      }
    }
    if (at < end) ++at;  // the bracket that closes it
    return accepted != inverted;
  }

  std::string_view pattern_;
  bool nocase_;
};

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text, bool nocase) noexcept {
  if (text.empty()) return pattern.empty();
  const Element element(pattern, nocase);
  constexpr size_t kNone = static_cast<size_t>(-1);
  // Every other element takes one byte, so only the last '*' can ever need to take more than it has.
  size_t after_star = kNone, star_end = 0;
  size_t at = 0, i = 0;
  while (i < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      after_star = ++at;
      star_end = i;
      if (at == pattern.size()) return true;
    } else if (at < pattern.size() && element.accepts(at, text[i])) {
      ++i;
    } else {
      if (after_star == kNone) return false;
      at = after_star;
      i = ++star_end;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

}  // namespace plimsoll
