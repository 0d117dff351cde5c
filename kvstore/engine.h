#pragma once

#include <pthread.h>
#include <zmalloc/allocator.h>
#include <zmalloc/line.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "compactor.h"
#include "entry.h"
#include "plimsoll/call.h"
#include "plimsoll/options.h"
#include "plimsoll/store.h"
#include "shard_lock.h"
#include "table/table.h"

namespace plimsoll {

// Counters that change under a shard's lock and are read by anyone: one writer at a time, so plain loads and
// stores do.
class ShardCounter {
 public:
  void add(int64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  int64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }
  void set(int64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

__extension__ typedef __int128 WideInteger;  // sums of 64-bit times

// One database's part of one shard. Made on first use and kept until the store goes, so that prefetches,
// which take no lock, never meet a freed one; FLUSH* empties it. All but the table's own prefetch members
// belong to the shard's lock.
struct ShardDatabase {
  ShardDatabase(unsigned shard_bits, uint64_t seed) : table(shard_bits, seed) {}

  Table table;
  ShardCounter expiring;       // keys with an expiry
  WideInteger expiry_sum = 0;  // of their expiries, ms: for the average time to live
  SweepCursor sweep;
};

// Entries and tables that FLUSH* took out of a shard, to be freed in slices.
struct Garbage {
  TableContents contents;
  Garbage* next = nullptr;
};

struct alignas(64) Shard {
  ShardLock lock;
  std::atomic<ShardDatabase*>* databases = nullptr;  // one per database; each null until first used
  ShardCounter bytes;                                // charged for entries, their values and the tables
  ShardCounter hits, misses, expired, evicted, changes;
  Garbage* garbage = nullptr;
};

// What a look-up found. Valid until the next change of the same database's keys in that shard.
struct Found {
  Shard* shard = nullptr;
  ShardDatabase* database = nullptr;
  SlotRef slot;
  Entry* entry = nullptr;

  explicit operator bool() const noexcept { return entry != nullptr; }
  Entry* operator->() const noexcept { return entry; }
};

// The store behind Store: shards, dispatch, eviction, expiry, upkeep. Its parts are in engine.cc (making,
// locks), dispatch.cc (commands), eviction.cc, upkeep.cc (expiry, growth, deferred frees) and whole.cc (what
// concerns every shard).
class Engine {
 public:
  // How long a command evicts before it runs to get nearer to a limit that was set below what is held:
  // Redis's maxmemory-eviction-tenacity of 10.
  static constexpr int64_t kEvictionSliceUs = 500;
  // The longest that a writer gives memory back before it runs, near the line: those behind it in its thread
  // wait as well, each for its own and for it.
  static constexpr int64_t kLongestHelpUs = 4'000;
  // The longest that a command gives memory back once it is refused some. With the above it is less than the
  // 20 ms that no request may exceed.
  static constexpr int64_t kLongestWaitUs = 10'000;

  // Placed at the start of a block of zm's: the block's charge is part of what the store holds.
  Engine(Store& store, const Options& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Store& store() noexcept { return store_; }
  const Options& options() const noexcept { return options_; }
  int64_t now_ms() const noexcept { return options_.clock->now_ms(); }

  // --- dispatch.cc ---
  void resolve(Args args, Invocation& invocation, const Invocation* previous = nullptr) const;
  void execute(Session& session, Args args, Reply& reply) noexcept;
  void run(Session& session, const Invocation& invocation, Reply& reply) noexcept;
  size_t try_run(Session& session, const Invocation& invocation, Reply& reply) noexcept;
  // Tells the change sink, and counts the change. REQUIRES: the shard of the key is locked.
  void report(Shard& shard, const Change& change) noexcept;
  // Tells the sink of a further event of a change that is reported with it.
  void tell(const Change& change) noexcept;

  // The keys a command line names, for COMMAND GETKEYS: fills `invocation` like resolve() does for a known
  // command. False if the arguments do not add up to keys.
  bool extract_keys(const Command& command, Args args, Invocation& invocation) const;
  static uint32_t key_flags(const Invocation& invocation, size_t i) noexcept {
    return invocation.place(i).flags;
  }

  // --- engine.cc ---
  uint64_t hash(std::string_view key) const noexcept { return Table::hash(key, hash_seed_); }
  Key make_key(std::string_view bytes) const noexcept { return {bytes, hash(bytes)}; }
  unsigned shard_of(uint64_t hash) const noexcept {
    return shard_bits_ == 0 ? 0 : static_cast<unsigned>(hash >> (64 - shard_bits_));
  }
  Shard& shard(unsigned i) noexcept { return shards_[i]; }
  const Shard& shard(unsigned i) const noexcept { return shards_[i]; }
  unsigned shard_count() const noexcept { return 1u << shard_bits_; }
  uint64_t all_shards() const noexcept {
    return shard_bits_ == kMostShardBits ? ~uint64_t{0} : (uint64_t{1} << shard_count()) - 1;
  }

  void lock(uint64_t shards) noexcept;  // ascending, so that no two threads wait for each other
  void unlock(uint64_t shards) noexcept;

  bool has_database(int index) const noexcept { return static_cast<unsigned>(index) < options_.databases; }
  // Null if the database has no key in this shard yet.
  ShardDatabase* find_database(unsigned shard, int database) const noexcept {
    return shards_[shard].databases[database].load(std::memory_order_acquire);
  }
  ShardDatabase& use_database(unsigned shard, int database);  // makes it if need be; throws std::bad_alloc

  // Makes room in the table for one more key, and charges it. REQUIRES: the shard is locked. Throws
  // std::bad_alloc.
  void reserve(Shard& shard, ShardDatabase& part, uint64_t hash);

  // --- whole.cc: the callers hold every shard's lock (kWholeStore), except where a member says it locks by
  // itself ---

  // Visits the entries of one or more buckets from `cursor` on, at least `count` if there are so many, due
  // ones left out, and returns the cursor to go on with; 0 at the end. Every key that is there throughout a
  // whole iteration is visited at least once. Locks the one shard it visits; `visit(const Entry&)` runs under
  // that lock. Cursors are below 2^43: clients keep them in doubles and signed integers.
  template <class Visit>
  uint64_t scan(int database, uint64_t cursor, size_t count, int64_t now_ms, Visit&& visit);
  // Visits every entry that is not due.
  template <class Visit>
  void for_each(int database, int64_t now_ms, Visit&& visit);
  // A key at random, appended to nothing: `key` is replaced. False if there is none. Locks by itself; throws
  // std::bad_alloc.
  bool random_key(int database, int64_t now_ms, zm::string<zm::Tag::other>& key);
  // Empties a database; with `lazily` the memory is freed later, in maintain(). Returns how many keys there
  // were.
  uint64_t flush(int database, bool lazily) noexcept;
  void swap_databases(int a, int b) noexcept;
  uint64_t size(int database) const noexcept;  // locks nothing: exact when nobody writes
  StoreStatistics statistics() const noexcept;
  void reset_statistics() noexcept;
  DatabaseStatistics database_statistics(int database) const noexcept;
  size_t memory_used() const noexcept;

  // --- upkeep.cc and eviction.cc: lock by themselves, one shard at a time ---
  bool maintain(int64_t budget_us) noexcept;
  enum class Effort : uint8_t {
    slice,  // stops when the time is over
    whole,  // goes on until what has been written since is paid for: see ceiling_
  };
  // With `ahead`, until so many bytes more are within the limit.
  bool enforce_limit(int64_t budget_us, Effort effort = Effort::slice, size_t ahead = 0) noexcept;

  // True if a command that needs memory may run: the limit holds, or is being approached from above. Those
  // that write pay for what was written, however long it takes; the others help for a slice.
  bool make_room(bool writes) noexcept {
    return (!near_line() && !over_limit()) || make_room_by_giving(writes);
  }
  bool make_room_by_giving(bool writes) noexcept;
  // The cheap question before every command: may lag by what threads have not told yet, 16 KiB each.
  bool over_limit() const noexcept;

  RoomFor room_for(size_t bytes) noexcept;
  bool make_room_for(size_t bytes, int64_t budget_us) noexcept;

  // After a refused allocation: gives more back, beyond what has been given since the work began. False: it
  // is not worth another try. Nothing is evicted for more than could ever be given, nor for clients below a
  // line.
  bool reclaim(const zm::Refusal& refusal, Reclaimed& so_far) noexcept;

  // dispatch.cc: of the batch's keys, and of one key that is far ahead or near.
  void prefetch(int database, std::span<const Invocation* const> batch) const noexcept;
  Table::Home prefetch_line(int database, uint64_t hash) const noexcept {
    const ShardDatabase* part = find_database(shard_of(hash), database);
    return part != nullptr ? part->table.prefetch_line(hash) : Table::Home{};
  }
  void prefetch_entry(int database, uint64_t hash) const noexcept {
    if (const ShardDatabase* part = find_database(shard_of(hash), database)) part->table.prefetch_entry(hash);
  }

  Compactor& compactor() noexcept { return compactor_; }
  size_t largest_string() const noexcept { return largest_string_.load(std::memory_order_relaxed); }
  Tuning tuning() const noexcept;
  void tune(const Tuning& tuning) noexcept;
  bool frozen() const noexcept { return frozen_.load(std::memory_order_relaxed); }
  void freeze(bool on) noexcept { frozen_.store(on, std::memory_order_relaxed); }
  // --- aging.cc: the eviction state of a slot, whose shard is locked ---
  static void prepare_states(Table& table) noexcept;
  uint8_t new_state(SlotRef slot, int64_t now_ms) noexcept;
  // The state of the one slot, told in the terms of the other's page.
  static uint8_t moved_state(SlotRef from, SlotRef to) noexcept;
  uint8_t used_state(SlotRef slot, int64_t now_ms) noexcept;
  unsigned frequency(SlotRef slot, int64_t now_ms) const noexcept;
  int64_t idle_seconds(SlotRef slot, int64_t now_ms) const noexcept;
  bool lfu_policy() const noexcept;  // the eviction state holds a frequency; otherwise a time

 private:
  friend class Keyspace;
  friend class ShardGuard;

  // dispatch.cc
  const Command* find_command(Args args, const Invocation* previous) const noexcept;
  class KeyCollector {
   public:
    KeyCollector(const Engine& engine, Invocation& invocation) : engine_(engine), invocation_(invocation) {}
    bool add(const KeySpec& spec);

   private:
    int64_t find_keyword(const KeySpec& spec) const noexcept;
    void reserve(size_t more);
    void append(uint32_t argument, uint32_t flags);

    const Engine& engine_;
    Invocation& invocation_;
  };

  void run_locked(Call& call, uint64_t shards);
  void refuse(const Invocation& invocation, Reply& reply) const;
  void run_once(Session& session, const Invocation& invocation, Reply& reply);
  static void answer(Reply& reply, std::string_view error) noexcept;
  static void answer_out_of_memory(Reply& reply) noexcept;

  // near_line.cc
  // What is free, in this thread's cache as well, goes back to the kernel, for at most about `budget_us`.
  // False: there is more, or another thread is at it; what is to be returned is in the ledger still, and who
  // does not wait for that evicts too much.
  bool return_pages(int64_t budget_us) noexcept;
  // The process has a line, and this store is what keeps it.
  bool has_line() const noexcept {
    return __builtin_expect(zm::line::limit() != 0, 0) && options_.limit_scope == LimitScope::process;
  }
  bool near_line() const noexcept { return has_line() && within_margin(); }
  static bool within_margin() noexcept;  // so near that pages have to be given back
  // False if a command that may add has to be refused.
  bool keep_off_line(bool writes) noexcept;
  bool give_before_taking() noexcept;
  static size_t lacks_room_to_write() noexcept;  // bytes
  // Compacts, evicts and purges until there is room again below the line, for at most about `budget_us`.
  // False: nothing more can be given, and there is not.
  bool give_pages_back(int64_t budget_us) noexcept;
  bool give_for_a_turn(int64_t now_us, uint64_t& dice) noexcept;

  // eviction.cc
  static size_t limited_of_process() noexcept;
  bool give_for_refused(const zm::Refusal& refusal, bool first, Reclaimed& so_far) noexcept;
  // What is compared with the limit, as exactly as this thread can know.
  size_t limited_bytes() noexcept;
  // How many bytes the limit is exceeded by, were there `ahead` bytes more; 0 without a limit.
  size_t excess(size_t ahead = 0) noexcept;
  // At most so many bytes can be given up, keys and all.
  size_t could_give() noexcept;
  // Both return the bytes given back, 0 if there is nothing to evict. Pinned entries stay: nothing would come
  // of them but a lost key.
  size_t evict_one(uint64_t& dice) noexcept;
  size_t evict_from(unsigned shard, uint64_t dice) noexcept;
  // Evicts the first key that may go, however far it is. For tables emptied long since, whose last keys
  // samples miss.
  size_t evict_first_from(unsigned shard) noexcept;
  // `candidate(ShardDatabase&, int database)` for each database of the shard that has keys which may go.
  template <class Visit>
  void for_each_evictable(unsigned shard, Visit&& candidate) noexcept;
  size_t evict(unsigned shard, int database, ShardDatabase& part, SlotRef slot, int64_t now) noexcept;
  double victim_score(EvictionPolicy policy, SlotRef slot, const Entry* entry, int64_t now) const noexcept;
  void give_without_keys() noexcept;
  // Keys, or what deferred frees are left, until `wanted` bytes are given, and a few keys at least, or until
  // the deadline. Returns about how many bytes that were; 0 if there was nothing to give.
  size_t give_keys(size_t wanted, int64_t deadline_us, uint64_t& dice) noexcept;
  void note_exceeded(bool exceeded) noexcept;
  bool any_expiring() const noexcept;

  // upkeep.cc; each locks the shard by itself. True: there is more to do.
  bool maintain_shards(int64_t now_ms, int64_t deadline_us) noexcept;
  // `sweeping_us` grows by what the search for due keys took.
  bool maintain_shard(unsigned index, int64_t now_ms, int64_t& sweeping_us) noexcept;
  bool sweep_shard(unsigned index, int64_t now_ms, int64_t& sweeping_us) noexcept;
  bool shrink_shard(unsigned index) noexcept;
  bool free_garbage(unsigned index, unsigned entries) noexcept;
  // A slice of deferred frees anywhere. False if none wait.
  bool free_some_garbage() noexcept;
  void start_thread();
  void stop_thread() noexcept;
  static void* thread_main(void* engine);

  // Notes that the store holds `delta` bytes more. REQUIRES: the shard is locked.
  void charge(Shard& shard, int64_t delta) noexcept {
    shard.bytes.add(delta);
    if (options_.limit_scope == LimitScope::store) bytes_.fetch_add(delta, std::memory_order_relaxed);
  }
  // The same for a table whose memory was `before`.
  void charge_table(Shard& shard, size_t before, const Table& table) noexcept {
    const auto delta = static_cast<int64_t>(table.bytes()) - static_cast<int64_t>(before);
    if (delta != 0) charge(shard, delta);
  }

  Store& store_;
  Options options_;
  Compactor compactor_{*this};
  static constexpr unsigned kMostShardBits = 6;  // a set of shards is one word
  static constexpr unsigned kCursorShift = Table::kPositionZeroBits - kMostShardBits;
  unsigned shard_bits_ = 0;
  uint64_t hash_seed_ = 0;
  zm::vector<Shard, zm::Tag::table> shards_;
  zm::vector<std::atomic<ShardDatabase*>, zm::Tag::table> databases_;  // of shard 0, of shard 1, ...
  size_t fixed_bytes_ = 0;  // of the engine itself: shards and their database arrays
  std::atomic<int64_t> bytes_{
      0};  // of all shards; kept in LimitScope::store only, where writers compare it with the limit

  // Tuning in atomics of its own: read by every command, written by tune().
  std::atomic<size_t> memory_limit_{0};
  // While the store comes down to a limit set below what it held: how far it has come. Writers never let it
  // rise again, and each lowers it by a slice. 0 otherwise.
  std::atomic<size_t> ceiling_{0};
  std::atomic<EvictionPolicy> policy_{EvictionPolicy::noeviction};
  std::atomic<unsigned> samples_{5}, lfu_log_factor_{10}, lfu_decay_minutes_{1};
  std::atomic<bool> active_expiry_{true}, lazy_user_del_{false}, lazy_user_flush_{false};
  std::atomic<bool> frozen_{false};
  std::atomic<size_t> largest_string_{512 * 1024 * 1024};

  std::atomic<uint64_t> random_state_;
  std::atomic<uint64_t> eviction_exceeded_us_{0}, lazyfreed_{0}, expire_cycle_us_{0};
  std::atomic<int64_t> exceeded_since_us_{0};  // 0 while within the limit
  std::atomic<int64_t> lazyfree_pending_{0};
  std::atomic<unsigned> upkeep_cursor_{0};
  std::atomic_flag returning_pages_ = ATOMIC_FLAG_INIT;
  std::atomic<int64_t> nothing_to_give_until_us_{0};  // near the line: so long it is not tried again
  pthread_mutex_t wake_mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t wake_{};  // made by start_thread()
  bool stop_ = false;      // guarded by wake_mutex_
  pthread_t thread_{};
  bool has_thread_ = false;
};

// The thread holds a shard's lock: stores answer calls from such a thread with Status::reentrant.
class CallbackGuard {
 public:
  CallbackGuard() noexcept { ++depth; }
  ~CallbackGuard() { --depth; }
  static bool active() noexcept { return depth != 0; }

 private:
  static thread_local constinit int depth;
};

// Holds one shard's lock, or none in a store that one thread uses.
class ShardGuard {
 public:
  ShardGuard(Engine& engine, unsigned shard) noexcept;
  ~ShardGuard();
  ShardGuard(const ShardGuard&) = delete;

 private:
  ShardLock* lock_;
};

// Holds every shard's lock.
class StoreGuard {
 public:
  explicit StoreGuard(Engine& engine) noexcept : engine_(engine) { engine_.lock(engine_.all_shards()); }
  ~StoreGuard() { engine_.unlock(engine_.all_shards()); }
  StoreGuard(const StoreGuard&) = delete;

 private:
  Engine& engine_;
};

template <class Visit>
uint64_t Engine::scan(int database, uint64_t cursor, size_t count, int64_t now_ms, Visit&& visit) {
  // A place is a position in the order of hashes: its top bits name the shard, the rest where in the table to
  // go on. Restructured tables keep that order, so nothing between two positions is ever skipped. A cursor is
  // a place without the bits that are always 0.
  uint64_t place = cursor << kCursorShift;
  size_t seen = 0;
  size_t buckets_left =
      count * 10 < count ? count : count * 10;  // as Redis: so many empty ones end a call too
  do {
    const unsigned index = shard_of(place);
    uint64_t position = place << shard_bits_;
    {
      ShardGuard guard(*this, index);
      ShardDatabase* part = find_database(index, database);
      const bool any = part != nullptr && part->table.size() != 0;
      if (!any) position = 0;
      for (; any && buckets_left != 0 && seen < count; --buckets_left) {
        position = part->table.scan(position, [&](Entry* entry, SlotRef) {
          ++seen;
          if (!entry->due(now_ms)) visit(static_cast<const Entry&>(*entry));
        });
        if (position == 0) break;
      }
    }
    if (position != 0) {
      place = (uint64_t{index} << (63 - shard_bits_) << 1) | (position >> shard_bits_);
    } else if (index + 1 < shard_count()) {
      place = uint64_t{index + 1} << (64 - shard_bits_);
    } else {
      place = 0;
    }
  } while (place != 0 && seen < count && buckets_left != 0);
  return place >> kCursorShift;
}

template <class Visit>
void Engine::for_each(int database, int64_t now_ms, Visit&& visit) {
  for (unsigned i = 0; i < shard_count(); ++i) {
    ShardDatabase* part = find_database(i, database);
    if (part == nullptr) continue;
    uint64_t position = 0;
    do {
      position = part->table.scan(position, [&](Entry* entry, SlotRef) {
        if (!entry->due(now_ms)) visit(static_cast<const Entry&>(*entry));
      });
    } while (position != 0);
  }
}

}  // namespace plimsoll
