// What the store knows of a key's value: OBJECT, MEMORY USAGE, and the line of DEBUG OBJECT.

#include <cstdio>

#include "arguments.h"
#include "commands/families.h"
#include "commands/key_specs.h"
#include "keyspace.h"
#include "plimsoll/debug.h"
#include "plimsoll/help.h"

namespace plimsoll {
namespace {

// Redis puts an object and its short string in one block up to this length.
constexpr size_t kLongestEmbedded = 44;
// Redis shares the objects of small integers unless each needs its own eviction clock, and shows this count
// for them.
constexpr int64_t kSharedIntegers = 10000;
constexpr int64_t kSharedReferences = INT32_MAX;

std::string_view encoding_name(const Entry& entry) noexcept {
  if (entry.is_integer()) return "int";
  return entry.raw() || entry.string_size() > kLongestEmbedded ? "raw" : "embstr";
}

bool evicts_by_object(EvictionPolicy policy) noexcept {
  switch (policy) {
    case EvictionPolicy::allkeys_lru:
    case EvictionPolicy::allkeys_lfu:
    case EvictionPolicy::volatile_lru:
    case EvictionPolicy::volatile_lfu:
      return true;
    default:
      return false;
  }
}

int64_t references(const Engine& engine, const Entry& entry) noexcept {
  if (!entry.is_integer() || entry.integer() < 0 || entry.integer() >= kSharedIntegers) return 1;
  const Tuning tuning = engine.tuning();
  return tuning.memory_limit != 0 && evicts_by_object(tuning.policy) ? 1 : kSharedReferences;
}

// The key, not marked as used; answers null without it.
bool find_or_null(const Call& call, Keyspace& keyspace, Found& found) {
  found = keyspace.find_for_read(call.key());
  if (!found) call.reply().null();
  return static_cast<bool>(found);
}

Keyspace untouched(const Call& call) {
  return Keyspace(call.engine(), call.session().database(), call.now_ms(), false);
}

void object_encoding(Call& call) {
  Keyspace keyspace = untouched(call);
  Found found;
  if (find_or_null(call, keyspace, found)) call.reply().bulk(encoding_name(*found.entry));
}

void object_refcount(Call& call) {
  Keyspace keyspace = untouched(call);
  Found found;
  if (find_or_null(call, keyspace, found)) call.reply().integer(references(call.engine(), *found.entry));
}

void object_freq(Call& call) {
  Keyspace keyspace = untouched(call);
  Found found;
  if (!find_or_null(call, keyspace, found)) return;
  if (call.engine().lfu_policy()) return call.reply().integer(keyspace.frequency(found));
  call.reply().error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when "
      "switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

void object_idletime(Call& call) {
  Keyspace keyspace = untouched(call);
  Found found;
  if (!find_or_null(call, keyspace, found)) return;
  if (!call.engine().lfu_policy()) return call.reply().integer(keyspace.idle_seconds(found));
  call.reply().error(
      "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching "
      "between policies at runtime LRU and LFU data will take some time to adjust.");
}

void object_help(Call& call) {
  reply_help(call, {
                       "ENCODING <key>",
                       "    Return the kind of internal representation used in order to store the value",
                       "    associated with a <key>.",
                       "FREQ <key>",
                       "    Return the access frequency index of the <key>. The returned integer is",
                       "    proportional to the logarithm of the recent access frequency of the key.",
                       "IDLETIME <key>",
                       "    Return the idle time of the <key>, that is the approximated number of",
                       "    seconds elapsed since the last access to the key.",
                       "REFCOUNT <key>",
                       "    Return the number of references of the value associated with the specified",
                       "    <key>.",
                   });
}

// SAMPLES bounds how much of a collection Redis looks at; here sizes are known without looking.
void memory_usage(Call& call) {
  ArgumentReader arguments(call, 3);
  while (arguments.more()) {
    if (!arguments.accept("SAMPLES", 1) || arguments.integer() < 0) arguments.fail(errors::kSyntax);
  }
  if (arguments.failed()) return;
  Keyspace keyspace = untouched(call);
  const Found found = keyspace.peek(call.key());
  if (!found) return call.reply().null();
  call.reply().integer(static_cast<int64_t>(keyspace.memory_usage(found)));
}

// Bytes of an object's value in Redis's RDB format, without compression.
size_t serialized_size(const Entry& entry) noexcept {
  if (entry.is_integer()) {
    const int64_t value = entry.integer();
    if (value >= INT8_MIN && value <= INT8_MAX) return 2;
    if (value >= INT16_MIN && value <= INT16_MAX) return 3;
    if (value >= INT32_MIN && value <= INT32_MAX) return 5;
  }
  const size_t size = entry.string_size();
  const size_t length_bytes = size < 1 << 6 ? 1 : size < 1 << 14 ? 2 : size <= UINT32_MAX ? 5 : 9;
  return length_bytes + size;
}

constexpr std::string_view kVaries = "nondeterministic_output";

constexpr CommandRow kObjectRows[] = {
    {.name = "encoding",
     .arity = 3,
     .flags = kReadonly,
     .acl = kAclKeyspace,
     .keys = kInspectSecond,
     .handler = object_encoding,
     .since = "2.2.3",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "How the value of a key is represented",
     .syntax = "key",
     .tips = kVaries},
    {.name = "freq",
     .arity = 3,
     .flags = kReadonly,
     .acl = kAclKeyspace,
     .keys = kInspectSecond,
     .handler = object_freq,
     .since = "4.0.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "The logarithmic counter of a key's uses",
     .syntax = "key",
     .tips = kVaries},
    {.name = "help",
     .arity = 2,
     .flags = kLoading | kStale,
     .acl = kAclKeyspace,
     .handler = object_help,
     .since = "6.2.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "A short text about the subcommands"},
    {.name = "idletime",
     .arity = 3,
     .flags = kReadonly,
     .acl = kAclKeyspace,
     .keys = kInspectSecond,
     .handler = object_idletime,
     .since = "2.2.3",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "The seconds since a key was last used",
     .syntax = "key",
     .tips = kVaries},
    {.name = "refcount",
     .arity = 3,
     .flags = kReadonly,
     .acl = kAclKeyspace,
     .keys = kInspectSecond,
     .handler = object_refcount,
     .since = "2.2.3",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "How often the value of a key is referenced",
     .syntax = "key",
     .tips = kVaries},
};

constexpr CommandRow kMemoryRows[] = {
    {.name = "usage",
     .arity = -3,
     .flags = kReadonly,
     .keys = kInspectSecond,
     .handler = memory_usage,
     .since = "4.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "The bytes that a key and its value take",
     .syntax = "key [SAMPLES count:integer]"},
};

constexpr CommandRow kRows[] = {
    {.name = "object",
     .arity = -2,
     .since = "2.2.3",
     .group = "generic",
     .complexity = "Depends on subcommand.",
     .summary = "What is known of a key's value",
     .subcommands = kObjectRows},
    {.name = "memory",
     .arity = -2,
     .since = "4.0.0",
     .group = "server",
     .complexity = "Depends on subcommand.",
     .summary = "Where the memory goes",
     .subcommands = kMemoryRows},
};

}  // namespace

void debug_object(Call& call, std::string_view key_bytes) {
  Engine& engine = call.engine();
  const Key key = engine.make_key(key_bytes);
  const ShardGuard guard(engine, engine.shard_of(key.hash));
  Keyspace keyspace = untouched(call);
  const Found found = keyspace.peek(key);
  if (!found) return call.reply().error(errors::kNoSuchKey);
  const Entry& entry = *found.entry;
  const int64_t idle = engine.lfu_policy() ? 0 : keyspace.idle_seconds(found);
  constexpr int64_t kClockMask = (1 << 24) - 1;  // Redis shows 24 bits of a clock in seconds
  char line[200];
  const std::string_view encoding = encoding_name(entry);
  const int size = std::snprintf(
      line, sizeof line,
      "Value at:%p refcount:%lld encoding:%.*s serializedlength:%zu lru:%lld lru_seconds_idle:%lld",
      static_cast<const void*>(&entry), static_cast<long long>(references(engine, entry)),
      static_cast<int>(encoding.size()), encoding.data(), serialized_size(entry),
      static_cast<long long>((call.now_ms() / 1000 - idle) & kClockMask), static_cast<long long>(idle));
  call.reply().simple({line, static_cast<size_t>(size)});
}

std::span<const CommandRow> object_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
