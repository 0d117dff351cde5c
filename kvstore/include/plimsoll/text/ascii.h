#pragma once

#include <cstddef>
#include <string_view>

namespace plimsoll {

// Letters A to Z alone have a case here, whatever the locale: the protocol's names are ASCII.

constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr char ascii_upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

constexpr bool ascii_equal_nocase(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}

// Writes `text` in capitals, cut at `capacity`; returns how many bytes were written.
constexpr size_t ascii_upper(std::string_view text, char* out, size_t capacity) noexcept {
  const size_t size = text.size() < capacity ? text.size() : capacity;
  for (size_t i = 0; i < size; ++i) out[i] = ascii_upper(text[i]);
  return size;
}

}  // namespace plimsoll
