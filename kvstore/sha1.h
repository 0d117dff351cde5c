#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plimsoll {

// SHA-1 (FIPS 180-4): a fingerprint that Redis's protocol shows, no protection against anybody.
class Sha1 {
 public:
  using Digest = std::array<uint8_t, 20>;

  static Digest of(std::string_view bytes) noexcept;

 private:
  static constexpr size_t kBlock = 64;

  void take_block(const uint8_t* block) noexcept;

  uint32_t state_[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
};

}  // namespace plimsoll
