// Keys, whatever they hold: DEL, UNLINK, EXISTS, TOUCH, TYPE, RENAME, RENAMENX, COPY, MOVE.

#include "keyspace.h"

#include "arguments.h"
#include "commands/families.h"
#include "commands/key_specs.h"

namespace plimsoll {
namespace {

// Looks keys up without marking them as used.
Keyspace untouched(const Call& call) {
  return Keyspace(call.engine(), call.session().database(), call.now_ms(), false);
}

void delete_all(const Call& call, bool lazily) {
  Keyspace keyspace(call);
  int64_t deleted = 0;
  for (size_t i = 0; i < call.key_count(); ++i) {
    call.prefetch_ahead(i);
    const Key key = call.key(i);
    Found found = keyspace.peek(key);
    if (!found) continue;
    keyspace.erase(found);
    call.changed(key.bytes, ChangeClass::generic, "del", {lazily ? "UNLINK" : "DEL", key.bytes});
    ++deleted;
  }
  call.reply().integer(deleted);
}

void del(Call& call) {
  delete_all(call, call.engine().tuning().lazy_user_del);
}

void unlink(Call& call) {
  delete_all(call, true);
}

void count_existing(const Call& call, Keyspace keyspace) {
  int64_t count = 0;
  for (size_t i = 0; i < call.key_count(); ++i) {
    call.prefetch_ahead(i);
    count += static_cast<bool>(keyspace.find_for_read(call.key(i)));
  }
  call.reply().integer(count);
}

void exists(Call& call) {
  count_existing(call, untouched(call));
}

// Marks keys as used even for a session that otherwise leaves them alone.
void touch(Call& call) {
  count_existing(call, Keyspace(call.engine(), call.session().database(), call.now_ms(), true));
}

void type(Call& call) {
  const Found found = untouched(call).find_for_read(call.key());
  call.reply().simple(found ? type_name(found->type()) : "none");
}

enum class Renamed : uint8_t { done, taken, failed };  // failed: the error is answered

Renamed rename_to(const Call& call, bool replace) {
  Keyspace keyspace(call);
  const Key from = call.key(0), to = call.key(1);
  Found source = keyspace.find_for_write(from);
  if (!source) {
    call.reply().error(errors::kNoSuchKey);
    return Renamed::failed;
  }
  if (from.bytes == to.bytes) return replace ? Renamed::done : Renamed::taken;
  Found target = keyspace.find_for_write(to);
  if (target && !replace) return Renamed::taken;
  keyspace.move_to(from, source, keyspace, to, target);
  call.also(to.bytes, ChangeClass::created, "new");
  call.changed(from.bytes, ChangeClass::generic, "rename_from", {"RENAME", from.bytes, to.bytes});
  call.also(to.bytes, ChangeClass::generic, "rename_to");
  return Renamed::done;
}

void rename(Call& call) {
  if (rename_to(call, true) == Renamed::done) call.reply().ok();
}

void renamenx(Call& call) {
  const Renamed renamed = rename_to(call, false);
  if (renamed != Renamed::failed) call.reply().integer(renamed == Renamed::done);
}

struct CopyOptions {
  int database;
  bool replace = false;
};

CopyOptions read_copy_options(const Call& call, ArgumentReader& arguments) {
  CopyOptions options{call.session().database()};
  while (arguments.more()) {
    if (arguments.accept("REPLACE")) {
      options.replace = true;
    } else if (arguments.accept("DB", 1)) {
      options.database = arguments.database();
    } else {
      arguments.fail(errors::kSyntax);
    }
  }
  return options;
}

void copy(Call& call) {
  ArgumentReader arguments(call, 3);
  const CopyOptions options = read_copy_options(call, arguments);
  const Key from = call.key(0), to = call.key(1);
  if (options.database == call.session().database() && from.bytes == to.bytes)
    arguments.fail(errors::kSameObject);
  if (arguments.failed()) return;

  Keyspace source_keys(call);
  Keyspace target_keys(call, options.database);
  const Found source = source_keys.find_for_read(from);
  if (!source) return call.reply().integer(0);
  Found target = target_keys.find_for_write(to);
  if (target && !options.replace) return call.reply().integer(0);
  target_keys.put(to, target, Entry::copy(*source.entry, to.bytes, source->expiry()));
  call.also_in(options.database, to.bytes, ChangeClass::created, "new");
  call.changed_in(options.database, to.bytes, ChangeClass::generic, "copy_to");
  call.reply().integer(1);
}

void move(Call& call) {
  ArgumentReader arguments(call, 2);
  const int database = arguments.database();
  const int here = call.session().database();
  if (database == here) arguments.fail(errors::kSameObject);
  if (arguments.failed()) return;

  const Key key = call.key();
  Keyspace from(call);
  Keyspace to(call, database);
  Found source = from.find_for_write(key);
  if (!source) return call.reply().integer(0);
  Found target = to.find_for_write(key);
  if (target) return call.reply().integer(0);
  from.move_to(key, source, to, key, target);
  call.also_in(database, key.bytes, ChangeClass::created, "new");
  call.changed(key.bytes, ChangeClass::generic, "move_from");
  call.also_in(database, key.bytes, ChangeClass::generic, "move_to");
  call.reply().integer(1);
}

constexpr KeySpec kDeleteKeys[] = {{.flags = kKeyRM | kKeyDelete, .last = -1}};
constexpr KeySpec kRenameKeys[] = {{.flags = kKeyRW | kKeyAccess | kKeyDelete},
                                   {.flags = kKeyOW | kKeyUpdate, .index = 2}};
constexpr KeySpec kRenamenxKeys[] = {{.flags = kKeyRW | kKeyAccess | kKeyDelete},
                                     {.flags = kKeyOW | kKeyInsert, .index = 2}};
constexpr KeySpec kCopyKeys[] = {{.flags = kKeyRO | kKeyAccess}, {.flags = kKeyOW | kKeyUpdate, .index = 2}};

constexpr std::string_view kByKeys = "O(N) where N is the number of keys";
constexpr std::string_view kSummed = "request_policy:multi_shard response_policy:agg_sum";

constexpr CommandRow kRows[] = {
    {.name = "del",
     .arity = -2,
     .flags = kWrite,
     .acl = kAclKeyspace,
     .keys = kDeleteKeys,
     .handler = del,
     .since = "1.0.0",
     .group = "generic",
     .complexity = "O(N) where N is the number of keys and of elements they hold",
     .summary = "Deletes keys",
     .syntax = "key [key ...]",
     .tips = kSummed},
    {.name = "unlink",
     .arity = -2,
     .flags = kWrite | kFast,
     .acl = kAclKeyspace,
     .keys = kDeleteKeys,
     .handler = unlink,
     .since = "4.0.0",
     .group = "generic",
     .complexity = kByKeys,
     .summary = "Deletes keys; the memory of large values is freed later",
     .syntax = "key [key ...]",
     .tips = kSummed},
    {.name = "exists",
     .arity = -2,
     .flags = kReadonly | kFast,
     .acl = kAclKeyspace,
     .keys = kInspectKeys,
     .handler = exists,
     .since = "1.0.0",
     .group = "generic",
     .complexity = kByKeys,
     .summary = "Counts which of the keys exist",
     .syntax = "key [key ...]",
     .tips = kSummed},
    {.name = "touch",
     .arity = -2,
     .flags = kReadonly | kFast,
     .acl = kAclKeyspace,
     .keys = kInspectKeys,
     .handler = touch,
     .since = "3.2.1",
     .group = "generic",
     .complexity = kByKeys,
     .summary = "Marks keys as just used and counts which exist",
     .syntax = "key [key ...]",
     .tips = kSummed},
    {.name = "type",
     .arity = 2,
     .flags = kReadonly | kFast,
     .acl = kAclKeyspace,
     .keys = kInspectKey,
     .handler = type,
     .since = "1.0.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "The type of the value a key holds",
     .syntax = "key"},
    {.name = "rename",
     .arity = 3,
     .flags = kWrite,
     .acl = kAclKeyspace,
     .keys = kRenameKeys,
     .handler = rename,
     .since = "1.0.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "Gives a key another name, in place of a key of that name",
     .syntax = "key newkey:key"},
    {.name = "renamenx",
     .arity = 3,
     .flags = kWrite | kFast,
     .acl = kAclKeyspace,
     .keys = kRenamenxKeys,
     .handler = renamenx,
     .since = "1.0.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "Gives a key another name if that is free",
     .syntax = "key newkey:key"},
    {.name = "copy",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .acl = kAclKeyspace,
     .keys = kCopyKeys,
     .handler = copy,
     .since = "6.2.0",
     .group = "generic",
     .complexity = "O(1) for strings, O(N) for collections of N elements",
     .summary = "Copies a value to another key",
     .syntax = "source:key destination:key [DB destination-db:integer] [REPLACE]"},
    {.name = "move",
     .arity = 3,
     .flags = kWrite | kFast,
     .acl = kAclKeyspace,
     .keys = kReadUpdateKey,
     .handler = move,
     .since = "1.0.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "Moves a key to another database",
     .syntax = "key db:integer"},
};

}  // namespace

std::span<const CommandRow> keyspace_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
