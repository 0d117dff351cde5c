// Strings as numbers: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT.

#include <cmath>

#include "commands/families.h"
#include "commands/key_specs.h"
#include "commands/string_values.h"

namespace plimsoll {
namespace {

// The value as an integer, 0 for a missing key. Otherwise answers the error, and false.
bool read_integer(const Call& call, const Found& found, int64_t& value) {
  value = 0;
  if (!found) return true;
  if (refuse_other_types(call, found)) return false;
  if (integer_value(*found.entry, value)) return true;
  call.reply().error(errors::kNotAnInteger);
  return false;
}

void add(const Call& call, int64_t amount) {
  const Key key = call.key();
  Keyspace keyspace(call);
  Found found = keyspace.find_for_write(key);
  int64_t value;
  if (!read_integer(call, found, value)) return;
  if (__builtin_add_overflow(value, amount, &value)) {
    return call.reply().error("ERR increment or decrement would overflow");
  }
  const bool fresh = !found;
  keyspace.assign_integer(key, found, value, kKeepExpiry);
  if (fresh) call.also(key.bytes, ChangeClass::created, "new");
  call.changed(key.bytes, ChangeClass::string, "incrby");
  call.reply().integer(value);
}

void incr(Call& call) {
  add(call, 1);
}

void decr(Call& call) {
  add(call, -1);
}

void incrby(Call& call) {
  ArgumentReader arguments(call, 2);
  const int64_t amount = arguments.integer();
  if (!arguments.failed()) add(call, amount);
}

void decrby(Call& call) {
  ArgumentReader arguments(call, 2);
  const int64_t amount = arguments.integer();
  if (amount == INT64_MIN) arguments.fail("ERR decrement would overflow");
  if (!arguments.failed()) add(call, -amount);
}

bool read_real(const Call& call, const Found& found, long double& value) {
  value = 0;
  if (!found) return true;
  if (refuse_other_types(call, found)) return false;
  if (found->is_integer()) {
    value = static_cast<long double>(found->integer());
    return true;
  }
  if (parse_long_double(found->bytes(), value)) return true;
  call.reply().error(errors::kNotAFloat);
  return false;
}

void incrbyfloat(Call& call) {
  const Key key = call.key();
  Keyspace keyspace(call);
  Found found = keyspace.find_for_write(key);
  long double value;
  if (!read_real(call, found, value)) return;
  ArgumentReader arguments(call, 2);
  value += arguments.real();
  if (arguments.failed()) return;
  if (!std::isfinite(value)) return call.reply().error("ERR increment would produce NaN or Infinity");

  char digits[kLongDoubleDigits];
  const std::string_view text(digits, format_long_double(value, digits));
  call.reply().bulk(text);
  const bool fresh = !found;
  keyspace.put(key, found, Entry::make_text(key.bytes, text, fresh ? kNoExpiry : found->expiry()));
  if (fresh) call.also(key.bytes, ChangeClass::created, "new");
  call.changed(key.bytes, ChangeClass::string, "incrbyfloat", {"SET", key.bytes, text, "KEEPTTL"});
}

constexpr uint32_t kCounterFlags = kWrite | kDenyOom | kFast;

constexpr CommandRow kRows[] = {
    {.name = "incr",
     .arity = 2,
     .flags = kCounterFlags,
     .acl = kAclString,
     .keys = kReadUpdateKey,
     .handler = incr,
     .since = "1.0.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Adds 1 to an integer; a missing key counts as 0",
     .syntax = "key"},
    {.name = "decr",
     .arity = 2,
     .flags = kCounterFlags,
     .acl = kAclString,
     .keys = kReadUpdateKey,
     .handler = decr,
     .since = "1.0.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Takes 1 from an integer; a missing key counts as 0",
     .syntax = "key"},
    {.name = "incrby",
     .arity = 3,
     .flags = kCounterFlags,
     .acl = kAclString,
     .keys = kReadUpdateKey,
     .handler = incrby,
     .since = "1.0.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Adds to an integer; a missing key counts as 0",
     .syntax = "key increment:integer"},
    {.name = "decrby",
     .arity = 3,
     .flags = kCounterFlags,
     .acl = kAclString,
     .keys = kReadUpdateKey,
     .handler = decrby,
     .since = "1.0.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Subtracts from an integer; a missing key counts as 0",
     .syntax = "key decrement:integer"},
    {.name = "incrbyfloat",
     .arity = 3,
     .flags = kCounterFlags,
     .acl = kAclString,
     .keys = kReadUpdateKey,
     .handler = incrbyfloat,
     .since = "2.6.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "Adds to a floating point number; a missing key counts as 0",
     .syntax = "key increment:double"},
};

}  // namespace

std::span<const CommandRow> counter_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
