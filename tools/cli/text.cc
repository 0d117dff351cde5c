#include "text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdarg>
#include <cstdio>

namespace plimsoll::cli {
namespace {

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char escaped_char(char c) {
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

class Splitter {
 public:
  explicit Splitter(std::string_view line) : rest_(line) {}

  std::optional<std::vector<std::string>> split() {
    std::vector<std::string> arguments;
    while (true) {
      while (!rest_.empty() && is_blank(rest_[0])) rest_.remove_prefix(1);
      if (rest_.empty()) return arguments;
      std::string argument;
      if (!take_argument(argument)) return std::nullopt;
      arguments.push_back(std::move(argument));
    }
  }

 private:
  bool take_argument(std::string& out) {
    while (!rest_.empty() && !is_blank(rest_[0])) {
      const char c = rest_[0];
      if (c == '"' || c == '\'') return take_quoted(c, out);
      out += c;
      rest_.remove_prefix(1);
    }
    return true;
  }

  // A quoted part ends its argument: what follows the closing quote must be a blank.
  bool take_quoted(char closing, std::string& out) {
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_[0] != closing) take_quoted_char(closing, out);
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    return rest_.empty() || is_blank(rest_[0]);
  }

  void take_quoted_char(char closing, std::string& out) {
    std::size_t used = 1;
    char c = rest_[0];
    if (c == '\\' && rest_.size() > 1) {
      const bool hex =
          rest_.size() > 3 && rest_[1] == 'x' && hex_digit(rest_[2]) >= 0 && hex_digit(rest_[3]) >= 0;
      if (closing == '"' && hex) {
        c = static_cast<char>(hex_digit(rest_[2]) * 16 + hex_digit(rest_[3]));
        used = 4;
      } else if (closing == '"') {
        c = escaped_char(rest_[1]);
        used = 2;
      } else if (rest_[1] == '\'') {
        c = '\'';
        used = 2;
      }
    }
    out += c;
    rest_.remove_prefix(used);
  }

  std::string_view rest_;
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

std::optional<std::vector<std::string>> split_arguments(std::string_view line) {
  return Splitter(line).split();
}

std::optional<std::string> unquote(std::string_view text) {
  auto arguments = split_arguments(text);
  if (!arguments || arguments->size() != 1) return std::nullopt;
  return std::move(arguments->front());
}

std::string quote(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  static constexpr std::string_view kNamed = "\\\"\n\r\t\a\b";
  static constexpr std::string_view kNames = "\\\"nrtab";
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t named = kNamed.find(c);
    if (named != std::string_view::npos) {
      out += '\\';
      out += kNames[named];
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  out += '"';
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && starts_with_ignoring_case(a, b);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(),
                                                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), upper);
  return out;
}

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + "B";
  static constexpr std::array<char, 6> kUnits = {'K', 'M', 'G', 'T', 'P', 'E'};
  double scaled = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (scaled >= 1024 && unit + 1 < kUnits.size()) {
    scaled /= 1024;
    ++unit;
  }
  return format("%.2f%c", scaled, kUnits[unit]);
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
