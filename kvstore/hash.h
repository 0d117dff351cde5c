#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>

namespace plimsoll {

// The hash of a key: XXH3, 64 bits, keyed by the store's secret seed. Its top bits choose the shard, the next
// the place in the shard's table, so that one hash serves a key in every database.
inline uint64_t hash_key(std::string_view key, uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed);
}

}  // namespace plimsoll
