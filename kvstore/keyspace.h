#pragma once

#include <plimsoll/text/numbers.h>

#include <cstdint>
#include <string_view>

#include "engine.h"

namespace plimsoll {

// The expiry argument that leaves an existing expiry as it is.
constexpr int64_t kKeepExpiry = INT64_MIN;

// Scratch for an integer's digits.
struct DigitBuffer {
  char bytes[kIntegerDigits];
};

std::string_view write_digits(int64_t value, DigitBuffer& digits) noexcept;

// A string entry's value as an integer, however it is kept; false if it is none. REQUIRES: entry.type() ==
// string.
bool integer_value(const Entry& entry, int64_t& value) noexcept;

// A string entry's value as text; an integer is written into `digits`. REQUIRES: entry.type() == string.
std::string_view string_value(const Entry& entry, DigitBuffer& digits) noexcept;

// One database as handlers see it: the only way they read and change keys. Every call keeps the counts of
// bytes, keys and expiries, the table's expiry marks and the eviction state; reporting the change to the sink
// is the handler's (Call::changed). REQUIRES of every member: the key's shard is locked, as the dispatcher
// does for the keys of a command's row.
//
// Members that may throw std::bad_alloc say so and then have changed nothing.
class Keyspace {
 public:
  explicit Keyspace(const Call& call) : Keyspace(call, call.session().database()) {}
  Keyspace(const Call& call, int database);
  Keyspace(Engine& engine, int database, int64_t now_ms, bool touch);

  // Look-ups delete a due key ("expired") and don't find it. In a passive store only reads don't find it, and
  // it stays: writes there repeat those of an active store, which still had the key. While the store is
  // frozen only find_for_write() deletes; the others don't find it.
  Found find_for_read(const Key& key) noexcept;   // counts a hit or miss, marks the key as used
  Found find_for_write(const Key& key) noexcept;  // marks the key as used
  Found peek(const Key& key) noexcept;            // neither

  // Sets `key` to a string, whatever it held; `found` is what a look-up of it just answered (possibly
  // nothing) and is kept valid. `expiry` in Unix ms, kNoExpiry, or kKeepExpiry. The value must not point into
  // the keyspace. May throw.
  void assign_string(const Key& key, Found& found, const StringSource& value, int64_t expiry);
  // In two steps: whether the key that was found can be set to a value without expiry in place; and that,
  // which then cannot fail as long as nothing else was stored under the key.
  static bool takes_in_place(const Found& found, std::string_view value) noexcept;
  static void store_in_place(Entry& entry, std::string_view value) noexcept;
  // The same, never as an integer and shown as "raw" by OBJECT ENCODING.
  void assign_raw_string(const Key& key, Found& found, std::string_view value, int64_t expiry);
  void assign_integer(const Key& key, Found& found, int64_t value, int64_t expiry);

  // Makes the string value `size` bytes long, kept bytes in place and the new ones zero, and returns where to
  // write; a missing key is made. For APPEND and SETRANGE: growth is amortised. The result is raw. May throw.
  char* resize_string(const Key& key, Found& found, size_t size);

  // Takes `entry`, made by Entry's functions with this key, as the key's new or first value. May throw: the
  // entry is then destroyed.
  void put(const Key& key, Found& found, Entry* entry);

  // Makes the value of `source` that of `target_key` in the database of `to`, in place of what `target` found
  // there, with its expiry and its eviction state; the source is then gone. Both are keys of shards that are
  // locked, and not the same. May throw.
  void move_to(const Key& source_key, Found& source, Keyspace& to, const Key& target_key, Found& target);

  // Deletes the key. Never allocates.
  void erase(Found& found) noexcept;

  // Unix ms or kNoExpiry. May throw when a first expiry needs room.
  void set_expiry(const Key& key, Found& found, int64_t expiry);

  // The eviction state, as OBJECT FREQ and IDLETIME show it.
  unsigned frequency(const Found& found) const noexcept;
  int64_t idle_seconds(const Found& found) const noexcept;
  // For RESTORE's settings.
  uint8_t state(const Found& found) const noexcept;
  void set_state(const Found& found, uint8_t state) noexcept;

  // Bytes the key's deletion would give back, the table's own shrinking apart.
  size_t memory_usage(const Found& found) const noexcept;

  // For eviction and the expiry sweep, which meet entries by their slots: delete, count and report.
  void evict(unsigned shard, ShardDatabase& part, SlotRef slot) noexcept;
  bool expire_if_due(unsigned shard, ShardDatabase& part, SlotRef slot) noexcept;

  int64_t now_ms() const noexcept { return now_ms_; }
  int database() const noexcept { return database_; }

 private:
  Shard& shard_of(const Key& key) noexcept;
  // Does not find a due key of an active store, which it `deletes` or leaves.
  Found locate(const Key& key, bool deletes) noexcept;
  void touch(const Found& found) noexcept;
  void expire(Found& found) noexcept;
  void insert(const Key& key, Found& found, Entry* entry);
  void replace(Found& found, Entry* entry, size_t added) noexcept;
  static int64_t resolve_expiry(const Found& found, int64_t expiry) noexcept;
  template <class Assign>
  bool assign_in_place(Found& found, int64_t expiry, Assign&& assign) noexcept;
  char* resize_shared(Found& found, size_t size);
  static void move_expiry(Found& found, int64_t expiry) noexcept;
  static void count_expiry(ShardDatabase& part, int64_t expiry, int sign) noexcept;

  Engine& engine_;
  int database_;
  int64_t now_ms_;
  bool touch_;
  bool frozen_;  // the store's, read once: so a key that one look-up hid is never taken for a missing one
};

}  // namespace plimsoll
