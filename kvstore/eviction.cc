// Eviction: how much is to be given back, and which keys go.

#include <plimsoll/text/ascii.h>
#include <zmalloc/pause.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "aging.h"
#include "engine.h"
#include "keyspace.h"
#include "work_timer.h"

namespace plimsoll {
namespace {

// In the order of the enumeration.
constexpr std::string_view kPolicyNames[] = {"noeviction",      "allkeys-lru",  "allkeys-lfu",
                                             "allkeys-random",  "volatile-lru", "volatile-lfu",
                                             "volatile-random", "volatile-ttl"};

constexpr unsigned kRounds = 256;

bool only_volatile(EvictionPolicy policy) noexcept {
  return policy >= EvictionPolicy::volatile_lru;
}

uint64_t next_random(uint64_t& state) noexcept {  // xorshift64*, Vigna 2016
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545F4914F6CDD1Du;
}

// The best victim among those offered: the one with the highest score.
struct Candidate {
  ShardDatabase* part = nullptr;
  SlotRef slot;
  int database = 0;
  double score = -std::numeric_limits<double>::infinity();
};

}  // namespace

std::string_view policy_name(EvictionPolicy policy) noexcept {
  return kPolicyNames[static_cast<size_t>(policy)];
}

std::optional<EvictionPolicy> policy_from_name(std::string_view name) noexcept {
  for (size_t i = 0; i < std::size(kPolicyNames); ++i) {
    if (ascii_equal_nocase(kPolicyNames[i], name)) return static_cast<EvictionPolicy>(i);
  }
  return std::nullopt;
}

// With a line, clients have a ledger of their own below it, and no key goes for what they hold.
size_t Engine::limited_of_process() noexcept {
  return zm::line::limit() != 0 ? zm::used_memory_but_clients() : zm::used_memory_fast();
}

size_t Engine::limited_bytes() noexcept {
  if (options_.limit_scope == LimitScope::store)
    return static_cast<size_t>(bytes_.load(std::memory_order_relaxed));
  zm::flush_thread();
  return limited_of_process();
}

size_t Engine::excess(size_t ahead) noexcept {
  const size_t limit = memory_limit_.load(std::memory_order_relaxed);
  if (limit == 0) return 0;
  const size_t used = limited_bytes() + ahead;
  return used > limit ? used - limit : 0;
}

size_t Engine::could_give() noexcept {
  const EvictionPolicy policy = policy_.load(std::memory_order_relaxed);
  const bool keys = policy != EvictionPolicy::noeviction && (!only_volatile(policy) || any_expiring());
  return keys ? memory_used() : lazyfree_pending_.load(std::memory_order_relaxed) != 0 ? memory_used() : 0;
}

RoomFor Engine::room_for(size_t bytes) noexcept {
  if (has_line()) {
    const size_t room = zm::line::free_room();
    if (bytes <= room) return RoomFor::there;
    return bytes - room <= could_give() + compactor_.last_reclaimable() ? RoomFor::after_giving
                                                                        : RoomFor::never;
  }
  const size_t over = excess(bytes);
  if (over == 0) return RoomFor::there;
  return over <= could_give() ? RoomFor::after_giving : RoomFor::never;
}

bool Engine::make_room_for(size_t bytes, int64_t budget_us) noexcept {
  return has_line() ? give_pages_back(budget_us) : enforce_limit(budget_us, Effort::slice, bytes);
}

bool Engine::make_room_by_giving(bool writes) noexcept {
  const WorkTimer timer(options_, StoreWork::eviction);
  if (near_line() && !keep_off_line(writes)) return false;
  if (!over_limit() || (frozen() && !writes)) return true;
  return enforce_limit(kEvictionSliceUs, writes ? Effort::whole : Effort::slice);
}

bool Engine::over_limit() const noexcept {
  const size_t limit = memory_limit_.load(std::memory_order_relaxed);
  if (__builtin_expect(limit == 0, 1)) return false;
  if (options_.limit_scope == LimitScope::process) return limited_of_process() > limit;
  return static_cast<size_t>(bytes_.load(std::memory_order_relaxed)) > limit;
}

bool Engine::enforce_limit(int64_t budget_us, Effort effort, size_t ahead) noexcept {
  const int64_t start = options_.clock->monotonic_us();
  uint64_t dice = random_state_.fetch_add(0x9E3779B97F4A7C15u, std::memory_order_relaxed) | 1;
  for (unsigned freed = 0; excess(ahead) != 0;) {
    if (!free_some_garbage() && evict_one(dice) == 0) {
      note_exceeded(excess() != 0);
      return false;
    }
    if (++freed % 16 != 0 || options_.clock->monotonic_us() - start < budget_us) continue;
    const size_t used = limited_bytes();
    const size_t ceiling = ceiling_.load(std::memory_order_relaxed);
    if (used < ceiling) ceiling_.store(used, std::memory_order_relaxed);
    if (effort == Effort::whole && used > ceiling) continue;
    note_exceeded(excess() != 0);
    return true;  // progress was made; writers and maintain() go on from here
  }
  ceiling_.store(0, std::memory_order_relaxed);
  note_exceeded(false);
  return true;
}

void Engine::note_exceeded(bool exceeded) noexcept {
  int64_t since = exceeded_since_us_.load(std::memory_order_relaxed);
  if (exceeded == (since != 0)) return;
  const int64_t now = options_.clock->monotonic_us();
  if (exceeded) {
    exceeded_since_us_.store(now, std::memory_order_relaxed);
  } else if (exceeded_since_us_.compare_exchange_strong(since, 0)) {
    eviction_exceeded_us_.fetch_add(static_cast<uint64_t>(now - since), std::memory_order_relaxed);
  }
}

size_t Engine::evict_one(uint64_t& dice) noexcept {
  const EvictionPolicy policy = policy_.load(std::memory_order_relaxed);
  if (policy == EvictionPolicy::noeviction) return 0;
  // Under volatile policies every look clears marks that mislead, so expiring keys are found within a few
  // rounds.
  const unsigned rounds = only_volatile(policy) ? kRounds : 1;
  for (unsigned round = 0; round < rounds; ++round) {
    const auto first = static_cast<unsigned>(next_random(dice) >> 32) & (shard_count() - 1);
    for (unsigned i = 0; i < shard_count(); ++i) {
      const size_t freed = evict_from((first + i) & (shard_count() - 1), next_random(dice));
      if (freed != 0) return freed;
    }
    if (only_volatile(policy) && !any_expiring()) return 0;
  }
  for (unsigned i = 0; i < shard_count(); ++i) {
    if (const size_t freed = evict_first_from(i)) return freed;
  }
  return 0;
}

bool Engine::any_expiring() const noexcept {
  for (const Shard& shard : shards_) {
    for (unsigned i = 0; i < options_.databases; ++i) {
      const ShardDatabase* part = shard.databases[i].load(std::memory_order_acquire);
      if (part != nullptr && part->expiring.get() != 0) return true;
    }
  }
  return false;
}

template <class Visit>
void Engine::for_each_evictable(unsigned index, Visit&& candidate) noexcept {
  const bool expiring_only = only_volatile(policy_.load(std::memory_order_relaxed));
  for (int database = 0; database < static_cast<int>(options_.databases); ++database) {
    ShardDatabase* part = find_database(index, database);
    if (part == nullptr || part->table.size() == 0) continue;
    if (!expiring_only || part->expiring.get() != 0) candidate(*part, database);
  }
}

size_t Engine::evict_from(unsigned index, uint64_t dice) noexcept {
  const EvictionPolicy policy = policy_.load(std::memory_order_relaxed);
  const unsigned samples = samples_.load(std::memory_order_relaxed);
  const int64_t now = now_ms();
  ShardGuard guard(*this, index);
  Candidate best;
  for_each_evictable(index, [&](ShardDatabase& part, int database) {
    const auto consider = [&](SlotRef slot, uint8_t) {
      const Entry* entry = nullptr;
      if (only_volatile(policy)) {
        entry = part.table.entry(slot);
        if (!entry->has_expiry()) return;
      }
      const double score = victim_score(policy, slot, entry, now);
      if (score > best.score) best = {&part, slot, database, score};
    };
    if (only_volatile(policy)) {
      part.table.sample_volatile(dice, samples, consider);
    } else {
      part.table.sample(dice, samples, consider);
    }
  });
  if (best.part == nullptr || best.part->table.entry(best.slot)->pinned()) return 0;
  return evict(index, best.database, *best.part, best.slot, now);
}

size_t Engine::evict_first_from(unsigned index) noexcept {
  const bool expiring_only = only_volatile(policy_.load(std::memory_order_relaxed));
  const int64_t now = now_ms();
  ShardGuard guard(*this, index);
  Candidate first;
  for_each_evictable(index, [&](ShardDatabase& part, int database) {
    uint64_t position = 0;
    do {
      position = part.table.scan(position, [&](Entry* entry, SlotRef slot) {
        if ((!expiring_only || entry->has_expiry()) && !entry->pinned()) first = {&part, slot, database, 0};
      });
    } while (first.part == nullptr && position != 0);
  });
  return first.part == nullptr ? 0 : evict(index, first.database, *first.part, first.slot, now);
}

// Gives the table's memory back too as its segments empty, or more would be evicted than need be.
size_t Engine::evict(unsigned index, int database, ShardDatabase& part, SlotRef slot, int64_t now) noexcept {
  Shard& shard = shards_[index];
  const int64_t bytes = shard.bytes.get();
  Keyspace keyspace(*this, database, now, false);
  keyspace.evict(index, part, slot);
  const size_t table_bytes = part.table.bytes();
  part.table.maintain_at(slot);
  charge_table(shard, table_bytes, part.table);
  return static_cast<size_t>(std::max<int64_t>(1, bytes - shard.bytes.get()));
}

double Engine::victim_score(EvictionPolicy policy, SlotRef slot, const Entry* entry,
                            int64_t now) const noexcept {
  switch (policy) {
    case EvictionPolicy::allkeys_lru:
    case EvictionPolicy::volatile_lru:
      return static_cast<double>(idle_seconds(slot, now));
    case EvictionPolicy::allkeys_lfu:
    case EvictionPolicy::volatile_lfu:
      return 255.0 - frequency(slot, now);
    case EvictionPolicy::volatile_ttl:
      return -static_cast<double>(entry->expiry());
    default:
      return roll_dice();
  }
}

void Engine::give_without_keys() noexcept {
  free_some_garbage();
  compactor_.run(kEvictionSliceUs, Compactor::Effort::fine);
  const int64_t deadline = options_.clock->monotonic_us() + kLongestHelpUs;
  while (!return_pages(kEvictionSliceUs) && options_.clock->monotonic_us() < deadline) zm::pause_briefly();
}

bool Engine::reclaim(const zm::Refusal& refusal, Reclaimed& so_far) noexcept {
  const int64_t now = options_.clock->monotonic_us();
  const bool first = so_far.since_us == 0;
  if (first) so_far.since_us = now;
  if (now - so_far.since_us > kLongestWaitUs) return false;
  const bool given = give_for_refused(refusal, first, so_far);
  tell_of_work(options_, StoreWork::eviction, options_.clock->monotonic_us() - so_far.since_us);
  return given;
}

bool Engine::give_for_refused(const zm::Refusal& refusal, bool first, Reclaimed& so_far) noexcept {
  // Memory given back in small blocks makes room for another size only when whole pages of it are free.
  constexpr size_t kLeastWorth = 8 * 1024 * 1024;
  if (has_line() && zm::tag_group(refusal.tag) == zm::TagGroup::clients) {
    if (first) give_without_keys();
    // No key goes for clients, but data gives back what it took of their share.
    return first || (zm::line::client_share_left() >= refusal.bytes && within_margin() &&
                     give_pages_back(kEvictionSliceUs));
  }
  const size_t wanted = refusal.bytes;
  const size_t free = has_line() ? zm::line::room() : 0;
  if (wanted > memory_used() + free || so_far.bytes > 2 * wanted + kLeastWorth) return false;
  if (has_line()) {
    const size_t large = wanted > zm::line::margin() / 4 ? wanted : 0;
    zm::line::reserve(large);
    const bool near = within_margin();
    const bool gives = near && give_pages_back(kEvictionSliceUs);
    zm::line::release(large);
    if (near) return gives;
  }
  if (lazyfree_pending_.load(std::memory_order_relaxed) == 0) {
    const Compactor::Outcome compaction = compactor_.run(kEvictionSliceUs, Compactor::Effort::coarse);
    if (compaction == Compactor::Outcome::busy) zm::pause_briefly();  // it gives for all
    if (compaction != Compactor::Outcome::idle) {
      return_pages(kEvictionSliceUs);
      return true;
    }
  }
  uint64_t dice = random_state_.fetch_add(0x9E3779B97F4A7C15u, std::memory_order_relaxed) | 1;
  const size_t given = give_keys(wanted, options_.clock->monotonic_us() + kEvictionSliceUs, dice);
  so_far.bytes += given;
  if (given != 0) return_pages(kEvictionSliceUs);
  return given != 0;
}

size_t Engine::give_keys(size_t wanted, int64_t deadline_us, uint64_t& dice) noexcept {
  constexpr unsigned kAtLeast = 64, kBetweenLooks = 16;
  size_t given = 0;
  for (unsigned n = 1; given < wanted || n <= kAtLeast; ++n) {
    const size_t more = free_some_garbage() ? 1 : evict_one(dice);
    if (more == 0) break;
    given += more;
    if (n % kBetweenLooks == 0 && options_.clock->monotonic_us() >= deadline_us) break;
  }
  return given;
}

}  // namespace plimsoll
