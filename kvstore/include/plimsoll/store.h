#pragma once

#include <zmalloc/allocator.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "plimsoll/call.h"
#include "plimsoll/options.h"
#include "plimsoll/output_buffer.h"
#include "plimsoll/reply.h"
#include "plimsoll/session.h"

namespace plimsoll {

// Totals since the store was made, or since reset_statistics().
struct StoreStatistics {
  uint64_t keyspace_hits = 0;
  uint64_t keyspace_misses = 0;
  uint64_t expired_keys = 0;
  uint64_t evicted_keys = 0;
  uint64_t eviction_exceeded_us = 0;  // time spent over the limit, all spells together
  uint64_t current_eviction_exceeded_us = 0;
  uint64_t changes = 0;  // mutations reported; not reset
  uint64_t lazyfreed_objects = 0;
  uint64_t lazyfree_pending_objects = 0;
  uint64_t expire_cycle_us = 0;  // time spent in the sweep
};

struct DatabaseStatistics {
  uint64_t keys = 0;
  uint64_t expiring_keys = 0;
  int64_t average_ttl_ms = 0;
  size_t table_bytes = 0;
};

// What compaction has done; see Store::compact().
struct CompactionStatistics {
  uint64_t moved = 0;   // blocks of entries
  uint64_t stayed = 0;  // blocks looked at and left
  uint64_t passes = 0;  // over all entries
  uint64_t time_us = 0;
  size_t reclaimable = 0;  // bytes in sparse slabs of the whole process, as last seen
};

// What has been given back for one piece of work that memory was refused to.
struct Reclaimed {
  size_t bytes = 0;
  int64_t since_us = 0;  // when it began; 0: it has not
};

// See Store::room_for().
enum class RoomFor : uint8_t {
  there,
  after_giving,  // once keys are gone, or sparse slabs
  never,
};

enum class SetCondition : uint8_t { always, if_absent, if_present };

struct SetOptions {
  std::optional<int64_t> ttl_ms;  // counted from now; must be positive
  bool keep_ttl = false;
  SetCondition condition = SetCondition::always;
};

// What a typed call answers when it can't do what it was asked.
enum class Status : uint8_t {
  ok,
  not_found,       // no such key, or the condition did not hold
  wrong_type,      // the key holds another kind of value
  not_an_integer,  // or the result would overflow
  out_of_memory,   // over the memory limit and nothing can be evicted, or the allocator refused
  invalid,         // an argument out of range
  reentrant,       // called from a callback that holds a shard's lock
};

// An in-memory store with Redis's commands and semantics. Each has its own limit and its own exact byte
// count.
//
// Thread-safe, unless Options::single_threaded: any thread calls any member at any time. A Session belongs to
// one thread at a time. Callbacks of read() run under a lock: they may call no store. Calls that have a
// Status answer reentrant to that, commands an error; the others do nothing, and answer false, 0 or nothing.
// A refused allocation is never an abort: calls answer Status::out_of_memory, commands "-OOM ...". Below a
// process's memory line (zmalloc/line.h) that may also be more than could be given back in some 15 ms, such
// as some hundred kilobytes in one block out of small keys: make_room() gives more.
// Construction, get() and resolve() throw std::bad_alloc; what a callback throws passes through read() and
// read_many().
class Store {
 public:
  explicit Store(const Options& options =
                     {});  // throws std::bad_alloc, or std::invalid_argument for options out of range
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // --- typed calls, on database 0 unless said otherwise ---

  std::optional<std::string> get(std::string_view key, int database = 0);

  // Calls `visit(std::string_view value)` with the value in place, under the key's shard lock: copy what you
  // need and leave.
  template <class Visit>
  Status read(std::string_view key, Visit&& visit, int database = 0);

  // Looks `keys` up as one batch, their cache misses overlapped, and calls `visit(size_t index,
  // std::string_view value)` for those that exist; in no fixed order. Returns how many exist.
  template <class Visit>
  size_t read_many(std::span<const std::string_view> keys, Visit&& visit, int database = 0);

  Status set(std::string_view key, std::string_view value, const SetOptions& options = {}, int database = 0);
  bool erase(std::string_view key, int database = 0);
  bool exists(std::string_view key, int database = 0);
  Status increment(std::string_view key, int64_t by, int64_t* result, int database = 0);
  Status append(std::string_view key, std::string_view bytes, size_t* length, int database = 0);
  // Milliseconds left; not_found without the key, and nullopt in *ttl_ms without an expiry.
  Status time_to_live(std::string_view key, std::optional<int64_t>* ttl_ms, int database = 0);
  // nullopt removes the expiry; zero or less deletes the key.
  Status expire(std::string_view key, std::optional<int64_t> ttl_ms, int database = 0);
  uint64_t size(int database = 0) const noexcept;
  void clear() noexcept;  // every database

  // --- commands ---

  // Runs one command line and appends its reply, which may be an error, to `reply`.
  void execute(Session& session, Args args, Reply& reply) noexcept;

  // The same in steps, so that a batch of commands overlaps its cache misses: resolve all, prefetch them,
  // then run each in order. The prefetch is a hint: no locks, no effect, any keys; of a command with many
  // only the first (Call::prefetch_ahead()). Throws std::bad_alloc. `previous`: one that was resolved before
  // and whose arguments are still there, or null; under the same name the command need not be looked up
  // again.
  void resolve(Args args, Invocation& invocation, const Invocation* previous = nullptr) const;
  void prefetch(const Session& session, std::span<const Invocation* const> batch) const noexcept;
  void run(Session& session, const Invocation& invocation, Reply& reply) noexcept;
  // The same, but a command that lacks memory which keys could still go for, only not in the milliseconds
  // that a command may take for that, is not answered and has changed nothing but what was evicted for it:
  // returns how many bytes it lacks, to be made room for (make_room()) before it is run again. 0: it has been
  // answered.
  size_t try_run(Session& session, const Invocation& invocation, Reply& reply) noexcept;

  const CommandTable& commands() const noexcept;

  // --- upkeep ---

  // Expiry, eviction, table upkeep and deferred frees, for at most `budget_us` microseconds. True if there is
  // more to do now. Call it some ten times a second, or ask for Options::maintenance_thread.
  bool maintain(int64_t budget_us = 1000) noexcept;

  // Evicts until the limit holds, for at most `budget_us`. False if it does not hold and nothing can be
  // evicted. Commands and typed calls that may add do as much by themselves, for as long as what they add
  // takes.
  bool enforce_limit(int64_t budget_us = 500) noexcept;

  // Runs what may be refused memory (std::bad_alloc) and then changes nothing, gives memory back after a
  // refusal as commands do, and runs it again, for 10 ms at most. False when that does not help. For memory
  // that is held beside the store, such as a server's buffers.
  template <class Attempt>
  bool with_memory(Attempt&& attempt);

  // Whether memory for `bytes` more is free below the limits, or could be made so: the process's memory line
  // if there is one, else the memory limit. For memory that is wanted ahead, such as a value's that arrives.
  // Costs some loads.
  RoomFor room_for(size_t bytes) const noexcept;
  // Gives keys and sparse slabs up until there is room for `bytes`, for at most about `budget_us`. Below a
  // line the bytes are to be reserved meanwhile (zm::line::reserve). False: there is not, and nothing more
  // can be given.
  bool make_room(size_t bytes, int64_t budget_us = 500) noexcept;

  // Moves entries out of sparsely used slabs of the allocator, so that memory goes back to the kernel after
  // many keys or sizes have changed; at most about `budget_us`. False: nothing is worth moving. Does nothing
  // where the allocator tells nothing of its slabs (all but jemalloc). What has become free goes back at once
  // with zm::backend::purge(), or in the allocator's time.
  bool compact(int64_t budget_us = 500) noexcept;
  CompactionStatistics compaction_statistics() const noexcept;

  Tuning tuning() const noexcept;
  void tune(const Tuning& tuning) noexcept;  // in effect at once; a lowered limit is approached by writers
                                             // and by maintain()

  // While frozen, keys change by commands alone: maintain() neither expires nor evicts for the limit, and
  // reads hide due keys without deleting them. What CLIENT PAUSE does. Writes still expire and evict what
  // they meet.
  void freeze(bool on) noexcept;

  // --- facts ---

  // Bytes this store has allocated, exact when no call is under way.
  size_t memory_used() const noexcept;
  size_t memory_limit() const noexcept;
  bool over_limit() const noexcept;
  StoreStatistics statistics() const noexcept;
  void reset_statistics() noexcept;
  DatabaseStatistics database_statistics(int database) const noexcept;
  int databases() const noexcept;
  const Options& options() const noexcept;

  Engine& engine() noexcept { return *engine_; }

 private:
  // Gives memory back after a refused allocation. False when it is not worth another try.
  bool give_back(const zm::Refusal& refusal, Reclaimed& so_far) noexcept;

  using ReadFn = void (*)(void* context, size_t index, std::string_view value);
  Status read_with(std::string_view key, int database, ReadFn visit, void* context);
  size_t read_many_with(std::span<const std::string_view> keys, int database, ReadFn visit, void* context);

  Engine* engine_;
};

template <class Visit>
Status Store::read(std::string_view key, Visit&& visit, int database) {
  using V = std::remove_reference_t<Visit>;
  return read_with(
      key, database,
      [](void* context, size_t, std::string_view value) { (*static_cast<V*>(context))(value); },
      const_cast<std::remove_const_t<V>*>(&visit));
}

template <class Visit>
size_t Store::read_many(std::span<const std::string_view> keys, Visit&& visit, int database) {
  using V = std::remove_reference_t<Visit>;
  return read_many_with(
      keys, database,
      [](void* context, size_t index, std::string_view value) { (*static_cast<V*>(context))(index, value); },
      const_cast<std::remove_const_t<V>*>(&visit));
}

template <class Attempt>
bool Store::with_memory(Attempt&& attempt) {
  for (Reclaimed so_far;;) {
    try {
      attempt();
      return true;
    } catch (const std::bad_alloc&) {
    }
    if (!give_back(zm::last_refusal(), so_far)) return false;
  }
}

inline std::optional<std::string> Store::get(std::string_view key, int database) {
  std::optional<std::string> result;
  read(
      key, [&](std::string_view value) { result.emplace(value); }, database);
  return result;
}

}  // namespace plimsoll
