#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>

#include "admin/client_kill.h"
#include "admin/client_list.h"
#include "admin/client_settings.h"
#include "admin/client_tracking.h"
#include "admin/extension.h"
#include "admin/families.h"
#include "admin/replies.h"
#include "unix_time.h"

namespace plimsoll::server {

namespace {

void client_id(Call& call) {
  call.reply().integer(static_cast<int64_t>(caller(call).id()));
}

void client_info(Call& call) {
  Text line;
  append_client_line(line, caller(call), unix_ms());
  call.reply().verbatim(line, "txt");
}

// Lines of the clients with these ids, in their order; ids of nobody are left out.
void list_by_id(Call& call) {
  zm::vector<int64_t, zm::Tag::server> ids(call.argc() - 3);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!parse_integer(call.arg(i + 3), ids[i])) return call.reply().error("ERR Invalid client ID");
  }
  const int64_t now_ms = unix_ms();
  Text text;
  for (const int64_t id : ids) {
    server_of(call).with_connection(static_cast<uint64_t>(id), [&](const Connection& connection) {
      append_client_line(text, connection, now_ms);
    });
  }
  call.reply().verbatim(text, "txt");
}

void client_list(Call& call) {
  if (call.argc() > 3 && ascii_equal_nocase(call.arg(2), "id")) return list_by_id(call);
  std::optional<ClientType> type = ClientType::normal;
  if (call.argc() == 4 && ascii_equal_nocase(call.arg(2), "type")) {
    type = client_type_from_name(call.arg(3));
    if (!type) return reply_error(call, {"ERR Unknown client type '", call.arg(3), "'"});
  } else if (call.argc() != 2) {
    return call.reply().error(kSyntaxError);
  }
  call.reply().verbatim(*type == ClientType::normal ? all_client_lines(server_of(call)) : Text(), "txt");
}

void client_pause(Call& call) {
  if (call.argc() > 4) return reply_subcommand_syntax_error(call);
  PauseMode mode = PauseMode::all;
  if (call.argc() == 4) {
    if (ascii_equal_nocase(call.arg(3), "write")) {
      mode = PauseMode::write;
    } else if (!ascii_equal_nocase(call.arg(3), "all")) {
      return call.reply().error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  int64_t timeout_ms = 0;
  if (!parse_integer(call.arg(2), timeout_ms)) {
    return call.reply().error("ERR timeout is not an integer or out of range");
  }
  if (timeout_ms < 0) return call.reply().error("ERR timeout is negative");
  const int64_t now_ms = unix_ms();
  if (timeout_ms > INT64_MAX - now_ms) return call.reply().error("ERR timeout is out of range");
  server_of(call).pause_clients(mode, now_ms + timeout_ms);
  call.reply().ok();
}

void client_unpause(Call& call) {
  server_of(call).unpause_clients();
  call.reply().ok();
}

// No command waits for a key, so there is nobody to wake.
void client_unblock(Call& call) {
  if (call.argc() > 4) return reply_subcommand_syntax_error(call);
  if (call.argc() == 4 && !ascii_equal_nocase(call.arg(3), "timeout") &&
      !ascii_equal_nocase(call.arg(3), "error")) {
    return call.reply().error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  int64_t id = 0;
  if (!parse_integer(call.arg(2), id)) return call.reply().error(kNotAnInteger);
  call.reply().integer(0);
}

void client_help(Call& call) {
  reply_help(call, {
                       "CACHING (YES|NO)",
                       "    Refused: there is no client-side caching.",
                       "GETREDIR",
                       "    The client that tracking is redirected to: -1, as there is no tracking.",
                       "GETNAME",
                       "    The name of this connection.",
                       "ID",
                       "    The id of this connection.",
                       "INFO",
                       "    What LIST shows, of this connection.",
                       "KILL <ip:port>",
                       "    Close the connection from <ip:port>.",
                       "KILL <option> <value> [<option> <value> [...]]",
                       "    Close the connections that all options fit:",
                       "    * ADDR (<ip:port>|<unixsocket>:0), LADDR (<ip:port>|<unixsocket>:0)",
                       "    * ID <client-id>",
                       "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
                       "    * USER <username>",
                       "    * SKIPME (YES|NO): spare the caller (default: yes).",
                       "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID <client-id> ...]",
                       "    A line on each connection.",
                       "NO-EVICT (ON|OFF)",
                       "    Whether maxmemory-clients spares this connection.",
                       "NO-TOUCH (ON|OFF)",
                       "    Whether this connection's reads leave the eviction state of keys alone.",
                       "PAUSE <timeout> [WRITE|ALL]",
                       "    Hold back writes, or all commands, for <timeout> milliseconds.",
                       "REPLY (ON|OFF|SKIP)",
                       "    Whether commands of this connection are answered.",
                       "SETINFO (LIB-NAME|LIB-VER) <value>",
                       "    Say which client library this connection uses.",
                       "SETNAME <name>",
                       "    Name this connection.",
                       "TRACKING (ON|OFF) ...",
                       "    ON is refused: there is no client-side caching.",
                       "TRACKINGINFO",
                       "    The state of tracking: off.",
                       "UNBLOCK <clientid> [TIMEOUT|ERROR]",
                       "    Wake a client that waits for a key.",
                       "UNPAUSE",
                       "    End a pause.",
                   });
}

constexpr uint32_t kOwn = kNoscript | kLoading | kStale | kOwnLocks;
constexpr uint32_t kOthers = kOwn | kAdmin;
constexpr std::string_view kOne = "O(1)";
constexpr std::string_view kAll = "O(N) where N is the number of connections";
constexpr std::string_view kVaries = "nondeterministic_output";

constexpr CommandRow kSubcommands[] = {
    {.name = "caching",
     .arity = 3,
     .flags = kOwn,
     .acl = kAclConnection,
     .handler = client_caching,
     .since = "6.0.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "Refused: there is no client-side caching",
     .syntax = "YES|NO"},
    {.name = "getname",
     .arity = 2,
     .flags = kOwn,
     .acl = kAclConnection,
     .handler = client_getname,
     .since = "2.6.9",
     .group = "connection",
     .complexity = kOne,
     .summary = "The name of the connection"},
    {.name = "getredir",
     .arity = 2,
     .flags = kOwn,
     .acl = kAclConnection,
     .handler = client_getredir,
     .since = "6.0.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "The client tracking is redirected to"},
    {.name = "help",
     .arity = 2,
     .flags = kLoading | kStale | kOwnLocks,
     .acl = kAclConnection,
     .handler = client_help,
     .since = "5.0.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "A short text about the subcommands"},
    {.name = "id",
     .arity = 2,
     .flags = kOwn,
     .acl = kAclConnection,
     .handler = client_id,
     .since = "5.0.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "The id of the connection"},
    {.name = "info",
     .arity = 2,
     .flags = kOwn,
     .acl = kAclConnection,
     .handler = client_info,
     .since = "6.2.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "A line on the connection",
     .tips = kVaries},
    {.name = "kill",
     .arity = -3,
     .flags = kOthers,
     .acl = kAclConnection,
     .handler = client_kill,
     .since = "2.4.0",
     .group = "connection",
     .complexity = kAll,
     .summary = "Closes connections",
     .syntax = "(address|[ID client-id] [TYPE (NORMAL|MASTER|REPLICA|PUBSUB):type] [USER username] [ADDR "
               "address] [LADDR "
               "local-address] [SKIPME yes/no]):filter"},
    {.name = "list",
     .arity = -2,
     .flags = kOthers,
     .acl = kAclConnection,
     .handler = client_list,
     .since = "2.4.0",
     .group = "connection",
     .complexity = kAll,
     .summary = "A line on each connection",
     .syntax = "[TYPE (NORMAL|MASTER|REPLICA|PUBSUB):type] [ID client-id...]",
     .tips = kVaries},
    {.name = "no-evict",
     .arity = 3,
     .flags = kOthers,
     .acl = kAclConnection,
     .handler = client_no_evict,
     .since = "7.0.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "Whether maxmemory-clients spares the connection",
     .syntax = "ON|OFF"},
    {.name = "no-touch",
     .arity = 3,
     .flags = kOwn,
     .acl = kAclConnection,
     .handler = client_no_touch,
     .since = "7.2.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "Whether the connection's reads leave the eviction state of keys alone",
     .syntax = "ON|OFF"},
    {.name = "pause",
     .arity = -3,
     .flags = kOthers,
     .acl = kAclConnection,
     .handler = client_pause,
     .since = "2.9.50",
     .group = "connection",
     .complexity = kOne,
     .summary = "Holds back clients' commands for a time",
     .syntax = "timeout [WRITE|ALL]:mode"},
    {.name = "reply",
     .arity = 3,
     .flags = kOwn,
     .acl = kAclConnection,
     .handler = client_reply,
     .since = "3.2.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "Whether commands are answered",
     .syntax = "ON|OFF|SKIP"},
    {.name = "setinfo",
     .arity = 4,
     .flags = kOwn,
     .acl = kAclConnection,
     .handler = client_setinfo,
     .since = "7.2.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "Says which client library the connection uses",
     .syntax = "(LIB-NAME libname|LIB-VER libver):attr"},
    {.name = "setname",
     .arity = 3,
     .flags = kOwn,
     .acl = kAclConnection,
     .handler = client_setname,
     .since = "2.6.9",
     .group = "connection",
     .complexity = kOne,
     .summary = "Names the connection",
     .syntax = "connection-name"},
    {.name = "tracking",
     .arity = -3,
     .flags = kOwn,
     .acl = kAclConnection,
     .handler = client_tracking,
     .since = "6.0.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "ON is refused: there is no client-side caching",
     .syntax = "ON|OFF [REDIRECT client-id] [PREFIX prefix]... [BCAST] [OPTIN] [OPTOUT] [NOLOOP]"},
    {.name = "trackinginfo",
     .arity = 2,
     .flags = kOwn,
     .acl = kAclConnection,
     .handler = client_trackinginfo,
     .since = "6.2.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "The state of tracking: off"},
    {.name = "unblock",
     .arity = -3,
     .flags = kOthers,
     .acl = kAclConnection,
     .handler = client_unblock,
     .since = "5.0.0",
     .group = "connection",
     .complexity = kOne,
     .summary = "Wakes a client that waits for a key",
     .syntax = "client-id [TIMEOUT|ERROR]"},
    {.name = "unpause",
     .arity = 2,
     .flags = kOthers,
     .acl = kAclConnection,
     .handler = client_unpause,
     .since = "6.2.0",
     .group = "connection",
     .complexity = "O(N) where N is the number of clients held back",
     .summary = "Ends a pause"},
};

constexpr CommandRow kRows[] = {
    {.name = "client",
     .arity = -2,
     .since = "2.4.0",
     .group = "connection",
     .complexity = "Depends on subcommand.",
     .summary = "Connections: their names, states and ends",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandRow> client_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
