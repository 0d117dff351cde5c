#include "text.h"

#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>
#include <plimsoll/text/quoted_words.h>

#include <algorithm>
#include <charconv>
#include <cstdarg>
#include <cstdio>

namespace plimsoll::cli {

std::optional<std::vector<std::string>> split_arguments(std::string_view line) {
  std::vector<std::string> arguments;
  const bool balanced = split_quoted(line, [&arguments](std::string_view piece, bool starts_word) {
    if (starts_word) arguments.emplace_back();
    arguments.back() += piece;
  });
  if (!balanced) return std::nullopt;
  return arguments;
}

std::optional<std::string> unquote(std::string_view text) {
  auto arguments = split_arguments(text);
  if (!arguments || arguments->size() != 1) return std::nullopt;
  return std::move(arguments->front());
}

std::string quote(std::string_view bytes) {
  std::string out;
  append_quoted(out, bytes);
  return out;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return ascii_equal_nocase(text.substr(0, prefix.size()), prefix);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return ascii_lower(c); });
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return ascii_upper(c); });
  return out;
}

std::string human_bytes(std::uint64_t bytes) {
  char text[kByteCountDigits];
  return std::string(text, format_byte_count(bytes, text));
}

std::string format(const char* pattern, ...) {
  std::va_list arguments;
  va_start(arguments, pattern);
  std::va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, pattern, arguments);
  va_end(arguments);
  std::string out(static_cast<std::size_t>(length > 0 ? length : 0), '\0');
  std::vsnprintf(out.data(), out.size() + 1, pattern, again);
  va_end(again);
  return out;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace plimsoll::cli
