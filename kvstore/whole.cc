// What concerns every shard of a database at once.

#include <new>

#include "aging.h"
#include "engine.h"

namespace plimsoll {

uint64_t Engine::size(int database) const noexcept {
  uint64_t keys = 0;
  for (unsigned i = 0; i < shard_count(); ++i) {
    if (const ShardDatabase* part = find_database(i, database)) keys += part->table.size();
  }
  return keys;
}

uint64_t Engine::flush(int database, bool lazily) noexcept {
  uint64_t keys = 0;
  for (unsigned i = 0; i < shard_count(); ++i) {
    ShardDatabase* part = find_database(i, database);
    if (part == nullptr) continue;
    keys += part->table.size();
    Shard& shard = shards_[i];
    const size_t before = part->table.bytes();
    TableContents contents = part->table.detach();
    part->expiring.set(0);
    part->expiry_sum = 0;
    part->sweep = {};
    const size_t detached = contents.bytes();
    charge_table(shard, before - detached, part->table);
    void* memory = lazily && contents.size() != 0 ? zm::try_allocate(zm::Tag::table, sizeof(Garbage)) : nullptr;
    if (memory != nullptr) {
      lazyfree_pending_.fetch_add(static_cast<int64_t>(contents.size()), std::memory_order_relaxed);
      charge(shard, static_cast<int64_t>(zm::charged_size(memory)));
      shard.garbage = new (memory) Garbage{std::move(contents), shard.garbage};
      continue;
    }
    size_t freed = detached;
    while (!contents.clear_slice(1u << 16, [&](Entry* entry) { freed += Entry::destroy(entry); })) {
    }
    charge(shard, -static_cast<int64_t>(freed));
  }
  return keys;
}

void Engine::swap_databases(int a, int b) noexcept {
  for (Shard& shard : shards_) {
    ShardDatabase* const first = shard.databases[a].load(std::memory_order_relaxed);
    ShardDatabase* const second = shard.databases[b].load(std::memory_order_relaxed);
    shard.databases[a].store(second, std::memory_order_release);
    shard.databases[b].store(first, std::memory_order_release);
  }
}

bool Engine::random_key(int database, int64_t now_ms, zm::string<zm::Tag::other>& key) {
  // A key of a shard drawn in proportion to the shards' keys, then one of a random line. Lines hold about as many keys each,
  // so all keys are about as likely; Redis's RANDOMKEY is no more even.
  for (int attempt = 0; attempt < 100; ++attempt) {
    const uint64_t keys = size(database);
    if (keys == 0) return false;
    uint64_t pick = (uint64_t{roll_dice()} << 32 | roll_dice()) % keys;
    unsigned index = 0;
    for (; index + 1 < shard_count(); ++index) {
      const ShardDatabase* part = find_database(index, database);
      const uint64_t here = part == nullptr ? 0 : part->table.size();
      if (pick < here) break;
      pick -= here;
    }
    ShardGuard guard(*this, index);
    ShardDatabase* part = find_database(index, database);
    if (part == nullptr) continue;
    const Entry* chosen = nullptr;
    uint32_t seen = 0;
    part->table.sample(uint64_t{roll_dice()} << 32 | roll_dice(), 1, [&](SlotRef slot, uint8_t) {
      const Entry* entry = Table::entry(slot);
      if (!entry->due(now_ms) && roll_dice() % ++seen == 0) chosen = entry;
    });
    if (chosen == nullptr) continue;
    key.assign(chosen->key());
    return true;
  }
  // All that was met is due, or the few keys left are far apart: take the first that can be found.
  bool found = false;
  uint64_t cursor = 0;
  do {
    cursor = scan(database, cursor, 1, now_ms, [&](const Entry& entry) {
      if (!found) key.assign(entry.key());
      found = true;
    });
  } while (!found && cursor != 0);
  return found;
}

}  // namespace plimsoll
