// When keys expire: EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, TTL, PTTL, EXPIRETIME, PEXPIRETIME, PERSIST.

#include "arguments.h"
#include "commands/expiry_arguments.h"
#include "commands/families.h"
#include "commands/key_specs.h"
#include "keyspace.h"

namespace plimsoll {
namespace {

struct ExpiryConditions {
  bool if_none = false, if_some = false, if_later = false, if_earlier = false;  // NX, XX, GT, LT

  // A key without an expiry lives forever: later than any.
  bool hold(int64_t current, int64_t wanted) const noexcept {
    const bool none = current == kNoExpiry;
    return !(if_none && !none) && !(if_some && none) && !(if_later && (none || wanted <= current)) &&
           !(if_earlier && !none && wanted >= current);
  }
};

ExpiryConditions read_conditions(ArgumentReader& arguments) {
  ExpiryConditions conditions;
  while (arguments.more()) {
    if (arguments.accept("NX")) {
      conditions.if_none = true;
    } else if (arguments.accept("XX")) {
      conditions.if_some = true;
    } else if (arguments.accept("GT")) {
      conditions.if_later = true;
    } else if (arguments.accept("LT")) {
      conditions.if_earlier = true;
    } else {
      arguments.fail({"ERR Unsupported option ", arguments.text()});
    }
  }
  if (conditions.if_none && (conditions.if_some || conditions.if_later || conditions.if_earlier)) {
    arguments.fail("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (conditions.if_later && conditions.if_earlier) {
    arguments.fail("ERR GT and LT options at the same time are not compatible");
  }
  return conditions;
}

void apply_expiry(const Call& call, Keyspace& keyspace, Found& found, int64_t expiry) {
  const Key key = call.key();
  if (expiry <= call.now_ms() && !call.engine().options().passive) {
    keyspace.erase(found);
    return call.changed(key.bytes, ChangeClass::generic, "del", {"DEL", key.bytes});
  }
  // A passive store keeps what is long due until it is told to delete it; the value that means "none" is not
  // one of the times.
  if (expiry < 0) expiry = 0;
  keyspace.set_expiry(key, found, expiry);
  const IntegerText time(expiry);
  call.changed(key.bytes, ChangeClass::generic, "expire", {"PEXPIREAT", key.bytes, time});
}

void expire_after(const Call& call, int64_t base, int64_t unit) {
  ArgumentReader options(call, 3);
  const ExpiryConditions conditions = read_conditions(options);
  if (options.failed()) return;
  ArgumentReader arguments(call, 2);
  int64_t expiry = arguments.integer();
  if (arguments.failed()) return;
  if (__builtin_mul_overflow(expiry, unit, &expiry) || __builtin_add_overflow(expiry, base, &expiry)) {
    return refuse_expiry(call);
  }
  Keyspace keyspace(call);
  Found found = keyspace.find_for_write(call.key());
  if (!found || !conditions.hold(found->expiry(), expiry)) return call.reply().integer(0);
  apply_expiry(call, keyspace, found, expiry);
  call.reply().integer(1);
}

void expire(Call& call) {
  expire_after(call, call.now_ms(), 1000);
}
void pexpire(Call& call) {
  expire_after(call, call.now_ms(), 1);
}
void expireat(Call& call) {
  expire_after(call, 0, 1000);
}
void pexpireat(Call& call) {
  expire_after(call, 0, 1);
}

constexpr int64_t kNoKey = -2;

// -2 without the key, -1 without an expiry, else Unix ms.
int64_t expiry_of_key(const Call& call) {
  Keyspace keyspace(call.engine(), call.session().database(), call.now_ms(), false);
  const Found found = keyspace.find_for_read(call.key());
  return found ? found->expiry() : kNoKey;
}

int64_t to_seconds(int64_t ms) noexcept {
  return ms / 1000 + (ms % 1000 >= 500);
}

void reply_remaining(const Call& call, bool seconds) {
  int64_t left = expiry_of_key(call);
  if (left < 0) return call.reply().integer(left);
  left = left > call.now_ms() ? left - call.now_ms() : 0;
  call.reply().integer(seconds ? to_seconds(left) : left);
}

void ttl(Call& call) {
  reply_remaining(call, true);
}
void pttl(Call& call) {
  reply_remaining(call, false);
}

void expiretime(Call& call) {
  const int64_t expiry = expiry_of_key(call);
  call.reply().integer(expiry < 0 ? expiry : to_seconds(expiry));
}

void pexpiretime(Call& call) {
  call.reply().integer(expiry_of_key(call));
}

void persist(Call& call) {
  const Key key = call.key();
  Keyspace keyspace(call);
  Found found = keyspace.find_for_write(key);
  if (!found || !found->has_expiry()) return call.reply().integer(0);
  keyspace.set_expiry(key, found, kNoExpiry);
  call.changed(key.bytes, ChangeClass::generic, "persist", {"PERSIST", key.bytes});
  call.reply().integer(1);
}

constexpr uint32_t kWriteFast = kWrite | kFast;
constexpr uint32_t kReadFast = kReadonly | kFast;

constexpr CommandRow kRows[] = {
    {.name = "expire",
     .arity = -3,
     .flags = kWriteFast,
     .acl = kAclKeyspace,
     .keys = kUpdateKey,
     .handler = expire,
     .since = "1.0.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "Lets a key expire after some seconds",
     .syntax = "key seconds:integer [NX|XX|GT|LT]:condition"},
    {.name = "pexpire",
     .arity = -3,
     .flags = kWriteFast,
     .acl = kAclKeyspace,
     .keys = kUpdateKey,
     .handler = pexpire,
     .since = "2.6.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "Lets a key expire after some milliseconds",
     .syntax = "key milliseconds:integer [NX|XX|GT|LT]:condition"},
    {.name = "expireat",
     .arity = -3,
     .flags = kWriteFast,
     .acl = kAclKeyspace,
     .keys = kUpdateKey,
     .handler = expireat,
     .since = "1.2.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "Lets a key expire at a time given in Unix seconds",
     .syntax = "key unix-time-seconds:unix-time [NX|XX|GT|LT]:condition"},
    {.name = "pexpireat",
     .arity = -3,
     .flags = kWriteFast,
     .acl = kAclKeyspace,
     .keys = kUpdateKey,
     .handler = pexpireat,
     .since = "2.6.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "Lets a key expire at a time given in Unix milliseconds",
     .syntax = "key unix-time-milliseconds:unix-time [NX|XX|GT|LT]:condition"},
    {.name = "ttl",
     .arity = 2,
     .flags = kReadFast,
     .acl = kAclKeyspace,
     .keys = kReadKey,
     .handler = ttl,
     .since = "1.0.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "The seconds until a key expires",
     .syntax = "key",
     .tips = "nondeterministic_output"},
    {.name = "pttl",
     .arity = 2,
     .flags = kReadFast,
     .acl = kAclKeyspace,
     .keys = kReadKey,
     .handler = pttl,
     .since = "2.6.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "The milliseconds until a key expires",
     .syntax = "key",
     .tips = "nondeterministic_output"},
    {.name = "expiretime",
     .arity = 2,
     .flags = kReadFast,
     .acl = kAclKeyspace,
     .keys = kReadKey,
     .handler = expiretime,
     .since = "7.0.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "When a key expires, in Unix seconds",
     .syntax = "key"},
    {.name = "pexpiretime",
     .arity = 2,
     .flags = kReadFast,
     .acl = kAclKeyspace,
     .keys = kReadKey,
     .handler = pexpiretime,
     .since = "7.0.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "When a key expires, in Unix milliseconds",
     .syntax = "key"},
    {.name = "persist",
     .arity = 2,
     .flags = kWriteFast,
     .acl = kAclKeyspace,
     .keys = kUpdateKey,
     .handler = persist,
     .since = "2.2.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "Lets a key that would expire stay",
     .syntax = "key"},
};

}  // namespace

std::span<const CommandRow> expiry_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
