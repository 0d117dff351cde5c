#include "access_state.h"

#include <algorithm>
#include <array>
#include <functional>

namespace plimsoll::access {
namespace {

// kAge[c]: seconds before the base that code c stands for, falling with c. Whole seconds near the base, then 9 % apart.
constexpr std::array<uint32_t, kFirstRecent> make_ages() {
  std::array<uint32_t, kFirstRecent> ages{};
  double age = 1;
  for (unsigned i = 0; i < kFirstRecent; ++i) {
    ages[kFirstRecent - 1 - i] = static_cast<uint32_t>(age);
    age = age * 1.09 < age + 1 ? age + 1 : age * 1.09;
  }
  return ages;
}

constexpr std::array<uint32_t, kFirstRecent> kAge = make_ages();
static_assert(kAge[kFirstRecent - 1] == 1 && kAge[0] > 180u * 24 * 3600);

}  // namespace

uint32_t idle_seconds(uint8_t code, uint32_t base, uint32_t now) noexcept {
  const auto signed_since = static_cast<int32_t>(now - base);
  const uint32_t since_base = signed_since > 0 ? static_cast<uint32_t>(signed_since) : 0;
  if (code < kFirstRecent) return since_base + kAge[code];
  const uint32_t used = code - kFirstRecent;
  return since_base > used ? since_base - used : 0;
}

uint8_t code_of_age(uint32_t age, uint32_t dice) noexcept {
  // The first code whose age is not above the wanted one; the code before it is older.
  const auto at = std::lower_bound(kAge.begin(), kAge.end(), age, std::greater<uint32_t>());
  if (at == kAge.end()) return kFirstRecent - 1;
  const auto younger = static_cast<uint32_t>(at - kAge.begin());
  if (younger == 0) return 0;
  const uint64_t gap = kAge[younger - 1] - kAge[younger];
  const bool round_up = static_cast<uint64_t>(dice) * gap >> 32 < age - kAge[younger];
  return static_cast<uint8_t>(round_up ? younger - 1 : younger);
}

uint8_t more_frequent(uint8_t counter, unsigned log_factor, uint32_t dice) noexcept {
  if (counter == 255) return counter;
  const double above = counter > kNewFrequency ? counter - kNewFrequency : 0;
  const double probability = 1.0 / (above * log_factor + 1);
  return dice * 0x1p-32 < probability ? static_cast<uint8_t>(counter + 1) : counter;
}

}  // namespace plimsoll::access
