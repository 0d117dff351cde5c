#include <plimsoll/text/numbers.h>
// What clients say to a member of a cluster or to a master, answered by a server that is alone.

#include "admin/families.h"
#include "admin/replies.h"
#include "admin/text.h"

namespace plimsoll::server {

namespace {

void no_cluster(Call& call) {
  call.reply().error(kClusterDisabled);
}

// There are no replicas, so none has seen anything, however long one waits.
void wait(Call& call) {
  int64_t replicas = 0, timeout_ms = 0;
  if (!parse_integer(call.arg(1), replicas)) return call.reply().error(kNotAnInteger);
  if (!parse_integer(call.arg(2), timeout_ms)) {
    return call.reply().error("ERR timeout is not an integer or out of range");
  }
  if (timeout_ms < 0) return call.reply().error("ERR timeout is negative");
  call.reply().integer(0);
}

constexpr uint32_t kAskFlags = kStale | kOwnLocks;
constexpr uint32_t kChangeFlags = kAskFlags | kAdmin | kNoAsyncLoading;
constexpr std::string_view kVarying = "nondeterministic_output";

constexpr CommandRow member_row(std::string_view name, int arity, uint32_t flags,
                                std::string_view syntax = {}, std::string_view tips = {},
                                std::string_view since = "3.0.0") {
  return {.name = name,
          .arity = arity,
          .flags = flags,
          .handler = no_cluster,
          .since = since,
          .group = "cluster",
          .complexity = "O(1)",
          .summary = "Refused: there is no cluster mode",
          .syntax = syntax,
          .tips = tips};
}

constexpr CommandRow deprecated_row(CommandRow row, const char* since, const char* replaced_by) {
  row.deprecated_since = since;
  row.replaced_by = replaced_by;
  return row;
}

constexpr CommandRow kSubcommands[] = {
    member_row("addslots", -3, kChangeFlags, "slot:integer..."),
    member_row("addslotsrange", -4, kChangeFlags, "(start-slot:integer end-slot:integer)...", {}, "7.0.0"),
    member_row("bumpepoch", 2, kChangeFlags, {}, kVarying),
    member_row("count-failure-reports", 3, kAskFlags | kAdmin, "node-id", kVarying),
    member_row("countkeysinslot", 3, kAskFlags, "slot:integer"),
    member_row("delslots", -3, kChangeFlags, "slot:integer..."),
    member_row("delslotsrange", -4, kChangeFlags, "(start-slot:integer end-slot:integer)...", {}, "7.0.0"),
    member_row("failover", -2, kChangeFlags, "[FORCE|TAKEOVER]:options"),
    member_row("flushslots", 2, kChangeFlags),
    member_row("forget", 3, kChangeFlags, "node-id"),
    member_row("getkeysinslot", 4, kAskFlags, "slot:integer count:integer", kVarying),
    member_row("help", 2, kAskFlags | kLoading, {}, {}, "5.0.0"),
    member_row("info", 2, kAskFlags, {}, kVarying),
    member_row("keyslot", 3, kAskFlags, "key"),
    member_row("links", 2, kAskFlags, {}, kVarying, "7.0.0"),
    member_row("meet", -4, kChangeFlags, "ip port:integer [cluster_bus_port:integer]"),
    member_row("myid", 2, kAskFlags),
    member_row("nodes", 2, kAskFlags, {}, kVarying),
    member_row("replicas", 3, kAskFlags | kAdmin, "node-id", kVarying, "5.0.0"),
    member_row("replicate", 3, kChangeFlags, "node-id"),
    member_row("reset", -2, kAskFlags | kAdmin | kNoscript, "[HARD|SOFT]:hard_soft"),
    member_row("saveconfig", 2, kChangeFlags),
    member_row("set-config-epoch", 3, kChangeFlags, "config-epoch:integer"),
    member_row("setslot", -4, kChangeFlags,
               "slot:integer (IMPORTING node-id|MIGRATING node-id|NODE node-id|STABLE):subcommand"),
    member_row("shards", 2, kAskFlags, {}, kVarying, "7.0.0"),
    deprecated_row(member_row("slaves", 3, kAskFlags | kAdmin, "node-id", kVarying), "5.0.0",
                   "`CLUSTER REPLICAS`"),
    deprecated_row(member_row("slots", 2, kAskFlags, {}, kVarying), "7.0.0", "`CLUSTER SHARDS`"),
};

constexpr uint32_t kFlags = kLoading | kStale | kFast | kOwnLocks;
constexpr std::string_view kRefusal = "Refused: there is no cluster mode";

constexpr CommandRow kRows[] = {
    {.name = "asking",
     .arity = 1,
     .flags = kFast | kOwnLocks,
     .acl = kAclConnection,
     .handler = no_cluster,
     .since = "3.0.0",
     .group = "cluster",
     .complexity = "O(1)",
     .summary = kRefusal},
    {.name = "cluster",
     .arity = -2,
     .since = "3.0.0",
     .group = "cluster",
     .complexity = "Depends on subcommand.",
     .summary = kRefusal,
     .subcommands = kSubcommands},
    {.name = "readonly",
     .arity = 1,
     .flags = kFlags,
     .acl = kAclConnection,
     .handler = no_cluster,
     .since = "3.0.0",
     .group = "cluster",
     .complexity = "O(1)",
     .summary = kRefusal},
    {.name = "readwrite",
     .arity = 1,
     .flags = kFlags,
     .acl = kAclConnection,
     .handler = no_cluster,
     .since = "3.0.0",
     .group = "cluster",
     .complexity = "O(1)",
     .summary = kRefusal},
    {.name = "wait",
     .arity = 3,
     .flags = kNoscript | kOwnLocks,
     .acl = kAclConnection,
     .handler = wait,
     .since = "3.0.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "How many replicas have seen this connection's writes: none",
     .syntax = "numreplicas timeout",
     .tips = "request_policy:all_shards response_policy:agg_min"},
};

}  // namespace

std::span<const CommandRow> cluster_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
