#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "table/table.h"

namespace plimsoll::test {

constexpr uint64_t kSeed = 0x5eed;

// A table and how tests use it: keys "key:<number>", entries that hold the number. Frees what is left in the
// end.
class KeySet {
 public:
  explicit KeySet(unsigned shard_bits = 0) : table(shard_bits, kSeed) {}
  ~KeySet() { clear(); }

  static std::string name(uint64_t number) { return "key:" + std::to_string(number); }
  static uint64_t hash(uint64_t number) { return Table::hash(name(number), kSeed); }
  // The one key of eight bytes that has this hash: XXH3 of eight bytes is a bijection, undone step by step.
  static std::string name_with_hash(uint64_t hash);
  static Entry* make(uint64_t number, int64_t expiry = kNoExpiry) {
    return Entry::make_integer(name(number), static_cast<int64_t>(number), expiry);
  }

  SlotRef add(uint64_t number, int64_t expiry = kNoExpiry, uint8_t state = 0);
  SlotRef find(uint64_t number) { return table.find(hash(number), name(number)); }
  bool contains(uint64_t number) { return static_cast<bool>(find(number)); }
  // False if the key is not there.
  bool erase(uint64_t number);
  void erase(SlotRef at) { Entry::destroy(table.remove(at)); }
  void clear();
  // maintain() until it finds nothing more to do.
  void settle();

  Table table;
};

}  // namespace plimsoll::test
