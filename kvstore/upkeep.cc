// What goes on beside commands: the expiry sweep, tables that shrink, memory freed later, and the thread that
// does all this where one is asked for.

#include <sched.h>

#include <cerrno>
#include <ctime>
#include <new>

#include "engine.h"
#include "keyspace.h"
#include "work_timer.h"

namespace plimsoll {
namespace {

constexpr unsigned kSweepLines = 64;       // a slice of the sweep under one lock: 512 entries at most
constexpr unsigned kGarbageEntries = 256;  // a slice of deferred frees under one lock
constexpr int64_t kThreadPauseUs = 100'000;

}  // namespace

bool Engine::maintain(int64_t budget_us) noexcept {
  const int64_t deadline = options_.clock->monotonic_us() + budget_us;
  const int64_t now = now_ms();
  bool more = false;
  if (excess() == 0) {
    note_exceeded(false);  // since the limit was raised, or keys were deleted
  } else if (!frozen()) {
    const WorkTimer timer(options_, StoreWork::eviction);
    more = enforce_limit(budget_us) && excess() != 0;
  }
  if (near_line()) {
    const WorkTimer timer(options_, StoreWork::eviction);
    more = give_pages_back(budget_us / 2) || more;
  }
  return maintain_shards(now, deadline) || more;
}

bool Engine::maintain_shards(int64_t now, int64_t deadline_us) noexcept {
  bool more = false;
  int64_t sweeping_us = 0;
  for (unsigned done = 0; done < shard_count();) {
    const unsigned index = upkeep_cursor_.fetch_add(1, std::memory_order_relaxed) & (shard_count() - 1);
    more = maintain_shard(index, now, sweeping_us) || more;
    ++done;
    if (options_.clock->monotonic_us() < deadline_us) continue;
    more = more || done < shard_count();
    break;
  }
  tell_of_work(options_, StoreWork::expiry, sweeping_us);
  return more;
}

bool Engine::maintain_shard(unsigned index, int64_t now, int64_t& sweeping_us) noexcept {
  bool more = free_garbage(index, kGarbageEntries);
  if (active_expiry_.load(std::memory_order_relaxed) && !options_.passive && !frozen())
    more = sweep_shard(index, now, sweeping_us) || more;
  return shrink_shard(index) || more;
}

bool Engine::sweep_shard(unsigned index, int64_t now, int64_t& sweeping_us) noexcept {
  bool more = false;
  for (int database = 0; database < static_cast<int>(options_.databases); ++database) {
    ShardGuard guard(*this, index);
    ShardDatabase* part = find_database(index, database);
    if (part == nullptr || part->expiring.get() == 0) continue;
    const int64_t earliest = part->table.earliest_expiry();
    if (earliest == kNoExpiry || earliest > now) continue;
    const int64_t start = options_.clock->monotonic_us();
    Keyspace keyspace(*this, database, now, false);
    const bool complete = part->table.sweep_due(
        now, part->sweep, kSweepLines, [&](SlotRef slot) { keyspace.expire_if_due(index, *part, slot); });
    more = more || !complete;
    const int64_t took_us = options_.clock->monotonic_us() - start;
    sweeping_us += took_us;
    expire_cycle_us_.fetch_add(static_cast<uint64_t>(took_us), std::memory_order_relaxed);
  }
  return more;
}

bool Engine::shrink_shard(unsigned index) noexcept {
  bool more = false;
  for (int database = 0; database < static_cast<int>(options_.databases); ++database) {
    ShardGuard guard(*this, index);
    ShardDatabase* part = find_database(index, database);
    if (part == nullptr) continue;
    const size_t before = part->table.bytes();
    more = part->table.maintain() || more;
    charge_table(shards_[index], before, part->table);
  }
  return more;
}

bool Engine::free_garbage(unsigned index, unsigned entries) noexcept {
  Garbage* taken;
  {
    ShardGuard guard(*this, index);
    taken = shards_[index].garbage;
    if (taken == nullptr) return false;
    shards_[index].garbage = taken->next;
  }
  // The contents belong to this thread now, so that commands of the shard go on meanwhile.
  int64_t freed_entries = 0;
  const size_t table_before = taken->contents.bytes();
  size_t freed_bytes = 0;
  const bool done = taken->contents.clear_slice(entries, [&](Entry* entry) {
    freed_bytes += Entry::destroy(entry);
    ++freed_entries;
  });
  freed_bytes += table_before - (done ? 0 : taken->contents.bytes());
  lazyfree_pending_.fetch_sub(freed_entries, std::memory_order_relaxed);
  lazyfreed_.fetch_add(static_cast<uint64_t>(freed_entries), std::memory_order_relaxed);

  ShardGuard guard(*this, index);
  Shard& shard = shards_[index];
  if (done) {
    taken->~Garbage();
    freed_bytes += zm::charged_size(taken);
    zm::deallocate(zm::Tag::table, taken);
  } else {
    taken->next = shard.garbage;
    shard.garbage = taken;
  }
  charge(shard, -static_cast<int64_t>(freed_bytes));
  return !done || shard.garbage != nullptr;
}

bool Engine::free_some_garbage() noexcept {
  if (lazyfree_pending_.load(std::memory_order_relaxed) == 0) return false;
  for (unsigned i = 0; i < shard_count(); ++i) {
    bool has_garbage;
    {
      ShardGuard guard(*this, i);
      has_garbage = shards_[i].garbage != nullptr;
    }
    if (!has_garbage) continue;
    free_garbage(i, kGarbageEntries);
    return true;
  }
  return false;
}

void Engine::start_thread() {
  // Waits may not depend on a clock that is set.
  pthread_condattr_t attributes;
  if (pthread_condattr_init(&attributes) != 0) throw std::bad_alloc();
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  const bool made = pthread_cond_init(&wake_, &attributes) == 0;
  pthread_condattr_destroy(&attributes);
  if (!made || pthread_create(&thread_, nullptr, thread_main, this) != 0) throw std::bad_alloc();
  has_thread_ = true;
}

void Engine::stop_thread() noexcept {
  pthread_mutex_lock(&wake_mutex_);
  stop_ = true;
  pthread_cond_signal(&wake_);
  pthread_mutex_unlock(&wake_mutex_);
  pthread_join(thread_, nullptr);
  pthread_cond_destroy(&wake_);
}

void* Engine::thread_main(void* self) {
  auto& engine = *static_cast<Engine*>(self);
  for (bool more = false;;) {
    if (more) {
      sched_yield();
    }
    pthread_mutex_lock(&engine.wake_mutex_);
    if (!engine.stop_ && !more) {
      timespec until;
      clock_gettime(CLOCK_MONOTONIC, &until);
      until.tv_nsec += kThreadPauseUs * 1000;
      until.tv_sec += until.tv_nsec / 1'000'000'000;
      until.tv_nsec %= 1'000'000'000;
      pthread_cond_timedwait(&engine.wake_, &engine.wake_mutex_, &until);
    }
    const bool stop = engine.stop_;
    pthread_mutex_unlock(&engine.wake_mutex_);
    if (stop) return nullptr;
    more = engine.maintain(1000);
  }
}

}  // namespace plimsoll
