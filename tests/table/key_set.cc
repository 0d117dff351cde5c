#include "key_set.h"

#include <bit>
#include <cstring>

namespace plimsoll::test {
namespace {

constexpr uint64_t kMultiplier = 0x9fb21c651e98df25;

constexpr uint64_t inverse(uint64_t odd) {
  uint64_t x = odd;
  for (int i = 0; i < 6; ++i) x *= 2 - odd * x;  // Newton: each round doubles the correct bits
  return x;
}

// The seeded input from which XXH3's mixing of eight bytes makes `hash`.
uint64_t unmix(uint64_t hash) {
  uint64_t x = hash ^ hash >> 28 ^ hash >> 56;
  x *= inverse(kMultiplier);
  x ^= (x >> 35) + 8;
  x *= inverse(kMultiplier);
  // x ^ rotl(x, 49) ^ rotl(x, 24) is linear, and its 64th power is the identity.
  for (int i = 0; i < 63; ++i) x ^= std::rotl(x, 49) ^ std::rotl(x, 24);
  return x;
}

}  // namespace

std::string KeySet::name_with_hash(uint64_t hash) {
  std::string name(8, '\0');
  const uint64_t seeding = unmix(Table::hash(name, kSeed));     // of the input 0
  const uint64_t input = std::rotl(unmix(hash) ^ seeding, 32);  // the halves are read in the other order
  std::memcpy(name.data(), &input, 8);
  return name;
}

SlotRef KeySet::add(uint64_t number, int64_t expiry, uint8_t state) {
  const uint64_t hash = KeySet::hash(number);
  table.reserve(hash);
  return table.insert(hash, make(number, expiry), state);
}

bool KeySet::erase(uint64_t number) {
  const SlotRef at = find(number);
  if (at) erase(at);
  return static_cast<bool>(at);
}

void KeySet::clear() {
  TableContents contents = table.detach();
  while (!contents.clear_slice(1000, Entry::destroy)) {
  }
}

void KeySet::settle() {
  while (table.maintain()) {
  }
}

}  // namespace plimsoll::test
