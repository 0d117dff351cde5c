#include <algorithm>

#include "engine.h"

namespace plimsoll {

StoreStatistics Engine::statistics() const noexcept {
  StoreStatistics total;
  for (const Shard& shard : shards_) {
    total.keyspace_hits += static_cast<uint64_t>(shard.hits.get());
    total.keyspace_misses += static_cast<uint64_t>(shard.misses.get());
    total.expired_keys += static_cast<uint64_t>(shard.expired.get());
    total.evicted_keys += static_cast<uint64_t>(shard.evicted.get());
    total.changes += static_cast<uint64_t>(shard.changes.get());
  }
  total.eviction_exceeded_us = eviction_exceeded_us_.load(std::memory_order_relaxed);
  if (const int64_t since = exceeded_since_us_.load(std::memory_order_relaxed); since != 0 && over_limit()) {
    total.current_eviction_exceeded_us = static_cast<uint64_t>(options_.clock->monotonic_us() - since);
    total.eviction_exceeded_us += total.current_eviction_exceeded_us;
  }
  total.lazyfreed_objects = lazyfreed_.load(std::memory_order_relaxed);
  total.lazyfree_pending_objects = static_cast<uint64_t>(std::max<int64_t>(0, lazyfree_pending_.load()));
  total.expire_cycle_us = expire_cycle_us_.load(std::memory_order_relaxed);
  return total;
}

void Engine::reset_statistics() noexcept {
  for (unsigned i = 0; i < shard_count(); ++i) {
    ShardGuard guard(*this, i);
    for (ShardCounter* counter :
         {&shards_[i].hits, &shards_[i].misses, &shards_[i].expired, &shards_[i].evicted}) {
      counter->set(0);
    }
  }
  eviction_exceeded_us_ = 0;
  exceeded_since_us_ = 0;
  lazyfreed_ = 0;
  expire_cycle_us_ = 0;
  compactor_.reset_statistics();
}

DatabaseStatistics Engine::database_statistics(int database) const noexcept {
  DatabaseStatistics total;
  WideInteger expiry_sum = 0;
  for (unsigned i = 0; i < shard_count(); ++i) {
    ShardGuard guard(const_cast<Engine&>(*this), i);
    const ShardDatabase* part = find_database(i, database);
    if (part == nullptr) continue;
    total.keys += part->table.size();
    total.expiring_keys += static_cast<uint64_t>(part->expiring.get());
    total.table_bytes += part->table.bytes();
    expiry_sum += part->expiry_sum;
  }
  if (total.expiring_keys != 0) {
    const auto mean = static_cast<int64_t>(expiry_sum / static_cast<WideInteger>(total.expiring_keys));
    total.average_ttl_ms = std::max<int64_t>(0, mean - now_ms());
  }
  return total;
}

size_t Engine::memory_used() const noexcept {
  int64_t bytes = static_cast<int64_t>(fixed_bytes_);
  for (const Shard& shard : shards_) bytes += shard.bytes.get();
  return static_cast<size_t>(bytes);
}

Tuning Engine::tuning() const noexcept {
  Tuning tuning;
  tuning.memory_limit = memory_limit_;
  tuning.policy = policy_;
  tuning.eviction_samples = samples_;
  tuning.lfu_log_factor = lfu_log_factor_;
  tuning.lfu_decay_minutes = lfu_decay_minutes_;
  tuning.active_expiry = active_expiry_;
  tuning.lazy_user_del = lazy_user_del_;
  tuning.lazy_user_flush = lazy_user_flush_;
  tuning.largest_string = largest_string_;
  return tuning;
}

void Engine::tune(const Tuning& tuning) noexcept {
  memory_limit_ = tuning.memory_limit;
  policy_ = tuning.policy;
  samples_ = tuning.eviction_samples;
  lfu_log_factor_ = tuning.lfu_log_factor;
  lfu_decay_minutes_ = tuning.lfu_decay_minutes;
  active_expiry_ = tuning.active_expiry;
  lazy_user_del_ = tuning.lazy_user_del;
  lazy_user_flush_ = tuning.lazy_user_flush;
  largest_string_ = tuning.largest_string;
  ceiling_ = excess() != 0 ? limited_bytes() : 0;
}

}  // namespace plimsoll
