#include <plimsoll/text/numbers.h>
// Commands of Redis that ask for what this server has not: persistence, replication, cluster mode.

#include <plimsoll/call.h>
#include <plimsoll/text/ascii.h>

#include "commands.h"
#include "connection.h"
#include "resp_parser.h"
#include "server.h"

namespace plimsoll::server {

namespace {

void no_persistence(Call& call) {
  call.reply().error("ERR This server keeps its data in memory only: there is no persistence to disk");
}

void no_replication(Call& call) {
  call.reply().error("ERR This server does not replicate");
}

void replicaof(Call& call) {
  if (ascii_equal_nocase(call.arg(1), "no") && ascii_equal_nocase(call.arg(2), "one"))
    return call.reply().ok();
  no_replication(call);
}

// A time above zero. False: an error was answered.
bool parse_failover_timeout(Call& call, std::string_view value, int64_t& timeout_ms) {
  if (!parse_integer(value, timeout_ms)) {
    call.reply().error("ERR value is not an integer or out of range");
    return false;
  }
  if (timeout_ms > 0) return true;
  call.reply().error("ERR FAILOVER timeout must be greater than 0");
  return false;
}

// [TO host port [FORCE]] [TIMEOUT milliseconds], each once. False: an error was answered.
bool parse_failover(Call& call) {
  int64_t timeout_ms = 0, port = 0;
  bool has_host = false, force = false;
  for (size_t i = 1; i < call.argc(); ++i) {
    const size_t more = call.argc() - i - 1;
    if (more >= 1 && timeout_ms == 0 && ascii_equal_nocase(call.arg(i), "timeout")) {
      if (!parse_failover_timeout(call, call.arg(++i), timeout_ms)) return false;
    } else if (more >= 2 && !has_host && ascii_equal_nocase(call.arg(i), "to")) {
      if (!parse_integer(call.arg(i + 2), port)) {
        call.reply().error("ERR value is not an integer or out of range");
        return false;
      }
      has_host = true;
      i += 2;
    } else if (!force && ascii_equal_nocase(call.arg(i), "force")) {
      force = true;
    } else {
      call.reply().error("ERR syntax error");
      return false;
    }
  }
  return true;
}

void failover(Call& call) {
  if (call.argc() == 2 && ascii_equal_nocase(call.arg(1), "abort")) {
    return call.reply().error("ERR No failover in progress.");
  }
  if (parse_failover(call)) call.reply().error("ERR FAILOVER requires connected replicas.");
}

// Redis counts its start as the first save.
void lastsave(Call& call) {
  call.reply().integer(Connection::of(call.session()).server().start_ms() / 1000);
}

void role(Call& call) {
  call.reply().array(3);
  call.reply().bulk("master");
  call.reply().integer(0);
  call.reply().array(0);
}

constexpr uint32_t kAdminFlags = kAdmin | kNoscript;
constexpr std::string_view kReplicaOfSyntax = "(host port:integer|NO ONE)";

// clang-format off
constexpr CommandRow kRows[] = {
    {.name = "save",
     .arity = 1,
     .flags = kAdminFlags | kNoAsyncLoading | kNoMulti,
     .handler = no_persistence,
     .since = "1.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Refused: there is no persistence"},
    {.name = "bgsave",
     .arity = -1,
     .flags = kAdminFlags | kNoAsyncLoading,
     .handler = no_persistence,
     .since = "1.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Refused: there is no persistence",
     .syntax = "[SCHEDULE]"},
    {.name = "bgrewriteaof",
     .arity = 1,
     .flags = kAdminFlags | kNoAsyncLoading,
     .handler = no_persistence,
     .since = "1.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Refused: there is no persistence"},
    {.name = "lastsave",
     .arity = 1,
     .flags = kLoading | kStale | kFast,
     .acl = kAclAdmin | kAclDangerous,
     .handler = lastsave,
     .since = "1.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "When the server was started, as a Unix time",
     .tips = "nondeterministic_output"},
    {.name = "replicaof",
     .arity = 3,
     .flags = kAdminFlags | kStale | kNoAsyncLoading,
     .handler = replicaof,
     .since = "5.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Refused but for NO ONE: this server does not replicate",
     .syntax = kReplicaOfSyntax},
    {.name = "slaveof",
     .arity = 3,
     .flags = kAdminFlags | kStale | kNoAsyncLoading,
     .handler = replicaof,
     .since = "1.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Refused but for NO ONE: this server does not replicate",
     .syntax = kReplicaOfSyntax,
     .deprecated_since = "5.0.0",
     .replaced_by = "`REPLICAOF`"},
    {.name = "sync",
     .arity = 1,
     .flags = kAdminFlags | kNoAsyncLoading | kNoMulti,
     .handler = no_replication,
     .since = "1.0.0",
     .group = "server",
     .summary = "Refused: this server does not replicate"},
    {.name = "psync",
     .arity = -3,
     .flags = kAdminFlags | kNoAsyncLoading | kNoMulti,
     .handler = no_replication,
     .since = "2.8.0",
     .group = "server",
     .summary = "Refused: this server does not replicate",
     .syntax = "replicationid offset:integer"},
    {.name = "failover",
     .arity = -1,
     .flags = kAdminFlags | kStale,
     .handler = failover,
     .since = "6.2.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Refused: there are no replicas",
     .syntax = "[TO host port:integer [FORCE]] [ABORT] [TIMEOUT milliseconds:integer]"},
    {.name = "role",
     .arity = 1,
     .flags = kNoscript | kLoading | kStale | kFast,
     .acl = kAclAdmin | kAclDangerous,
     .handler = role,
     .since = "2.8.12",
     .group = "server",
     .complexity = "O(1)",
     .summary = "The part the server plays in replication"},
};
// clang-format on

}  // namespace

std::span<const CommandRow> missing_command_rows() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
