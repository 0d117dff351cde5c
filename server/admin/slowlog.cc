#include "admin/slowlog.h"

#include <plimsoll/text/numbers.h>

#include <algorithm>
#include <new>
#include <utility>

#include "admin/extension.h"
#include "admin/families.h"
#include "admin/redaction.h"
#include "admin/replies.h"
#include "admin/text.h"

namespace plimsoll::server {

namespace {

// Redis's SLOWLOG_ENTRY_MAX_ARGC and _MAX_STRING.
constexpr size_t kMostArguments = 32;
constexpr size_t kMostBytes = 128;

constexpr size_t kDefaultCount = 10;

SlowLog::Text counted_note(const char* format, size_t rest) {
  char note[64];
  const int size = std::snprintf(note, sizeof note, format, rest);
  return {note, static_cast<size_t>(size)};
}

SlowLog::Text shown_argument(const CommandEvent& event, size_t i) {
  if (is_secret(event.command, event.args, i)) return SlowLog::Text(kRedacted);
  const std::string_view argument = event.args[i];
  SlowLog::Text text(argument.substr(0, kMostBytes));
  if (argument.size() > kMostBytes)
    text += counted_note("... (%zu more bytes)", argument.size() - kMostBytes);
  return text;
}

}  // namespace

void SlowLog::add(const CommandEvent& event, size_t max_length) noexcept {
  try {
    Entry entry{0, event.start_us / 1'000'000, static_cast<int64_t>(event.duration_ns / 1000), {}, {}, {}};
    const size_t argc = event.args.size();
    const size_t shown = argc > kMostArguments ? kMostArguments - 1 : argc;
    entry.arguments.reserve(std::min(argc, kMostArguments));
    for (size_t i = 0; i < shown; ++i) entry.arguments.push_back(shown_argument(event, i));
    if (shown < argc) entry.arguments.push_back(counted_note("... (%zu more arguments)", argc - shown));
    entry.peer = address_text(event.connection, event.connection.peer());
    entry.name = event.connection.name();
    std::lock_guard lock(mutex_);
    if (max_length > 0) {
      entries_.push_front(std::move(entry));
      entries_.front().id = next_id_;
    }
    ++next_id_;
    while (entries_.size() > max_length) entries_.pop_back();
  } catch (const std::bad_alloc&) {
  }
}

size_t SlowLog::size() const noexcept {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

void SlowLog::clear() noexcept {
  std::lock_guard lock(mutex_);
  entries_.clear();
}

namespace {

void reply_entry(Reply& reply, const SlowLog::Entry& entry) {
  reply.array(6);
  reply.integer(entry.id);
  reply.integer(entry.time);
  reply.integer(entry.duration);
  reply.array(entry.arguments.size());
  for (const auto& argument : entry.arguments) reply.bulk(argument);
  reply.bulk(entry.peer);
  reply.bulk(entry.name);
}

void slowlog_get(Call& call) {
  if (call.argc() > 3) return reply_subcommand_syntax_error(call);
  int64_t count = kDefaultCount;
  if (call.argc() == 3 && (!parse_integer(call.arg(2), count) || count < -1)) {
    return call.reply().error("ERR count should be greater than or equal to -1");
  }
  const size_t limit = count < 0 ? SIZE_MAX : static_cast<size_t>(count);
  extension_of(call).slow_log().visit(
      limit, [&](size_t size) { call.reply().array(size); },
      [&](const SlowLog::Entry& entry) { reply_entry(call.reply(), entry); });
}

void slowlog_len(Call& call) {
  call.reply().integer(static_cast<int64_t>(extension_of(call).slow_log().size()));
}

void slowlog_reset(Call& call) {
  extension_of(call).slow_log().clear();
  call.reply().ok();
}

void slowlog_help(Call& call) {
  reply_help(
      call, {
                "GET [<count>]",
                "    The newest <count> entries (10 unless told, -1 for all). Each has an id, the Unix time,",
                "    the microseconds it took, the arguments, the client's address and the client's name.",
                "LEN",
                "    How many entries there are.",
                "RESET",
                "    Forget all entries.",
            });
}

constexpr uint32_t kFlags = kAdmin | kLoading | kStale | kOwnLocks;

constexpr CommandRow kSubcommands[] = {
    {.name = "get",
     .arity = -2,
     .flags = kFlags,
     .handler = slowlog_get,
     .since = "2.2.12",
     .group = "server",
     .complexity = "O(N) where N is the number of entries returned",
     .summary = "The newest slow commands",
     .syntax = "[count]",
     .tips = "request_policy:all_nodes nondeterministic_output"},
    {.name = "help",
     .arity = 2,
     .flags = kLoading | kStale | kOwnLocks,
     .handler = slowlog_help,
     .since = "6.2.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "A short text about the subcommands"},
    {.name = "len",
     .arity = 2,
     .flags = kFlags,
     .handler = slowlog_len,
     .since = "2.2.12",
     .group = "server",
     .complexity = "O(1)",
     .summary = "How many entries the slow log has",
     .tips = "request_policy:all_nodes response_policy:agg_sum nondeterministic_output"},
    {.name = "reset",
     .arity = 2,
     .flags = kFlags,
     .handler = slowlog_reset,
     .since = "2.2.12",
     .group = "server",
     .complexity = "O(N) where N is the number of entries",
     .summary = "Empties the slow log",
     .tips = "request_policy:all_nodes response_policy:all_succeeded"},
};

constexpr CommandRow kRows[] = {
    {.name = "slowlog",
     .arity = -2,
     .since = "2.2.12",
     .group = "server",
     .complexity = "Depends on subcommand.",
     .summary = "Commands that took long",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandRow> slowlog_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
