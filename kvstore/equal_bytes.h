#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace plimsoll {

// As ==, without a call for the lengths that names and most keys have: two loads that overlap.
inline bool equal_bytes(std::string_view a, std::string_view b) noexcept {
  const size_t size = a.size();
  if (size != b.size()) return false;
  const auto ends_equal = [&](auto word) {
    decltype(word) of_a[2], of_b[2];
    std::memcpy(&of_a[0], a.data(), sizeof word);
    std::memcpy(&of_b[0], b.data(), sizeof word);
    std::memcpy(&of_a[1], a.data() + size - sizeof word, sizeof word);
    std::memcpy(&of_b[1], b.data() + size - sizeof word, sizeof word);
    return ((of_a[0] ^ of_b[0]) | (of_a[1] ^ of_b[1])) == 0;
  };
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) return ends_equal(uint64_t{});
  if (size >= 4) return ends_equal(uint32_t{});
  if (size >= 2) return ends_equal(uint16_t{});
  return size == 0 || a[0] == b[0];
}

}  // namespace plimsoll
