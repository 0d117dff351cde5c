#include "admin/text.h"

#include <algorithm>
#include <charconv>
#include <cstdarg>
#include <cstdio>

namespace plimsoll::server {

void append_format(Text& text, const char* format, ...) {
  char buffer[1024];
  va_list arguments;
  va_start(arguments, format);
  const int size = std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  if (size > 0) text.append(buffer, std::min(static_cast<size_t>(size), sizeof buffer - 1));
}

void append_human_bytes(Text& text, uint64_t bytes) {
  constexpr char kUnits[] = "KMGTPE";
  if (bytes < 1024) return append_format(text, "%lluB", static_cast<unsigned long long>(bytes));
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit < 5; ++unit) value /= 1024;
  append_format(text, "%.2f%c", value, kUnits[unit]);
}

namespace {

// The letter after the backslash, or 0.
char escape_letter(char c) {
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

}  // namespace

void append_quoted(Text& text, std::string_view bytes) {
  text += '"';
  for (const char c : bytes) {
    if (const char letter = escape_letter(c)) {
      text += '\\';
      text += letter;
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      append_format(text, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  text += '"';
}

bool parse_integer(std::string_view text, int64_t& value) noexcept {
  if (text.empty()) return false;
  const size_t digits = text[0] == '-' ? 1 : 0;
  if (digits == text.size()) return false;
  if (text[digits] == '0' && text.size() > 1) return false;  // leading zeros, -0
  int64_t parsed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  value = parsed;
  return true;
}

}  // namespace plimsoll::server
