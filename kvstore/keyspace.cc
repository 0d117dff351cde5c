#include "keyspace.h"

#include <plimsoll/text/numbers.h>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace plimsoll {
namespace {

// Room for values that grow by APPEND and SETRANGE: doubled up to here, then this much at a time. Redis's sds
// does the same.
constexpr size_t kLargestHeadroom = 1024 * 1024;

size_t with_headroom(size_t size) {
  return size + std::min(size, kLargestHeadroom);
}

}  // namespace

std::string_view write_digits(int64_t value, DigitBuffer& digits) noexcept {
  return {digits.bytes, format_integer(value, digits.bytes)};
}

std::string_view string_value(const Entry& entry, DigitBuffer& digits) noexcept {
  return entry.is_integer() ? write_digits(entry.integer(), digits) : entry.bytes();
}

bool integer_value(const Entry& entry, int64_t& value) noexcept {
  if (!entry.is_integer()) return parse_integer(entry.bytes(), value);
  value = entry.integer();
  return true;
}

Keyspace::Keyspace(const Call& call, int database)
    : Keyspace(call.engine(), database, call.now_ms(), !call.session().no_touch()) {}

Keyspace::Keyspace(Engine& engine, int database, int64_t now_ms, bool touch)
    : engine_(engine), database_(database), now_ms_(now_ms), touch_(touch), frozen_(engine.frozen()) {}

Shard& Keyspace::shard_of(const Key& key) noexcept {
  return engine_.shard(engine_.shard_of(key.hash));
}

Found Keyspace::locate(const Key& key, bool deletes) noexcept {
  const unsigned index = engine_.shard_of(key.hash);
  ShardDatabase* part = engine_.find_database(index, database_);
  if (part == nullptr) return {};
  Found found;
  found.slot = part->table.find(key.hash, key.bytes);
  if (!found.slot) return {};
  found.database = part;
  found.shard = &engine_.shard(index);
  found.entry = part->table.entry(found.slot);
  if (found.entry->due(now_ms_) && !engine_.options().passive) {
    if (deletes) expire(found);
    return {};
  }
  return found;
}

void Keyspace::expire(Found& found) noexcept {
  const std::string_view key = found.entry->key();
  const std::string_view effect[] = {"DEL", key};
  engine_.report(*found.shard, {database_, key, ChangeClass::expired, "expired", effect});
  found.shard->expired.add(1);
  erase(found);
}

Found Keyspace::find_for_read(const Key& key) noexcept {
  Found found = locate(key, !frozen_);
  if (found && found->due(now_ms_)) found = {};
  Shard& shard = shard_of(key);
  (found ? shard.hits : shard.misses).add(1);
  if (found) touch(found);
  return found;
}

Found Keyspace::find_for_write(const Key& key) noexcept {
  Found found = locate(key, true);
  if (found) touch(found);
  return found;
}

Found Keyspace::peek(const Key& key) noexcept {
  return locate(key, !frozen_);
}

void Keyspace::touch(const Found& found) noexcept {
  if (!touch_) return;
  const uint8_t state = engine_.used_state(found.slot, now_ms_);
  if (state != Table::state(found.slot)) found.database->table.set_state(found.slot, state);
}

void Keyspace::insert(const Key& key, Found& found, Entry* entry) {
  const unsigned index = engine_.shard_of(key.hash);
  Shard& shard = engine_.shard(index);
  ShardDatabase* part;
  try {
    part = &engine_.use_database(index, database_);
    engine_.reserve(shard, *part, key.hash);
  } catch (...) {
    Entry::destroy(entry);
    throw;
  }
  found.database = part;
  found.shard = &shard;
  found.entry = entry;
  found.slot = part->table.insert(key.hash, entry, 0);
  part->table.set_state(found.slot, engine_.new_state(found.slot, now_ms_));
  engine_.charge(shard, static_cast<int64_t>(entry->charged()));
  count_expiry(*part, entry->expiry(), +1);
}

void Keyspace::replace(Found& found, Entry* entry, size_t added) noexcept {
  Entry* old = found.entry;
  count_expiry(*found.database, old->expiry(), -1);
  count_expiry(*found.database, entry->expiry(), +1);
  found.database->table.replace(found.slot, entry);
  found.entry = entry;
  engine_.charge(*found.shard, static_cast<int64_t>(added) - static_cast<int64_t>(Entry::destroy(old)));
}

void Keyspace::put(const Key& key, Found& found, Entry* entry) {
  // A due key that a read did not show.
  if (!found && (frozen_ || engine_.options().passive)) found = locate(key, true);
  if (found) {
    replace(found, entry, entry->charged());
  } else {
    insert(key, found, entry);
  }
}

int64_t Keyspace::resolve_expiry(const Found& found, int64_t expiry) noexcept {
  if (expiry != kKeepExpiry) return expiry;
  return found ? found.entry->expiry() : kNoExpiry;
}

// In place if the block has room and already has, or has not, a place for an expiry.
template <class Assign>
bool Keyspace::assign_in_place(Found& found, int64_t expiry, Assign&& assign) noexcept {
  if (!found || found->type() != ValueType::string) return false;
  if (found->has_expiry() != (expiry != kNoExpiry) || !assign(*found.entry)) return false;
  if (expiry != kNoExpiry && expiry != found->expiry()) move_expiry(found, expiry);
  return true;
}

void Keyspace::assign_string(const Key& key, Found& found, const StringSource& value, int64_t expiry) {
  expiry = resolve_expiry(found, expiry);
  if (assign_in_place(found, expiry, [&](Entry& entry) { return entry.try_assign_string(value.bytes); }))
    return;
  put(key, found, Entry::make_string(key.bytes, value, expiry));
}

bool Keyspace::takes_in_place(const Found& found, std::string_view value) noexcept {
  return found && !found->has_expiry() && found->can_assign_string(value);
}

void Keyspace::store_in_place(Entry& entry, std::string_view value) noexcept {
  [[maybe_unused]] const bool stored = entry.try_assign_string(value);
  assert(stored);
}

void Keyspace::assign_raw_string(const Key& key, Found& found, std::string_view value, int64_t expiry) {
  expiry = resolve_expiry(found, expiry);
  if (assign_in_place(found, expiry, [&](Entry& entry) { return entry.try_assign_raw_string(value); }))
    return;
  put(key, found, Entry::make_raw_string(key.bytes, value, expiry));
}

void Keyspace::assign_integer(const Key& key, Found& found, int64_t value, int64_t expiry) {
  expiry = resolve_expiry(found, expiry);
  if (assign_in_place(found, expiry, [&](Entry& entry) { return entry.try_assign_integer(value); })) return;
  put(key, found, Entry::make_integer(key.bytes, value, expiry));
}

char* Keyspace::resize_string(const Key& key, Found& found, size_t size) {
  if (found && found->encoding() == Encoding::shared && found->mutable_bytes() != nullptr) {
    return resize_shared(found, size);
  }
  if (found && found->try_resize_bytes(size)) return found->mutable_bytes();
  DigitBuffer digits;
  const std::string_view old = found ? string_value(*found.entry, digits) : std::string_view{};
  const size_t kept = std::min(old.size(), size);
  if (size <= Entry::kLargestInline) {
    char bytes[Entry::kLargestInline];
    if (kept != 0) std::memcpy(bytes, old.data(), kept);
    std::memset(bytes + kept, 0, size - kept);
    assign_raw_string(key, found, {bytes, size}, kKeepExpiry);
    return found->mutable_bytes();
  }
  SharedBytes grown = SharedBytes::allocate(found ? with_headroom(size) : size, zm::Tag::string);
  if (kept != 0) std::memcpy(grown.data(), old.data(), kept);
  std::memset(grown.data() + kept, 0, size - kept);
  grown.set_size(size);
  Entry* entry = Entry::make_shared(key.bytes, std::move(grown), resolve_expiry(found, kKeepExpiry));
  entry->mark_raw();
  put(key, found, entry);
  return found->mutable_bytes();
}

char* Keyspace::resize_shared(Found& found, size_t size) {
  Entry& entry = *found.entry;
  const size_t old_size = entry.bytes().size();
  if (size > entry.shared_capacity()) {
    const auto before = static_cast<int64_t>(entry.charged());
    entry.reallocate_shared(with_headroom(size));
    engine_.charge(*found.shard, static_cast<int64_t>(entry.charged()) - before);
  }
  char* bytes = entry.mutable_bytes();
  if (size > old_size) std::memset(bytes + old_size, 0, size - old_size);
  entry.set_shared_size(size);
  entry.mark_raw();
  return bytes;
}

void Keyspace::evict(unsigned shard, ShardDatabase& part, SlotRef slot) noexcept {
  Found found{&engine_.shard(shard), &part, slot, Table::entry(slot)};
  const std::string_view key = found.entry->key();
  const std::string_view effect[] = {"DEL", key};
  engine_.report(*found.shard, {database_, key, ChangeClass::evicted, "evicted", effect});
  found.shard->evicted.add(1);
  erase(found);
}

bool Keyspace::expire_if_due(unsigned shard, ShardDatabase& part, SlotRef slot) noexcept {
  Found found{&engine_.shard(shard), &part, slot, Table::entry(slot)};
  if (!found.entry->due(now_ms_)) return false;
  expire(found);
  return true;
}

void Keyspace::erase(Found& found) noexcept {
  count_expiry(*found.database, found.entry->expiry(), -1);
  found.database->table.remove(found.slot);
  engine_.charge(*found.shard, -static_cast<int64_t>(Entry::destroy(found.entry)));
  found = {};
}

void Keyspace::set_expiry(const Key& key, Found& found, int64_t expiry) {
  if (found->has_expiry() == (expiry != kNoExpiry)) {
    if (expiry != kNoExpiry) move_expiry(found, expiry);
    return;
  }
  Entry* entry = Entry::with_expiry(*found.entry, key.bytes, expiry);
  replace(found, entry,
          zm::charged_size_requested(entry, entry->layout_size()));  // SharedBytes, if any, have only moved
}

void Keyspace::move_expiry(Found& found, int64_t expiry) noexcept {
  count_expiry(*found.database, found.entry->expiry(), -1);
  found.entry->set_expiry(expiry);
  count_expiry(*found.database, expiry, +1);
  found.database->table.note_expiry(found.slot, expiry);
}

void Keyspace::count_expiry(ShardDatabase& part, int64_t expiry, int sign) noexcept {
  if (expiry == kNoExpiry) return;
  part.expiring.add(sign);
  part.expiry_sum += sign * static_cast<WideInteger>(expiry);
}

unsigned Keyspace::frequency(const Found& found) const noexcept {
  return engine_.frequency(found.slot, now_ms_);
}

int64_t Keyspace::idle_seconds(const Found& found) const noexcept {
  return engine_.idle_seconds(found.slot, now_ms_);
}

uint8_t Keyspace::state(const Found& found) const noexcept {
  return found.database->table.state(found.slot);
}

void Keyspace::set_state(const Found& found, uint8_t state) noexcept {
  found.database->table.set_state(found.slot, state);
}

size_t Keyspace::memory_usage(const Found& found) const noexcept {
  return found.entry->charged();
}

}  // namespace plimsoll
