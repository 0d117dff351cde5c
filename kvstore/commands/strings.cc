// GET, SET and their kin.

#include "commands/expiry_arguments.h"
#include "commands/families.h"
#include "commands/key_specs.h"
#include "commands/string_values.h"

namespace plimsoll {
namespace {

enum class Condition : uint8_t { always, if_absent, if_present };

bool holds(Condition condition, const Found& found) noexcept {
  return condition == Condition::always || (condition == Condition::if_present) == static_cast<bool>(found);
}

// The argument becomes the key's value.
void store(const Call& call, Keyspace& keyspace, Found& found, size_t argument, int64_t expiry) {
  const Key key = call.key();
  const bool fresh = !found;
  const StringSource value = string_argument(call, argument);
  keyspace.assign_string(key, found, value, expiry);
  report_set(call, key.bytes, value.bytes, expiry, fresh);
}

struct SetChoice {
  Condition condition = Condition::always;
  bool get = false;
  ExpiryChoice expiry;
};

SetChoice read_set_options(ArgumentReader& arguments) {
  SetChoice choice;
  while (arguments.more()) {
    if (choice.condition != Condition::if_present && arguments.accept("NX")) {
      choice.condition = Condition::if_absent;
    } else if (choice.condition != Condition::if_absent && arguments.accept("XX")) {
      choice.condition = Condition::if_present;
    } else if (arguments.accept("GET")) {
      choice.get = true;
    } else if (!choice.expiry.accept_amount(arguments) &&
               !choice.expiry.accept(arguments, "KEEPTTL", ExpiryOption::keep_ttl)) {
      arguments.fail(errors::kSyntax);
    }
  }
  return choice;
}

void set(Call& call) {
  ArgumentReader arguments(call, 3);
  const SetChoice choice = read_set_options(arguments);
  if (arguments.failed()) return;
  int64_t expiry = choice.expiry.option == ExpiryOption::keep_ttl ? kKeepExpiry : kNoExpiry;
  if (choice.expiry.has_amount() && !read_expiry(call, choice.expiry, expiry)) return;

  Keyspace keyspace(call);
  Found found = choice.get ? keyspace.find_for_read(call.key()) : keyspace.find_for_write(call.key());
  if (choice.get) {
    if (refuse_other_types(call, found)) return;
    reply_string_or_null(call.reply(), found);
  }
  const bool stored = holds(choice.condition, found);
  if (stored) store(call, keyspace, found, 2, expiry);
  if (choice.get) return;
  if (stored) {
    call.reply().ok();
  } else {
    call.reply().null();
  }
}

void setnx(Call& call) {
  Keyspace keyspace(call);
  Found found = keyspace.find_for_write(call.key());
  if (found) return call.reply().integer(0);
  store(call, keyspace, found, 2, kNoExpiry);
  call.reply().integer(1);
}

void set_with_expiry(Call& call, ExpiryOption unit) {
  int64_t expiry;
  if (!read_expiry(call, {unit, call.arg(2)}, expiry)) return;
  Keyspace keyspace(call);
  Found found = keyspace.find_for_write(call.key());
  store(call, keyspace, found, 3, expiry);
  call.reply().ok();
}

void setex(Call& call) {
  set_with_expiry(call, ExpiryOption::ex);
}

void psetex(Call& call) {
  set_with_expiry(call, ExpiryOption::px);
}

void get(Call& call) {
  Keyspace keyspace(call);
  const Found found = keyspace.find_for_read(call.key());
  if (refuse_other_types(call, found)) return;
  reply_string_or_null(call.reply(), found);
}

void getset(Call& call) {
  Keyspace keyspace(call);
  Found found = keyspace.find_for_read(call.key());
  if (refuse_other_types(call, found)) return;
  reply_string_or_null(call.reply(), found);
  store(call, keyspace, found, 2, kNoExpiry);
}

void report_del(const Call& call) {
  const std::string_view key = call.key().bytes;
  call.changed(key, ChangeClass::generic, "del", {"DEL", key});
}

void getdel(Call& call) {
  Keyspace keyspace(call);
  Found found = keyspace.find_for_read(call.key());
  if (refuse_other_types(call, found)) return;
  reply_string_or_null(call.reply(), found);
  if (!found) return;
  keyspace.erase(found);
  report_del(call);
}

void getex(Call& call) {
  ArgumentReader arguments(call, 2);
  ExpiryChoice choice;
  while (arguments.more()) {
    if (!choice.accept_amount(arguments) && !choice.accept(arguments, "PERSIST", ExpiryOption::persist)) {
      arguments.fail(errors::kSyntax);
    }
  }
  if (arguments.failed()) return;

  Keyspace keyspace(call);
  Found found = keyspace.find_for_read(call.key());
  if (!found) return call.reply().null();
  if (refuse_other_types(call, found)) return;
  int64_t expiry = kNoExpiry;
  if (choice.has_amount() && !read_expiry(call, choice, expiry)) return;
  reply_string(call.reply(), *found.entry);

  const std::string_view key = call.key().bytes;
  if (choice.has_amount()) {
    if (choice.is_absolute() && expiry <= call.now_ms() && !call.engine().options().passive) {
      keyspace.erase(found);
      return report_del(call);
    }
    keyspace.set_expiry(call.key(), found, expiry);
    const IntegerText time(expiry);
    call.changed(key, ChangeClass::generic, "expire", {"PEXPIREAT", key, time});
  } else if (choice.option == ExpiryOption::persist && found->has_expiry()) {
    keyspace.set_expiry(call.key(), found, kNoExpiry);
    call.changed(key, ChangeClass::generic, "persist", {"PERSIST", key});
  }
}

constexpr KeySpec kSetKey[] = {{.flags = kKeyRW | kKeyAccess | kKeyUpdate | kKeyVariableFlags,
                                .notes = "RW and ACCESS due to the optional `GET` argument"}};
constexpr KeySpec kGetexKey[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyUpdate, .notes = "RW and UPDATE because it changes the TTL"}};
constexpr KeySpec kGetdelKey[] = {{.flags = kKeyRW | kKeyAccess | kKeyDelete}};
constexpr KeySpec kSetnxKey[] = {{.flags = kKeyOW | kKeyInsert}};

constexpr CommandRow kRows[] = {
    {.name = "set",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .acl = kAclString,
     .keys = kSetKey,
     .handler = set,
     .since = "1.0.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Stores a string, whatever the key held before",
     .syntax = "key value [NX|XX]:condition [GET] [EX seconds:integer|PX milliseconds:integer|"
               "EXAT unix-time-seconds:unix-time|PXAT unix-time-milliseconds:unix-time|KEEPTTL]:expiration"},
    {.name = "get",
     .arity = 2,
     .flags = kReadonly | kFast,
     .acl = kAclString,
     .keys = kReadKey,
     .handler = get,
     .since = "1.0.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Reads a string",
     .syntax = "key"},
    {.name = "getdel",
     .arity = 2,
     .flags = kWrite | kFast,
     .acl = kAclString,
     .keys = kGetdelKey,
     .handler = getdel,
     .since = "6.2.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Reads a string and deletes its key",
     .syntax = "key"},
    {.name = "getex",
     .arity = -2,
     .flags = kWrite | kFast,
     .acl = kAclString,
     .keys = kGetexKey,
     .handler = getex,
     .since = "6.2.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Reads a string and may change when it expires",
     .syntax = "key [EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|"
               "PXAT unix-time-milliseconds:unix-time|PERSIST]:expiration"},
    {.name = "getset",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .acl = kAclString,
     .keys = kReadUpdateKey,
     .handler = getset,
     .since = "1.0.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Stores a string and answers the one it replaces",
     .syntax = "key value",
     .deprecated_since = "6.2.0",
     .replaced_by = "`SET` with the `!GET` argument"},
    {.name = "setnx",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .acl = kAclString,
     .keys = kSetnxKey,
     .handler = setnx,
     .since = "1.0.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Stores a string if the key does not exist",
     .syntax = "key value"},
    {.name = "setex",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .acl = kAclString,
     .keys = kOverwriteKey,
     .handler = setex,
     .since = "2.0.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Stores a string that expires after some seconds",
     .syntax = "key seconds:integer value"},
    {.name = "psetex",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .acl = kAclString,
     .keys = kOverwriteKey,
     .handler = psetex,
     .since = "2.6.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Stores a string that expires after some milliseconds",
     .syntax = "key milliseconds:integer value"},
};

}  // namespace

std::span<const CommandRow> string_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
