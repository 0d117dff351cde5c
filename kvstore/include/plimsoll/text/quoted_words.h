#pragma once

#include <cstddef>
#include <string_view>

namespace plimsoll {

namespace detail {

constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool is_blank(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// The byte that a backslash and `c` stand for between double quotes.
constexpr char unescaped(char c) noexcept {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// One byte of a quoted word, of which rest[0] is not the closing quote: its value, and how many bytes stand
// for it.
struct QuotedByte {
  char value;
  size_t length;
};

constexpr QuotedByte quoted_byte(std::string_view rest, char quote) noexcept {
  if (rest.size() < 2 || rest[0] != '\\') return {rest[0], 1};
  if (quote == '\'') return rest[1] == '\'' ? QuotedByte{'\'', 2} : QuotedByte{'\\', 1};
  if (rest.size() >= 4 && rest[1] == 'x') {
    const int high = hex_digit(rest[2]);
    const int low = hex_digit(rest[3]);
    if (high >= 0 && low >= 0) return {static_cast<char>(high * 16 + low), 4};
  }
  return {unescaped(rest[1]), 2};
}

// Reads a quoted part, rest[0] being its opening quote. Returns its length with both quotes; 0 if it does not
// end.
template <class Take>
size_t take_quoted(std::string_view rest, Take&& take) {
  const char quote = rest[0];
  size_t i = 1;
  while (i < rest.size() && rest[i] != quote) {
    const QuotedByte byte = quoted_byte(rest.substr(i), quote);
    take(std::string_view(&byte.value, 1), false);
    i += byte.length;
  }
  return i < rest.size() ? i + 1 : 0;
}

// The letter that stands for `c` behind a backslash, or 0.
constexpr char escape_letter(char c) noexcept {
  switch (c) {
    case '\\':
    case '"':
      return c;
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    default:
      return 0;
  }
}

}  // namespace detail

// Splits a line into words as redis.conf and inline commands are read: words apart by blanks; "..." with the
// escapes \n \r \t \b \a \xHH and a backslash before any other byte; '...' literal but for \'. A closing
// quote must end its word; a NUL byte ends the line. Calls `take(std::string_view piece, bool starts_word)`
// for the pieces of each word in order, at least once a word; a piece may be empty. False if quotes are
// unbalanced: what was taken is then to be thrown away.
template <class Take>
bool split_quoted(std::string_view line, Take&& take) {
  line = line.substr(0, line.find('\0'));
  size_t i = 0;
  while (true) {
    while (i < line.size() && detail::is_blank(line[i])) ++i;
    if (i == line.size()) return true;
    take(std::string_view(), true);
    while (i < line.size() && !detail::is_blank(line[i])) {
      if (line[i] != '"' && line[i] != '\'') {
        take(line.substr(i++, 1), false);
        continue;
      }
      const size_t length = detail::take_quoted(line.substr(i), take);
      if (length == 0) return false;
      i += length;
      if (i < line.size() && !detail::is_blank(line[i])) return false;
    }
  }
}

// Appends the bytes between double quotes to any string, in printable ASCII: \\ \" \n \r \t \a \b, and \xhh
// for what has no other form. split_quoted() reads back the same bytes.
template <class String>
void append_quoted(String& out, std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (const char c : bytes) {
    if (const char letter = detail::escape_letter(c)) {
      out += '\\';
      out += letter;
    } else if (c >= ' ' && c <= '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      const char escaped[] = {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
      out.append(escaped, sizeof escaped);
    }
  }
  out += '"';
}

}  // namespace plimsoll
