#include "sha1.h"

#include <bit>
#include <cstring>

namespace plimsoll {

namespace {

uint32_t load_big_endian(const uint8_t* from) noexcept {
  return uint32_t{from[0]} << 24 | uint32_t{from[1]} << 16 | uint32_t{from[2]} << 8 | from[3];
}

template <class Int>
void store_big_endian(uint8_t* to, Int value) noexcept {
  for (size_t i = 0; i < sizeof(value); ++i)
    to[i] = static_cast<uint8_t>(value >> 8 * (sizeof(value) - 1 - i));
}

}  // namespace

void Sha1::take_block(const uint8_t* block) noexcept {
  uint32_t words[80];
  for (int i = 0; i < 16; ++i) words[i] = load_big_endian(block + 4 * i);
  for (int i = 16; i < 80; ++i)
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  auto [a, b, c, d, e] = state_;
  for (int i = 0; i < 80; ++i) {
    uint32_t f, k;
    if (i < 20) {
      f = (b & c) | (~b & d);
      k = 0x5a827999;
    } else if (i < 40) {
      f = b ^ c ^ d;
      k = 0x6ed9eba1;
    } else if (i < 60) {
      f = (b & c) | (b & d) | (c & d);
      k = 0x8f1bbcdc;
    } else {
      f = b ^ c ^ d;
      k = 0xca62c1d6;
    }
    const uint32_t next = std::rotl(a, 5) + f + e + k + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state_[0] += a;
  state_[1] += b;
  state_[2] += c;
  state_[3] += d;
  state_[4] += e;
}

Sha1::Digest Sha1::of(std::string_view bytes) noexcept {
  Sha1 sha1;
  const auto* from = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  for (; left >= kBlock; left -= kBlock, from += kBlock) sha1.take_block(from);
  // The rest, a bit of 1, zeros, and the length in bits: one block or two.
  uint8_t end[2 * kBlock] = {};
  if (left != 0) std::memcpy(end, from, left);
  end[left] = 0x80;
  const size_t size = left + 1 + sizeof(uint64_t) <= kBlock ? kBlock : 2 * kBlock;
  store_big_endian(end + size - sizeof(uint64_t), uint64_t{bytes.size()} * 8);
  for (size_t at = 0; at < size; at += kBlock) sha1.take_block(end + at);
  Digest digest;
  for (size_t i = 0; i < 5; ++i) store_big_endian(digest.data() + 4 * i, sha1.state_[i]);
  return digest;
}

}  // namespace plimsoll
