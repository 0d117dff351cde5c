#include "plimsoll/store.h"

#include <bit>
#include <new>

#include "engine.h"
#include "keyspace.h"

namespace plimsoll {
namespace {

constexpr size_t kReadBatch = 16;  // keys whose cache misses overlap; more at a time gains nothing

// Takes one key's shard for a typed call.
class KeyGuard {
 public:
  KeyGuard(Engine& engine, const Key& key) : guard_(engine, engine.shard_of(key.hash)) {}

 private:
  ShardGuard guard_;
};

// Whether a call is refused over the limit when nothing can be evicted, as its command's deny-oom flag says.
enum class OverLimit : bool { refused, allowed };

// Runs `change`, a typed call that may allocate, with what commands get too: room is made before, and memory
// is given back and the call repeated when an allocation is refused. `change` locks.
template <class Change>
Status with_room(Engine& engine, OverLimit over_limit, Change&& change) noexcept {
  if (CallbackGuard::active()) return Status::reentrant;
  Status status = Status::out_of_memory;
  const bool refused = over_limit == OverLimit::refused;
  const bool ran = engine.store().with_memory(
      [&] { status = engine.make_room(refused) || !refused ? change() : Status::out_of_memory; });
  return ran ? status : Status::out_of_memory;
}

void report_change(Engine& engine, int database, const Key& key, ChangeClass change_class,
                   std::string_view event, std::span<const std::string_view> effect) {
  engine.report(engine.shard(engine.shard_of(key.hash)), {database, key.bytes, change_class, event, effect});
}

// A key that was not there before: Redis's "new" event, which goes before the one that names the change.
void report_new(Engine& engine, int database, const Key& key) {
  engine.tell({database, key.bytes, ChangeClass::created, "new", {}});
}

}  // namespace

Store::Store(const Options& options) {
  void* memory = zm::allocate(zm::Tag::table, sizeof(Engine));
  try {
    engine_ = new (memory) Engine(*this, options);
  } catch (...) {
    zm::deallocate(zm::Tag::table, memory);
    throw;
  }
}

Store::~Store() {
  engine_->~Engine();
  zm::deallocate(zm::Tag::table, engine_);
}

Status Store::read_with(std::string_view bytes, int database, ReadFn visit, void* context) {
  if (CallbackGuard::active()) return Status::reentrant;
  if (!engine_->has_database(database)) return Status::invalid;
  const Key key = engine_->make_key(bytes);
  KeyGuard guard(*engine_, key);
  Keyspace keyspace(*engine_, database, engine_->now_ms(), true);
  const Found found = keyspace.find_for_read(key);
  if (!found) return Status::not_found;
  if (found->type() != ValueType::string) return Status::wrong_type;
  CallbackGuard callback;
  DigitBuffer digits;
  visit(context, 0, string_value(*found.entry, digits));
  return Status::ok;
}

size_t Store::read_many_with(std::span<const std::string_view> keys, int database, ReadFn visit,
                             void* context) {
  if (CallbackGuard::active() || !engine_->has_database(database)) return 0;
  const int64_t now = engine_->now_ms();
  size_t present = 0;
  Key batch[kReadBatch];
  Table::Home homes[kReadBatch];
  for (size_t first = 0; first < keys.size(); first += kReadBatch) {
    const size_t count = std::min(kReadBatch, keys.size() - first);
    for (size_t i = 0; i < count; ++i) {
      batch[i] = engine_->make_key(keys[first + i]);
      homes[i] = engine_->prefetch_line(database, batch[i].hash);
    }
    for (size_t i = 0; i < count; ++i) Table::prefetch_entry(homes[i]);
    for (size_t i = 0; i < count; ++i) {
      KeyGuard guard(*engine_, batch[i]);
      Keyspace keyspace(*engine_, database, now, true);
      const Found found = keyspace.find_for_read(batch[i]);
      if (!found || found->type() != ValueType::string) continue;
      CallbackGuard callback;
      DigitBuffer digits;
      visit(context, first + i, string_value(*found.entry, digits));
      ++present;
    }
  }
  return present;
}

Status Store::set(std::string_view bytes, std::string_view value, const SetOptions& options, int database) {
  if (!engine_->has_database(database)) return Status::invalid;
  if (options.ttl_ms && (*options.ttl_ms <= 0 || options.keep_ttl)) return Status::invalid;
  const Key key = engine_->make_key(bytes);
  return with_room(*engine_, OverLimit::refused, [&] {
    KeyGuard guard(*engine_, key);
    const int64_t now = engine_->now_ms();
    Keyspace keyspace(*engine_, database, now, true);
    Found found = keyspace.find_for_write(key);
    if (options.condition == SetCondition::if_absent && found) return Status::not_found;
    if (options.condition == SetCondition::if_present && !found) return Status::not_found;
    int64_t expiry = options.keep_ttl ? kKeepExpiry : kNoExpiry;
    if (options.ttl_ms && __builtin_add_overflow(now, *options.ttl_ms, &expiry)) return Status::invalid;
    const bool fresh = !found;
    keyspace.assign_string(key, found, value, expiry);
    if (fresh) report_new(*engine_, database, key);
    if (expiry >= 0) {
      DigitBuffer digits;
      const std::string_view effect[] = {"SET", bytes, value, "PXAT", write_digits(expiry, digits)};
      report_change(*engine_, database, key, ChangeClass::string, "set", effect);
      engine_->tell({database, key.bytes, ChangeClass::generic, "expire", {}});
    } else {
      const std::string_view effect[] = {"SET", bytes, value, "KEEPTTL"};
      report_change(*engine_, database, key, ChangeClass::string, "set",
                    {effect, options.keep_ttl ? size_t{4} : size_t{3}});
    }
    return Status::ok;
  });
}

bool Store::erase(std::string_view bytes, int database) {
  if (CallbackGuard::active() || !engine_->has_database(database)) return false;
  const Key key = engine_->make_key(bytes);
  KeyGuard guard(*engine_, key);
  Keyspace keyspace(*engine_, database, engine_->now_ms(), false);
  Found found = keyspace.find_for_write(key);
  if (!found) return false;
  keyspace.erase(found);
  const std::string_view effect[] = {"DEL", bytes};
  report_change(*engine_, database, key, ChangeClass::generic, "del", effect);
  return true;
}

bool Store::exists(std::string_view bytes, int database) {
  if (CallbackGuard::active() || !engine_->has_database(database)) return false;
  const Key key = engine_->make_key(bytes);
  KeyGuard guard(*engine_, key);
  Keyspace keyspace(*engine_, database, engine_->now_ms(), true);
  return static_cast<bool>(keyspace.find_for_read(key));
}

Status Store::increment(std::string_view bytes, int64_t by, int64_t* result, int database) {
  if (!engine_->has_database(database)) return Status::invalid;
  const Key key = engine_->make_key(bytes);
  return with_room(*engine_, OverLimit::refused, [&] {
    KeyGuard guard(*engine_, key);
    Keyspace keyspace(*engine_, database, engine_->now_ms(), true);
    Found found = keyspace.find_for_write(key);
    if (found && found->type() != ValueType::string) return Status::wrong_type;
    int64_t sum = 0;
    if (found && !integer_value(*found.entry, sum)) return Status::not_an_integer;
    if (__builtin_add_overflow(sum, by, &sum)) return Status::not_an_integer;
    const bool fresh = !found;
    keyspace.assign_integer(key, found, sum, kKeepExpiry);
    if (fresh) report_new(*engine_, database, key);
    if (result != nullptr) *result = sum;
    DigitBuffer digits;
    const std::string_view effect[] = {"INCRBY", bytes, write_digits(by, digits)};
    report_change(*engine_, database, key, ChangeClass::string, "incrby", effect);
    return Status::ok;
  });
}

Status Store::append(std::string_view bytes, std::string_view tail, size_t* length, int database) {
  if (!engine_->has_database(database)) return Status::invalid;
  const Key key = engine_->make_key(bytes);
  return with_room(*engine_, OverLimit::refused, [&] {
    KeyGuard guard(*engine_, key);
    Keyspace keyspace(*engine_, database, engine_->now_ms(), true);
    Found found = keyspace.find_for_write(key);
    if (found && found->type() != ValueType::string) return Status::wrong_type;
    const size_t before = found ? found->string_size() : 0;
    const size_t largest = engine_->largest_string();
    if (tail.size() > largest || before + tail.size() > largest) return Status::invalid;
    const bool fresh = !found;
    char* to = keyspace.resize_string(key, found, before + tail.size());
    tail.copy(to + before, tail.size());
    if (fresh) report_new(*engine_, database, key);
    if (length != nullptr) *length = before + tail.size();
    const std::string_view effect[] = {"APPEND", bytes, tail};
    report_change(*engine_, database, key, ChangeClass::string, "append", effect);
    return Status::ok;
  });
}

Status Store::time_to_live(std::string_view bytes, std::optional<int64_t>* ttl_ms, int database) {
  if (CallbackGuard::active()) return Status::reentrant;
  if (!engine_->has_database(database)) return Status::invalid;
  const Key key = engine_->make_key(bytes);
  KeyGuard guard(*engine_, key);
  Keyspace keyspace(*engine_, database, engine_->now_ms(), false);
  const Found found = keyspace.peek(key);
  if (!found || found->due(keyspace.now_ms())) return Status::not_found;
  ttl_ms->reset();
  if (found->has_expiry()) *ttl_ms = found->expiry() - keyspace.now_ms();
  return Status::ok;
}

Status Store::expire(std::string_view bytes, std::optional<int64_t> ttl_ms, int database) {
  if (!engine_->has_database(database)) return Status::invalid;
  if (CallbackGuard::active()) return Status::reentrant;
  if (ttl_ms && *ttl_ms <= 0) return erase(bytes, database) ? Status::ok : Status::not_found;
  const Key key = engine_->make_key(bytes);
  return with_room(*engine_, OverLimit::allowed, [&] {
    KeyGuard guard(*engine_, key);
    Keyspace keyspace(*engine_, database, engine_->now_ms(), true);
    Found found = keyspace.find_for_write(key);
    if (!found) return Status::not_found;
    if (!ttl_ms && !found->has_expiry()) return Status::ok;
    int64_t expiry = kNoExpiry;
    if (ttl_ms && __builtin_add_overflow(keyspace.now_ms(), *ttl_ms, &expiry)) return Status::invalid;
    keyspace.set_expiry(key, found, expiry);
    DigitBuffer digits;
    const std::string_view at = ttl_ms ? write_digits(expiry, digits) : std::string_view{};
    const std::string_view effect[] = {ttl_ms ? "PEXPIREAT" : "PERSIST", bytes, at};
    report_change(*engine_, database, key, ChangeClass::generic, ttl_ms ? "expire" : "persist",
                  {effect, ttl_ms ? size_t{3} : size_t{2}});
    return Status::ok;
  });
}

uint64_t Store::size(int database) const noexcept {
  return engine_->has_database(database) ? engine_->size(database) : 0;
}

void Store::clear() noexcept {
  if (CallbackGuard::active()) return;
  const StoreGuard guard(*engine_);
  for (int database = 0; database < databases(); ++database) {
    if (engine_->flush(database, false) == 0) continue;
    const std::string_view effect[] = {"FLUSHDB"};
    engine_->report(engine_->shard(0), {database, {}, ChangeClass::generic, "flushdb", effect});
  }
}

void Store::execute(Session& session, Args args, Reply& reply) noexcept {
  engine_->execute(session, args, reply);
}

void Store::resolve(Args args, Invocation& invocation, const Invocation* previous) const {
  engine_->resolve(args, invocation, previous);
}

void Store::prefetch(const Session& session, std::span<const Invocation* const> batch) const noexcept {
  engine_->prefetch(session.database(), batch);
}

void Store::run(Session& session, const Invocation& invocation, Reply& reply) noexcept {
  engine_->run(session, invocation, reply);
}

size_t Store::try_run(Session& session, const Invocation& invocation, Reply& reply) noexcept {
  return engine_->try_run(session, invocation, reply);
}

const CommandTable& Store::commands() const noexcept {
  return *engine_->options().commands;
}
bool Store::maintain(int64_t budget_us) noexcept {
  return !CallbackGuard::active() && engine_->maintain(budget_us);
}
bool Store::enforce_limit(int64_t budget_us) noexcept {
  return !CallbackGuard::active() && engine_->enforce_limit(budget_us);
}
RoomFor Store::room_for(size_t bytes) const noexcept {
  return engine_->room_for(bytes);
}
bool Store::make_room(size_t bytes, int64_t budget_us) noexcept {
  return !CallbackGuard::active() && engine_->make_room_for(bytes, budget_us);
}
bool Store::give_back(const zm::Refusal& refusal, Reclaimed& so_far) noexcept {
  return !CallbackGuard::active() && engine_->reclaim(refusal, so_far);
}
bool Store::compact(int64_t budget_us) noexcept {
  return !CallbackGuard::active() &&
         engine_->compactor().run(budget_us, Compactor::Effort::fine) == Compactor::Outcome::worked;
}
CompactionStatistics Store::compaction_statistics() const noexcept {
  return engine_->compactor().statistics();
}
Tuning Store::tuning() const noexcept {
  return engine_->tuning();
}
void Store::tune(const Tuning& tuning) noexcept {
  engine_->tune(tuning);
}

void Store::freeze(bool on) noexcept {
  engine_->freeze(on);
}
size_t Store::memory_used() const noexcept {
  return engine_->memory_used();
}
size_t Store::memory_limit() const noexcept {
  return engine_->tuning().memory_limit;
}

bool Store::over_limit() const noexcept {
  return engine_->over_limit();
}

StoreStatistics Store::statistics() const noexcept {
  return engine_->statistics();
}
void Store::reset_statistics() noexcept {
  if (!CallbackGuard::active()) engine_->reset_statistics();
}
DatabaseStatistics Store::database_statistics(int database) const noexcept {
  if (CallbackGuard::active() || !engine_->has_database(database)) return {};
  return engine_->database_statistics(database);
}
int Store::databases() const noexcept {
  return static_cast<int>(engine_->options().databases);
}
const Options& Store::options() const noexcept {
  return engine_->options();
}

}  // namespace plimsoll
