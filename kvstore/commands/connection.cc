// What a session may ask without a connection: ECHO, PING, SELECT, TIME.

#include "arguments.h"
#include "commands/families.h"
#include "engine.h"

namespace plimsoll {
namespace {

void echo(Call& call) {
  call.reply().bulk(call.arg(1));
}

void ping(Call& call) {
  if (call.argc() > 2) return call.reply().error("ERR wrong number of arguments for 'ping' command");
  if (call.argc() == 2) return call.reply().bulk(call.arg(1));
  call.reply().simple("PONG");
}

void select(Call& call) {
  ArgumentReader arguments(call, 1);
  const int database = arguments.database();
  if (arguments.failed()) return;
  call.session().select(database);
  call.reply().ok();
}

void time(Call& call) {
  const int64_t now_us = call.engine().options().clock->now_us();
  call.reply().array(2);
  call.reply().bulk_integer(now_us / 1000000);
  call.reply().bulk_integer(now_us % 1000000);
}

constexpr CommandRow kRows[] = {
    {.name = "echo",
     .arity = 2,
     .flags = kLoading | kStale | kFast,
     .acl = kAclConnection,
     .handler = echo,
     .since = "1.0.0",
     .group = "connection",
     .complexity = "O(1)",
     .summary = "Answers its argument",
     .syntax = "message"},
    {.name = "ping",
     .arity = -1,
     .flags = kFast,
     .acl = kAclConnection,
     .handler = ping,
     .since = "1.0.0",
     .group = "connection",
     .complexity = "O(1)",
     .summary = "Answers PONG or its argument",
     .syntax = "[message]",
     .tips = "request_policy:all_shards response_policy:all_succeeded"},
    {.name = "select",
     .arity = 2,
     .flags = kLoading | kStale | kFast,
     .acl = kAclConnection,
     .handler = select,
     .since = "1.0.0",
     .group = "connection",
     .complexity = "O(1)",
     .summary = "Chooses the database of the commands that follow",
     .syntax = "index:integer"},
    {.name = "time",
     .arity = 1,
     .flags = kLoading | kStale | kFast,
     .handler = time,
     .since = "2.6.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "The time in Unix seconds and microseconds",
     .tips = "nondeterministic_output"},
};

}  // namespace

std::span<const CommandRow> connection_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
