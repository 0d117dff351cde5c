// Whole databases: DBSIZE, FLUSHDB, FLUSHALL, SWAPDB.

#include "arguments.h"
#include "commands/families.h"
#include "engine.h"

namespace plimsoll {
namespace {

void dbsize(Call& call) {
  call.reply().integer(static_cast<int64_t>(call.engine().size(call.session().database())));
}

// ASYNC or SYNC, else what the settings say.
bool read_laziness(const Call& call, ArgumentReader& arguments) {
  const bool asynchronous = arguments.accept("ASYNC");
  const bool synchronous = !asynchronous && arguments.accept("SYNC");
  if (arguments.more()) arguments.fail(errors::kSyntax);
  return asynchronous || (!synchronous && call.engine().tuning().lazy_user_flush);
}

// For changes that are reported once but count for several, or that are none and count, as Redis counts them.
// REQUIRES: the command has locked the whole store.
void count_more_changes(const Call& call, uint64_t changes) noexcept {
  call.engine().shard(0).changes.add(static_cast<int64_t>(changes));
}

void flush(const Call& call, int first, int last) {
  ArgumentReader arguments(call, 1);
  const bool lazily = read_laziness(call, arguments);
  if (arguments.failed()) return;
  for (int database = first; database <= last; ++database) {
    const uint64_t keys = call.engine().flush(database, lazily);
    if (keys == 0) continue;
    call.changed_in(database, {}, ChangeClass::generic, "flushdb", {"FLUSHDB"});
    count_more_changes(call, keys - 1);
  }
  call.reply().ok();
}

void flushdb(Call& call) {
  const int database = call.session().database();
  flush(call, database, database);
}

void flushall(Call& call) {
  flush(call, 0, call.store().databases() - 1);
}

void swapdb(Call& call) {
  ArgumentReader arguments(call, 1);
  const int first = arguments.small_integer("ERR invalid first DB index");
  const int second = arguments.small_integer("ERR invalid second DB index");
  const int databases = call.store().databases();
  if (first < 0 || first >= databases || second < 0 || second >= databases) {
    arguments.fail(errors::kDatabaseOutOfRange);
  }
  if (arguments.failed()) return;
  if (first != second) {
    call.engine().swap_databases(first, second);
    call.changed_in(first, {}, ChangeClass::generic, "swapdb");
    call.also_in(second, {}, ChangeClass::generic, "swapdb");
  } else {
    count_more_changes(call, 1);
  }
  call.reply().ok();
}

constexpr std::string_view kEverywhere = "request_policy:all_shards response_policy:all_succeeded";

constexpr CommandRow kRows[] = {
    {.name = "dbsize",
     .arity = 1,
     .flags = kReadonly | kFast | kOwnLocks,
     .acl = kAclKeyspace,
     .handler = dbsize,
     .since = "1.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "The number of keys in the database",
     .tips = "request_policy:all_shards response_policy:agg_sum"},
    {.name = "flushdb",
     .arity = -1,
     .flags = kWrite | kWholeStore,
     .acl = kAclKeyspace | kAclDangerous,
     .handler = flushdb,
     .since = "1.0.0",
     .group = "server",
     .complexity = "O(N) where N is the number of keys in the database",
     .summary = "Deletes all keys of the database",
     .syntax = "[ASYNC|SYNC]:async",
     .tips = kEverywhere},
    {.name = "flushall",
     .arity = -1,
     .flags = kWrite | kWholeStore,
     .acl = kAclKeyspace | kAclDangerous,
     .handler = flushall,
     .since = "1.0.0",
     .group = "server",
     .complexity = "O(N) where N is the number of keys in all databases",
     .summary = "Deletes all keys of all databases",
     .syntax = "[ASYNC|SYNC]:async",
     .tips = kEverywhere},
    {.name = "swapdb",
     .arity = 3,
     .flags = kWrite | kFast | kWholeStore,
     .acl = kAclKeyspace | kAclDangerous,
     .handler = swapdb,
     .since = "4.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Exchanges the keys of two databases",
     .syntax = "index1:integer index2:integer"},
};

}  // namespace

std::span<const CommandRow> database_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
