// ACL, of a server whose one user is "default".

#include <plimsoll/acl_category.h>
#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>

#include <algorithm>

#include "admin/extension.h"
#include "admin/families.h"
#include "admin/replies.h"
#include "unix_time.h"

namespace plimsoll::server {

namespace {

constexpr std::string_view kUser = "default";

void acl_whoami(Call& call) {
  call.reply().bulk(kUser);
}

void acl_users(Call& call) {
  call.reply().array(1);
  call.reply().bulk(kUser);
}

void acl_cat(Call& call) {
  if (call.argc() > 3) return reply_subcommand_syntax_error(call);
  if (call.argc() == 2) {
    call.reply().array(shown_acl_categories().size());
    for (const NamedBit& category : shown_acl_categories()) call.reply().bulk(category.name);
    return;
  }
  const uint32_t category = acl_category_bit(call.arg(2));
  if (category == 0) return reply_error(call, {"ERR Unknown category '", call.arg(2), "'"});
  reply_commands_in(call.reply(), call.store().commands(), category);
}

void acl_genpass(Call& call) {
  constexpr int64_t kMostBits = 4096;
  if (call.argc() > 3) return reply_subcommand_syntax_error(call);
  int64_t bits = 256;
  if (call.argc() == 3) {
    if (!parse_integer(call.arg(2), bits)) return call.reply().error(kNotAnInteger);
    if (bits <= 0 || bits > kMostBits) {
      return call.reply().error(
          "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up "
          "to 4096");
    }
  }
  char digits[kMostBits / 4];
  const auto count = static_cast<size_t>((bits + 3) / 4);
  random_hex(digits, count);
  call.reply().bulk({digits, count});
}

void reply_log_entry(Reply& reply, const AclLog::Entry& entry, int64_t now_ms) {
  reply.map(7);
  reply.bulk("count");
  reply.integer(static_cast<int64_t>(entry.count));
  const auto field = [&reply](std::string_view name, std::string_view value) {
    reply.bulk(name);
    reply.bulk(value);
  };
  field("reason", "auth");
  field("context", "toplevel");
  field("object", entry.command);
  field("username", entry.user);
  reply.bulk("age-seconds");
  reply.real(static_cast<double>(now_ms - entry.time_ms) / 1000);
  field("client-info", entry.client);
}

// There are no rules that could deny anything: failed logins are all there is to log.
void acl_log(Call& call) {
  if (call.argc() > 3) return reply_subcommand_syntax_error(call);
  AclLog& log = extension_of(call).acl_log();
  int64_t count = 10;
  if (call.argc() == 3 && ascii_equal_nocase(call.arg(2), "reset")) {
    log.clear();
    return call.reply().ok();
  }
  if (call.argc() == 3 && !parse_integer(call.arg(2), count)) return call.reply().error(kNotAnInteger);
  const int64_t now_ms = unix_ms();
  log.visit(
      static_cast<size_t>(std::max<int64_t>(count, 0)), [&](size_t n) { call.reply().array(n); },
      [&](const AclLog::Entry& entry) { reply_log_entry(call.reply(), entry, now_ms); });
}

void acl_refused(Call& call) {
  call.reply().error(
      "ERR This server has no access lists: its one user is 'default', with requirepass as password");
}

void acl_help(Call& call) {
  reply_help(call, {
                       "CAT [<category>]",
                       "    The categories of commands, or the commands of one.",
                       "GENPASS [<bits>]",
                       "    A random password, of 256 bits unless told.",
                       "LOG [<count> | RESET]",
                       "    Failed logins: AUTH, HELLO. There are no rules that deny.",
                       "USERS",
                       "    The names of all users: 'default'.",
                       "WHOAMI",
                       "    The name of this connection's user.",
                       "DELUSER, DRYRUN, GETUSER, LIST, LOAD, SAVE, SETUSER",
                       "    Refused: there are no access lists.",
                   });
}

constexpr uint32_t kFlags = kNoscript | kLoading | kStale | kOwnLocks;
constexpr std::string_view kRefusal = "Refused: there are no access lists";

constexpr CommandRow refused_row(std::string_view name, int arity, std::string_view since = "6.0.0") {
  return {.name = name,
          .arity = arity,
          .flags = kFlags | kAdmin,
          .handler = acl_refused,
          .since = since,
          .group = "server",
          .complexity = "O(1)",
          .summary = kRefusal};
}

constexpr CommandRow kSubcommands[] = {
    {.name = "cat",
     .arity = -2,
     .flags = kFlags,
     .handler = acl_cat,
     .since = "6.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "The categories of commands, or the commands of one",
     .syntax = "[category]"},
    refused_row("deluser", -3),
    refused_row("dryrun", -4, "7.0.0"),
    {.name = "genpass",
     .arity = -2,
     .flags = kFlags,
     .handler = acl_genpass,
     .since = "6.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "A random password",
     .syntax = "[bits:integer]"},
    refused_row("getuser", 3),
    {.name = "help",
     .arity = 2,
     .flags = kLoading | kStale | kOwnLocks,
     .handler = acl_help,
     .since = "6.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "A short text about the subcommands"},
    refused_row("list", 2),
    refused_row("load", 2),
    {.name = "log",
     .arity = -2,
     .flags = kFlags | kAdmin,
     .handler = acl_log,
     .since = "6.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Failed logins",
     .syntax = "[count|RESET]:operation"},
    refused_row("save", 2),
    refused_row("setuser", -3),
    {.name = "users",
     .arity = 2,
     .flags = kFlags | kAdmin,
     .handler = acl_users,
     .since = "6.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "The names of all users"},
    {.name = "whoami",
     .arity = 2,
     .flags = kFlags,
     .handler = acl_whoami,
     .since = "6.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "The name of the connection's user"},
};

constexpr CommandRow kRows[] = {
    {.name = "acl",
     .arity = -2,
     .since = "6.0.0",
     .group = "server",
     .complexity = "Depends on subcommand.",
     .summary = "Users and what they may do",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandRow> acl_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
