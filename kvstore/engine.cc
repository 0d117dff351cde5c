#include "engine.h"

#include <sys/random.h>

#include <bit>
#include <new>
#include <stdexcept>

namespace plimsoll {

thread_local constinit int CallbackGuard::depth = 0;

namespace {

uint64_t random_seed() {
  uint64_t seed;
  if (getrandom(&seed, sizeof seed, 0) == sizeof seed) return seed;
  return static_cast<uint64_t>(Clock::system().now_ms()) * 0x9E3779B97F4A7C15u;
}

void validate(const Options& options) {
  if (!std::has_single_bit(options.shards) || options.shards > 64) {
    throw std::invalid_argument("plimsoll: shards must be a power of two, 1 to 64");
  }
  if (options.databases < 1 || options.databases > 65536) {
    throw std::invalid_argument("plimsoll: databases must be 1 to 65536");
  }
  if (options.single_threaded && options.maintenance_thread) {
    throw std::invalid_argument("plimsoll: a store for one thread can have no maintenance thread");
  }
  if (options.clock == nullptr) throw std::invalid_argument("plimsoll: a clock is required");
}

}  // namespace

Engine::Engine(Store& store, const Options& options)
    : store_(store),
      options_(options),
      shards_((validate(options), options.shards)),
      databases_(size_t{options.shards} * options.databases) {
  shard_bits_ = static_cast<unsigned>(std::countr_zero(options.shards));
  const uint64_t seed = options.seed ? *options.seed : random_seed();
  hash_seed_ = seed ^ 0x5851F42D4C957F2Du;
  random_state_.store(seed * 0x9E3779B97F4A7C15u + 1, std::memory_order_relaxed);
  if (options_.commands == nullptr) options_.commands = &CommandTable::builtin();
  tune(options);

  std::atomic<ShardDatabase*>* slots = databases_.data();
  fixed_bytes_ = zm::charged_size(slots) + zm::charged_size(shards_.data()) + zm::charged_size(this);
  bytes_.store(static_cast<int64_t>(fixed_bytes_), std::memory_order_relaxed);
  for (Shard& shard : shards_) {
    shard.databases = slots;
    slots += options.databases;
  }
  if (options.maintenance_thread) start_thread();
}

Engine::~Engine() {
  if (has_thread_) stop_thread();
  for (int database = 0; database < static_cast<int>(options_.databases); ++database) flush(database, false);
  // Of what has no entry left, too, and counts as pending no more.
  for (unsigned i = 0; i < shard_count(); ++i) {
    while (free_garbage(i, 1u << 16)) {
    }
  }
  for (const std::atomic<ShardDatabase*>& slot : databases_) {
    ShardDatabase* part = slot.load(std::memory_order_relaxed);
    if (part == nullptr) continue;
    part->~ShardDatabase();
    zm::deallocate(zm::Tag::table, part);
  }
}

void Engine::lock(uint64_t shards) noexcept {
  if (options_.single_threaded) return;
  for (; shards != 0; shards &= shards - 1)
    shards_[static_cast<size_t>(std::countr_zero(shards))].lock.lock();
}

void Engine::unlock(uint64_t shards) noexcept {
  if (options_.single_threaded) return;
  for (; shards != 0; shards &= shards - 1)
    shards_[static_cast<size_t>(std::countr_zero(shards))].lock.unlock();
}

ShardDatabase& Engine::use_database(unsigned index, int database) {
  Shard& shard = shards_[index];
  std::atomic<ShardDatabase*>& slot = shard.databases[database];
  if (ShardDatabase* part = slot.load(std::memory_order_relaxed)) return *part;
  void* memory = zm::allocate(zm::Tag::table, sizeof(ShardDatabase));
  auto* part = new (memory) ShardDatabase(shard_bits_, hash_seed_);
  prepare_states(part->table);
  charge(shard, static_cast<int64_t>(zm::charged_size(memory) + part->table.bytes()));
  slot.store(part, std::memory_order_release);
  return *part;
}

void Engine::reserve(Shard& shard, ShardDatabase& part, uint64_t hash) {
  const size_t before = part.table.bytes();
  try {
    part.table.reserve(hash);
  } catch (...) {
    charge_table(shard, before, part.table);  // it may have grown before it was refused
    throw;
  }
  charge_table(shard, before, part.table);
}

ShardGuard::ShardGuard(Engine& engine, unsigned shard) noexcept
    : lock_(engine.options_.single_threaded ? nullptr : &engine.shards_[shard].lock) {
  if (lock_ != nullptr) lock_->lock();
}

ShardGuard::~ShardGuard() {
  if (lock_ != nullptr) lock_->unlock();
}

}  // namespace plimsoll
