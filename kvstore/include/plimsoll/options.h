#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/clock.h"

namespace plimsoll {

class ChangeSink;
class CommandTable;
class WorkSink;

// Redis's maxmemory-policy.
enum class EvictionPolicy : uint8_t {
  noeviction,
  allkeys_lru,
  allkeys_lfu,
  allkeys_random,
  volatile_lru,
  volatile_lfu,
  volatile_random,
  volatile_ttl,
};

std::string_view policy_name(EvictionPolicy policy) noexcept;                    // "allkeys-lru", ...
std::optional<EvictionPolicy> policy_from_name(std::string_view name) noexcept;  // ASCII case ignored

// What a store's memory limit is compared with.
enum class LimitScope : uint8_t {
  store,    // the bytes of this store alone
  process,  // zm::used_memory of the whole process: what a server's maxmemory means
};

// Settings that can change while the store runs; see Store::tune().
struct Tuning {
  size_t memory_limit = 0;  // bytes; 0 = no limit. At the limit exactly is within it.
  EvictionPolicy policy = EvictionPolicy::noeviction;
  unsigned eviction_samples = 5;   // Redis's maxmemory-samples
  unsigned lfu_log_factor = 10;    // Redis's lfu-log-factor
  unsigned lfu_decay_minutes = 1;  // Redis's lfu-decay-time; 0 = never
  bool active_expiry = true;       // whether maintain() looks for due keys by itself
  bool lazy_user_del = false;      // DEL is UNLINK. Either frees a string at once
  bool lazy_user_flush = false;    // FLUSH* without a word free later, in maintain(), as with ASYNC
  size_t largest_string =
      512 * 1024 * 1024;  // Redis's proto-max-bulk-len: APPEND and SETRANGE make none longer
};

struct Options : Tuning {
  unsigned shards = 64;             // a power of two, 1 to 64; one lock and its tables each
  unsigned databases = 16;          // 1 to 65536
  bool single_threaded = false;     // a promise that one thread at a time uses the store: no locks are taken
  bool passive = false;             // a replica: due keys are hidden, never deleted
  bool maintenance_thread = false;  // start a thread that calls maintain(); otherwise none is ever started
  LimitScope limit_scope = LimitScope::store;
  const Clock* clock = &Clock::system();  // must outlive the store
  std::optional<uint64_t> seed;           // of hashing and sampling; random when absent
  ChangeSink* change_sink = nullptr;      // must outlive the store
  WorkSink* work_sink = nullptr;          // must outlive the store
  const CommandTable* commands =
      nullptr;  // the commands execute() knows; null = CommandTable::builtin(). Must outlive the store.
};

}  // namespace plimsoll
