// Eviction: how much is to be given back, and which keys go.

#include <plimsoll/text/ascii.h>

#include <bit>
#include <iterator>

#include "aging.h"
#include "engine.h"
#include "keyspace.h"

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
  double score = -1;
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

size_t Engine::excess() noexcept {
  const size_t limit = memory_limit_.load(std::memory_order_relaxed);
  if (limit == 0) return 0;
  size_t used;
  if (options_.limit_scope == LimitScope::process) {
    zm::flush_thread();
    used = zm::used_memory_fast();
  } else {
    used = static_cast<size_t>(bytes_.load(std::memory_order_relaxed));
  }
  return used > limit ? used - limit : 0;
}

bool Engine::over_limit() const noexcept {
  const size_t limit = memory_limit_.load(std::memory_order_relaxed);
  if (__builtin_expect(limit == 0, 1)) return false;
  if (options_.limit_scope == LimitScope::process) return zm::used_memory_fast() > limit;
  return static_cast<size_t>(bytes_.load(std::memory_order_relaxed)) > limit;
}

bool Engine::enforce_limit(int64_t budget_us) noexcept {
  const int64_t start = options_.clock->monotonic_us();
  uint64_t dice = random_state_.fetch_add(0x9E3779B97F4A7C15u, std::memory_order_relaxed) | 1;
  unsigned freed = 0;
  while (excess() != 0) {
    if (!free_some_garbage() && !evict_one(dice)) {
      note_exceeded(true);
      return false;
    }
    if (++freed % 16 == 0 && options_.clock->monotonic_us() - start >= budget_us) {
      note_exceeded(true);
      return true;  // progress was made; writers and maintain() go on from here
    }
  }
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

bool Engine::evict_one(uint64_t& dice) noexcept {
  const EvictionPolicy policy = policy_.load(std::memory_order_relaxed);
  if (policy == EvictionPolicy::noeviction) return false;
  // Under volatile policies every look clears marks that mislead, so expiring keys are found within a few
  // rounds.
  for (unsigned round = 0; round < kRounds; ++round) {
    const auto first = static_cast<unsigned>(next_random(dice) >> 32) & (shard_count() - 1);
    for (unsigned i = 0; i < shard_count(); ++i) {
      if (evict_from((first + i) & (shard_count() - 1), next_random(dice))) return true;
    }
    if (!only_volatile(policy) || !any_expiring()) return false;
  }
  return false;
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

bool Engine::evict_from(unsigned index, uint64_t dice) noexcept {
  const EvictionPolicy policy = policy_.load(std::memory_order_relaxed);
  const unsigned samples = samples_.load(std::memory_order_relaxed);
  const int64_t now = now_ms();
  ShardGuard guard(*this, index);
  Candidate best;
  for (int database = 0; database < static_cast<int>(options_.databases); ++database) {
    ShardDatabase* part = find_database(index, database);
    if (part == nullptr || part->table.size() == 0) continue;
    if (only_volatile(policy) && part->expiring.get() == 0) continue;
    const auto consider = [&](SlotRef slot, uint8_t) {
      const Entry* entry = nullptr;
      if (only_volatile(policy)) {
        entry = part->table.entry(slot);
        if (!entry->has_expiry()) return;
      }
      const double score = victim_score(policy, slot, entry, now);
      if (score > best.score) best = {part, slot, database, score};
    };
    if (only_volatile(policy)) {
      part->table.sample_volatile(dice, samples, consider);
    } else {
      part->table.sample(dice, samples, consider);
    }
  }
  if (best.part == nullptr) return false;
  Keyspace keyspace(*this, best.database, now, false);
  keyspace.evict(index, *best.part, best.slot);
  return true;
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
      return 0x1p63 - static_cast<double>(entry->expiry());
    default:
      return roll_dice();
  }
}

bool Engine::reclaim() noexcept {
  if (free_some_garbage()) return true;
  uint64_t dice = random_state_.fetch_add(0x9E3779B97F4A7C15u, std::memory_order_relaxed) | 1;
  unsigned evicted = 0;
  while (evicted < 64 && evict_one(dice)) ++evicted;
  return evicted != 0;
}

}  // namespace plimsoll
