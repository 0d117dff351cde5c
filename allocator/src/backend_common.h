// What several backends share.
#pragma once

#include <algorithm>
#include <cstddef>

namespace zm::backend {

// jemalloc, tcmalloc and mimalloc align blocks of a word to a word only; asking for 9 bytes keeps every block
// at kAlignment.
inline std::size_t at_least(std::size_t n) noexcept {
  return std::max<std::size_t>(n, 9);
}

}  // namespace zm::backend
