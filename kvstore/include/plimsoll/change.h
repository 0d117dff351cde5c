#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace plimsoll {

// The classes of Redis's notify-keyspace-events; the letter is the one of that option.
enum class ChangeClass : uint16_t {
  generic = 1 << 0,  // g
  string = 1 << 1,   // $
  list = 1 << 2,     // l
  set = 1 << 3,      // s
  hash = 1 << 4,     // h
  zset = 1 << 5,     // z
  expired = 1 << 6,  // x
  evicted = 1 << 7,  // e
  stream = 1 << 8,   // t
  created = 1 << 9,  // n
};

// One mutation of one key. The views are valid only during the call that receives them.
struct Change {
  int database;
  std::string_view key;  // empty for a flush of a whole database
  ChangeClass change_class;
  std::string_view event;  // Redis's event name: "set", "del", "expired", "evicted", ...
  // The command that makes the same change where the same keys are, whatever the time there: expiries
  // absolute, increments of floats as their result. A key that is due there counts until this says that it
  // has gone. Empty for a further event of a mutation that another Change carries.
  std::span<const std::string_view> effect;
  // Where the effect is to be run: COPY to another database names it itself.
  int effect_database = database;
};

// Receives every mutation of a store exactly once, in each key's order: command, expiry, eviction, flush.
// record() is called under the key's shard lock: it must be short, may not call the store, and may not throw.
class ChangeSink {
 public:
  virtual void record(const Change& change) noexcept = 0;

 protected:
  ~ChangeSink() = default;  // never owned through this class
};

}  // namespace plimsoll
