// What clients say to a member of a cluster or to a master, answered by a server that is alone.

#include "admin/families.h"
#include "admin/replies.h"
#include "admin/text.h"

namespace plimsoll::server {

namespace {

void no_cluster(Call& call) { call.reply().error(kClusterDisabled); }

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

constexpr uint32_t kMemberFlags = kStale | kOwnLocks;
constexpr uint32_t kChangeFlags = kMemberFlags | kAdmin;

constexpr CommandRow member_row(std::string_view name, int arity, std::string_view syntax = {},
                                uint32_t flags = kMemberFlags, std::string_view since = "3.0.0") {
  return {.name = name, .arity = arity, .flags = flags, .handler = no_cluster, .since = since, .group = "cluster",
          .complexity = "O(1)", .summary = "Refused: there is no cluster mode", .syntax = syntax};
}

// Whose replies vary among servers.
constexpr CommandRow varying_row(CommandRow row) {
  row.tips = "nondeterministic_output";
  return row;
}

constexpr CommandRow kSubcommands[] = {
    member_row("countkeysinslot", 3, "slot:integer"),
    varying_row(member_row("getkeysinslot", 4, "slot:integer count")),
    member_row("help", 2, {}, kLoading | kMemberFlags, "5.0.0"),
    varying_row(member_row("info", 2)),
    member_row("keyslot", 3, "key:string"),
    varying_row(member_row("links", 2, {}, kMemberFlags, "7.0.0")),
    member_row("myid", 2),
    varying_row(member_row("nodes", 2)),
    varying_row(member_row("replicas", 3, "node-id", kChangeFlags, "5.0.0")),
    member_row("reset", -2, "[HARD|SOFT]:hard_soft", kChangeFlags | kNoscript),
    varying_row(member_row("shards", 2, {}, kMemberFlags, "7.0.0")),
    varying_row(member_row("slots", 2)),
};

constexpr uint32_t kFlags = kLoading | kStale | kFast | kOwnLocks;
constexpr std::string_view kRefusal = "Refused: there is no cluster mode";

constexpr CommandRow kRows[] = {
    {.name = "asking", .arity = 1, .flags = kFast | kOwnLocks, .acl = kAclConnection, .handler = no_cluster,
     .since = "3.0.0", .group = "cluster", .complexity = "O(1)", .summary = kRefusal},
    {.name = "cluster", .arity = -2, .since = "3.0.0", .group = "cluster", .complexity = "Depends on subcommand.",
     .summary = kRefusal, .subcommands = kSubcommands},
    {.name = "readonly", .arity = 1, .flags = kFlags, .acl = kAclConnection, .handler = no_cluster, .since = "3.0.0",
     .group = "cluster", .complexity = "O(1)", .summary = kRefusal},
    {.name = "readwrite", .arity = 1, .flags = kFlags, .acl = kAclConnection, .handler = no_cluster,
     .since = "3.0.0", .group = "cluster", .complexity = "O(1)", .summary = kRefusal},
    {.name = "wait", .arity = 3, .flags = kNoscript | kOwnLocks, .acl = kAclConnection, .handler = wait,
     .since = "3.0.0", .group = "generic", .complexity = "O(1)",
     .summary = "How many replicas have seen this connection's writes: none",
     .syntax = "numreplicas timeout", .tips = "request_policy:all_shards response_policy:agg_min"},
};

}  // namespace

std::span<const CommandRow> cluster_commands() noexcept { return kRows; }

}  // namespace plimsoll::server
