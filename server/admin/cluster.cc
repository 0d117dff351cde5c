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

constexpr uint32_t kFlags = kLoading | kStale | kFast | kOwnLocks;
constexpr std::string_view kRefusal = "Refused: there is no cluster mode";

constexpr CommandRow kRows[] = {
    {.name = "asking", .arity = 1, .flags = kFast | kOwnLocks, .acl = kAclConnection, .handler = no_cluster,
     .since = "3.0.0", .group = "cluster", .complexity = "O(1)", .summary = kRefusal},
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
