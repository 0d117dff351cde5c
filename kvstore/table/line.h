#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#if defined(__has_feature)
#define PLIMSOLL_HAS_THREAD_SANITIZER __has_feature(thread_sanitizer)
#else
#define PLIMSOLL_HAS_THREAD_SANITIZER 0
#endif

namespace plimsoll {

class Entry;

// Words that are read without the lock are written and read whole. A store is made by the holder of the lock
// only.
inline uint64_t load_relaxed(const uint64_t& word) noexcept {
  return __atomic_load_n(&word, __ATOMIC_RELAXED);
}
inline void store_relaxed(uint64_t& word, uint64_t value) noexcept {
  __atomic_store_n(&word, value, __ATOMIC_RELAXED);
}

// A slot: one entry's address and what is known of the entry without reading it.
//
//   bits 0..2    displacement: how many lines behind its home the entry sits, 0 to kMaxDisplacement
//   bit  3       one bit of the line, not of the entry
//   bits 4..46   the address as it is: 16-aligned, below 2^47
//   bits 47..54  fingerprint: the low 8 bits of the entry's tag (geometry.h)
//   bits 55..62  eviction state
//   bit  63      another bit of the line
//
// A slot is empty when its address bits are 0; all its bits but the line's two are 0 then.
namespace slot {

constexpr unsigned kMaxDisplacement = 7;
constexpr uint64_t kDisplacement = 7;
constexpr uint64_t kLineBits = uint64_t{1} << 3 | uint64_t{1} << 63;
constexpr uint64_t kAddress = (uint64_t{1} << 47) - 16;
constexpr unsigned kFingerprintShift = 47;
constexpr uint64_t kFingerprint = uint64_t{255} << kFingerprintShift;
constexpr unsigned kStateShift = 55;
constexpr uint64_t kState = uint64_t{255} << kStateShift;

inline Entry* entry(uint64_t word) noexcept {
  return reinterpret_cast<Entry*>(word & kAddress);
}
inline bool occupied(uint64_t word) noexcept {
  return (word & kAddress) != 0;
}
inline unsigned displacement(uint64_t word) noexcept {
  return word & kDisplacement;
}
inline uint8_t state(uint64_t word) noexcept {
  return static_cast<uint8_t>(word >> kStateShift);
}
inline uint32_t fingerprint(uint64_t word) noexcept {
  return (word >> kFingerprintShift) & 255;
}

// What the slot of an entry with this tag and displacement looks like under kPatternMask.
constexpr uint64_t kPatternMask = kFingerprint | kDisplacement;
inline uint64_t pattern(uint32_t tag, unsigned displacement) noexcept {
  return uint64_t{tag & 255} << kFingerprintShift | displacement;
}
inline uint64_t state_bits(uint8_t state) noexcept {
  return uint64_t{state} << kStateShift;
}

}  // namespace slot

// A cache line of eight slots. Its 16 line bits, two in each slot, outlive the slots' entries:
//
//   - reach (3): the greatest displacement of the entries whose home is this line, or more: where a look-up
//     may stop;
//   - epoch (1): the snapshot epoch in which the line was last written out;
//   - mark (12): the coarse earliest expiry of the entries that sit in this line (expiry_mark.h); 0: none has
//     one.
struct alignas(16) Line {
  static constexpr unsigned kSlots = 8;

  uint64_t slots[kSlots];

  uint64_t load(unsigned i) const noexcept { return load_relaxed(slots[i]); }
  // Replaces everything in slot i but the line bits.
  void put(unsigned i, uint64_t word) noexcept {
    store_relaxed(slots[i], (slots[i] & slot::kLineBits) | (word & ~slot::kLineBits));
  }
  void clear() noexcept {
    for (uint64_t& word : slots) store_relaxed(word, 0);
  }

  // Bit i is set if slot i has this pattern (slot::pattern). Empty slots look like pattern 0.
  unsigned match(uint64_t pattern) const noexcept;
  // The same for readers without the lock, who take it for a hint.
  unsigned match_unlocked(uint64_t pattern) const noexcept;
  unsigned occupied() const noexcept;
  unsigned vacant() const noexcept { return occupied() ^ 255u; }

  unsigned reach() const noexcept {
    return static_cast<unsigned>((load(0) >> 3 & 1) | (load(1) >> 2 & 2) | (load(2) >> 1 & 4));
  }
  void set_reach(unsigned reach) noexcept {
    for (unsigned i = 0; i < 3; ++i) set_bit(i, 3, reach >> i & 1);
  }

  bool epoch() const noexcept { return load(3) >> 3 & 1; }
  void set_epoch(bool epoch) noexcept { set_bit(3, 3, epoch); }

  // The low 8 bits stand in the slots' bits 63, the high 4 in the bits 3 of slots 4 to 7.
  unsigned mark() const noexcept {
    uint64_t mark = 0;
    for (unsigned i = 0; i < kSlots; ++i) mark |= load(i) >> 63 << i;
    for (unsigned i = 4; i < kSlots; ++i) mark |= (load(i) >> 3 & 1) << (i + 4);
    return static_cast<unsigned>(mark);
  }
  void set_mark(unsigned mark) noexcept {
    constexpr uint64_t kHigh = uint64_t{1} << 63, kLow = uint64_t{1} << 3;
    for (unsigned i = 0; i < kSlots; ++i) {
      const uint64_t high = uint64_t{mark >> i & 1} << 63, low = uint64_t{mark >> (i + 4) & 1} << 3;
      store_relaxed(slots[i], i < 4 ? (slots[i] & ~kHigh) | high : (slots[i] & ~(kHigh | kLow)) | high | low);
    }
  }

 private:
  void set_bit(unsigned i, unsigned bit, uint64_t value) noexcept {
    store_relaxed(slots[i], (slots[i] & ~(uint64_t{1} << bit)) | value << bit);
  }
};
static_assert(sizeof(Line) == 64);

inline unsigned match_one_by_one(const Line& line, uint64_t pattern) noexcept {
  unsigned mask = 0;
  for (unsigned i = 0; i < Line::kSlots; ++i) {
    mask |= static_cast<unsigned>(((line.load(i) ^ pattern) & slot::kPatternMask) == 0) << i;
  }
  return mask;
}

#if defined(__SSE2__)

namespace detail {

// The lower and the upper halves of four slots.
struct Halves {
  __m128i low, high;
};
inline Halves halves(const uint64_t* slots) noexcept {
  const __m128 first = _mm_castsi128_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(slots)));
  const __m128 second = _mm_castsi128_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(slots + 2)));
  return {_mm_castps_si128(_mm_shuffle_ps(first, second, _MM_SHUFFLE(2, 0, 2, 0))),
          _mm_castps_si128(_mm_shuffle_ps(first, second, _MM_SHUFFLE(3, 1, 3, 1)))};
}
// Bit i is set if both halves of slot i, masked, equal the pattern's.
inline unsigned equal(const uint64_t* slots, uint64_t mask, uint64_t pattern) noexcept {
  const Halves four = halves(slots);
  const __m128i low = _mm_and_si128(four.low, _mm_set1_epi32(static_cast<int>(mask)));
  const __m128i high = _mm_and_si128(four.high, _mm_set1_epi32(static_cast<int>(mask >> 32)));
  const __m128i both = _mm_and_si128(_mm_cmpeq_epi32(low, _mm_set1_epi32(static_cast<int>(pattern))),
                                     _mm_cmpeq_epi32(high, _mm_set1_epi32(static_cast<int>(pattern >> 32))));
  return static_cast<unsigned>(_mm_movemask_ps(_mm_castsi128_ps(both)));
}

}  // namespace detail

inline unsigned Line::match(uint64_t pattern) const noexcept {
  return detail::equal(slots, slot::kPatternMask, pattern) |
         detail::equal(slots + 4, slot::kPatternMask, pattern) << 4;
}
// Vector loads read each word whole, but the language knows of no vector that is atomic, nor does a
// sanitizer.
inline unsigned Line::match_unlocked(uint64_t pattern) const noexcept {
#if defined(__SANITIZE_THREAD__) || PLIMSOLL_HAS_THREAD_SANITIZER
  return match_one_by_one(*this, pattern);
#else
  return match(pattern);
#endif
}
inline unsigned Line::occupied() const noexcept {
  return 255u ^ (detail::equal(slots, slot::kAddress, 0) | detail::equal(slots + 4, slot::kAddress, 0) << 4);
}

#else

inline unsigned Line::match(uint64_t pattern) const noexcept {
  return match_one_by_one(*this, pattern);
}
inline unsigned Line::match_unlocked(uint64_t pattern) const noexcept {
  return match_one_by_one(*this, pattern);
}
inline unsigned Line::occupied() const noexcept {
  unsigned mask = 0;
  for (unsigned i = 0; i < kSlots; ++i) mask |= static_cast<unsigned>(slot::occupied(slots[i])) << i;
  return mask;
}

#endif

}  // namespace plimsoll
