#include <plimsoll/text/ascii.h>
#include <plimsoll/text/glob.h>

#include <cstddef>

#include "command_facts.h"
#include "command_reply.h"
#include "engine.h"
#include "introspection.h"
#include "plimsoll/acl_category.h"
#include "plimsoll/call.h"
#include "plimsoll/help.h"
#include "plimsoll/store.h"

namespace plimsoll {
namespace {

// Calls `visit(const Command&)` for every command and subcommand, a container before its parts.
template <class Visit>
void for_each_command(const CommandTable& table, Visit&& visit) {
  for (const Command* command : table.commands()) {
    visit(*command);
    for (const Command& subcommand : command->subcommands) visit(subcommand);
  }
}

// "get" or "config|get". Null if unknown.
const Command* find_by_full_name(const CommandTable& table, std::string_view name) {
  const size_t bar = name.find('|');
  const Command* command = table.find(name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  return CommandTable::find_subcommand(*command, name.substr(bar + 1));
}

void reply_all_infos(Call& call) {
  const auto commands = call.store().commands().commands();
  call.reply().array(commands.size());
  for (const Command* command : commands) reply_command_info(call.reply(), *command);
}

void command(Call& call) {
  reply_all_infos(call);
}

void command_info(Call& call) {
  if (call.argc() == 2) return reply_all_infos(call);
  call.reply().array(call.argc() - 2);
  for (size_t i = 2; i < call.argc(); ++i) {
    const Command* found = find_by_full_name(call.store().commands(), call.arg(i));
    if (found == nullptr) {
      call.reply().null();
      continue;
    }
    reply_command_info(call.reply(), *found);
  }
}

void reply_named_docs(Reply& reply, const Command& command) {
  reply.bulk(command.name);
  reply_command_docs(reply, command);
}

void command_docs(Call& call) {
  const CommandTable& table = call.store().commands();
  if (call.argc() == 2) {
    call.reply().map(table.commands().size());
    for (const Command* command : table.commands()) reply_named_docs(call.reply(), *command);
    return;
  }
  size_t known = 0;
  for (size_t i = 2; i < call.argc(); ++i) known += find_by_full_name(table, call.arg(i)) != nullptr;
  call.reply().map(known);
  for (size_t i = 2; i < call.argc(); ++i) {
    const Command* found = find_by_full_name(table, call.arg(i));
    if (found != nullptr) reply_named_docs(call.reply(), *found);
  }
}

void command_count(Call& call) {
  call.reply().integer(static_cast<int64_t>(call.store().commands().commands().size()));
}

struct NameFilter {
  enum Kind : uint8_t { all, module, acl_category, pattern } kind = all;
  std::string_view pattern_text = {};
  uint32_t categories = 0;

  bool accepts(const Command& command) const {
    switch (kind) {
      case all:
        return true;
      case module:
        return false;
      case acl_category:
        return (effective_acl_categories(*command.row) & categories) != 0;
      case pattern:
        return glob_match(pattern_text, command.name, true);
    }
    return false;
  }
};

void reply_names(Reply& reply, const CommandTable& table, const NameFilter& filter) {
  size_t count = 0;
  for_each_command(table, [&](const Command& command) { count += filter.accepts(command); });
  reply.array(count);
  for_each_command(table, [&](const Command& command) {
    if (filter.accepts(command)) reply.bulk(command.name);
  });
}

// False: a syntax error.
bool parse_filter(const Call& call, NameFilter& filter) {
  if (call.argc() == 2) return true;
  if (call.argc() != 5 || !ascii_equal_nocase(call.arg(2), "FILTERBY")) return false;
  if (ascii_equal_nocase(call.arg(3), "MODULE")) {
    filter.kind = NameFilter::module;
  } else if (ascii_equal_nocase(call.arg(3), "ACLCAT")) {
    filter.kind = NameFilter::acl_category;
    filter.categories = acl_category_bit(call.arg(4));
  } else if (ascii_equal_nocase(call.arg(3), "PATTERN")) {
    filter.kind = NameFilter::pattern;
    filter.pattern_text = call.arg(4);
  } else {
    return false;
  }
  return true;
}

void command_list(Call& call) {
  NameFilter filter;
  if (!parse_filter(call, filter)) return call.reply().error("ERR syntax error");
  reply_names(call.reply(), call.store().commands(), filter);
}

const Command* find_called(const CommandTable& table, Args args) {
  const Command* command = table.find(args[0]);
  if (command == nullptr || command->subcommands.empty()) return command;
  if (args.size() > 1) {
    const Command* subcommand = CommandTable::find_subcommand(*command, args[1]);
    if (subcommand != nullptr) return subcommand;
  }
  return command->row->handler == nullptr ? nullptr : command;
}

// The command line behind COMMAND GETKEYS. False: an error was answered.
bool extract_called_keys(Call& call, Invocation& invocation) {
  const Args args = call.args().subspan(2);
  const Command* called = find_called(call.store().commands(), args);
  if (called == nullptr) {
    call.reply().error("ERR Invalid command specified");
  } else if (called->row->keys.empty()) {
    call.reply().error("ERR The command has no key arguments");
  } else if (!called->row->takes(args.size())) {
    call.reply().error("ERR Invalid number of arguments specified for command");
  } else if ((!call.engine().extract_keys(*called, args, invocation) || invocation.key_count() == 0) &&
             !(called->row->flags & kNoMandatoryKeys)) {
    call.reply().error("ERR Invalid arguments specified for command");
  } else {
    return true;
  }
  return false;
}

void command_getkeys(Call& call) {
  Invocation invocation;
  if (!extract_called_keys(call, invocation)) return;
  call.reply().array(invocation.key_count());
  for (size_t i = 0; i < invocation.key_count(); ++i) call.reply().bulk(invocation.key(i).bytes);
}

// What a key specification with variable flags means for these arguments.
uint32_t actual_key_flags(uint32_t flags, Args args) {
  if (!(flags & kKeyVariableFlags)) return flags;
  flags &= ~uint32_t{kKeyVariableFlags};
  if (!ascii_equal_nocase(args[0], "SET")) return flags;
  for (size_t i = 3; i < args.size(); ++i) {
    if (ascii_equal_nocase(args[i], "GET")) return flags;
  }
  return kKeyOW | kKeyUpdate;
}

void command_getkeysandflags(Call& call) {
  Invocation invocation;
  if (!extract_called_keys(call, invocation)) return;
  call.reply().array(invocation.key_count());
  for (size_t i = 0; i < invocation.key_count(); ++i) {
    const uint32_t flags = actual_key_flags(Engine::key_flags(invocation, i), invocation.args);
    call.reply().array(2);
    call.reply().bulk(invocation.key(i).bytes);
    size_t count = 0;
    for (const NamedBit& name : shown_key_flags()) count += (flags & name.bit) != 0;
    call.reply().set(count);
    for (const NamedBit& name : shown_key_flags()) {
      if (flags & name.bit) call.reply().simple(name.name);
    }
  }
}

void command_help(Call& call) {
  reply_help(call, {
                       "(no subcommand)",
                       "    Describe every command this server knows.",
                       "COUNT",
                       "    Tell how many commands this server knows.",
                       "LIST",
                       "    List the names of all commands and subcommands.",
                       "INFO [<command-name> ...]",
                       "    Describe the named commands: arity, flags, positions of keys, categories.",
                       "    Without a name, describe all of them.",
                       "DOCS [<command-name> ...]",
                       "    Give the documentation of the named commands, or of all.",
                       "GETKEYS <full-command>",
                       "    Pick the keys out of a whole command line.",
                       "GETKEYSANDFLAGS <full-command>",
                       "    Pick the keys out of a whole command line and tell what is done with each.",
                   });
}

constexpr uint32_t kFlags = kLoading | kStale | kOwnLocks;

constexpr std::string_view kUnordered = "nondeterministic_output_order";

constexpr CommandRow kSubcommands[] = {
    {.name = "count",
     .arity = 2,
     .flags = kFlags,
     .acl = kAclConnection,
     .handler = command_count,
     .since = "2.8.13",
     .group = "server",
     .complexity = "O(1)",
     .summary = "How many commands there are"},
    {.name = "list",
     .arity = -2,
     .flags = kFlags,
     .acl = kAclConnection,
     .handler = command_list,
     .since = "7.0.0",
     .group = "server",
     .complexity = "O(N) where N is the number of commands",
     .summary = "Names of all commands, or of those that pass a filter",
     .syntax = "[FILTERBY (MODULE module-name|ACLCAT category|PATTERN pattern):filterby]",
     .tips = kUnordered},
    {.name = "info",
     .arity = -2,
     .flags = kFlags,
     .acl = kAclConnection,
     .handler = command_info,
     .since = "2.8.13",
     .group = "server",
     .complexity = "O(N) where N is the number of commands asked for",
     .summary = "What the server knows of the named commands, or of all",
     .syntax = "[command-name ...]",
     .tips = kUnordered},
    {.name = "docs",
     .arity = -2,
     .flags = kFlags,
     .acl = kAclConnection,
     .handler = command_docs,
     .since = "7.0.0",
     .group = "server",
     .complexity = "O(N) where N is the number of commands asked for",
     .summary = "Documentation of the named commands, or of all",
     .syntax = "[command-name ...]",
     .tips = kUnordered},
    {.name = "getkeys",
     .arity = -4,
     .flags = kFlags,
     .acl = kAclConnection,
     .handler = command_getkeys,
     .since = "2.8.13",
     .group = "server",
     .complexity = "O(N) where N is the number of arguments",
     .summary = "The keys in a command line",
     .syntax = "command [arg ...]"},
    {.name = "getkeysandflags",
     .arity = -4,
     .flags = kFlags,
     .acl = kAclConnection,
     .handler = command_getkeysandflags,
     .since = "7.0.0",
     .group = "server",
     .complexity = "O(N) where N is the number of arguments",
     .summary = "The keys in a command line and what the command does with each",
     .syntax = "command [arg ...]"},
    {.name = "help",
     .arity = 2,
     .flags = kFlags,
     .acl = kAclConnection,
     .handler = command_help,
     .since = "5.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "A short text about the subcommands"},
};

constexpr CommandRow kRows[] = {
    {.name = "command",
     .arity = -1,
     .flags = kFlags,
     .acl = kAclConnection,
     .handler = command,
     .since = "2.8.13",
     .group = "server",
     .complexity = "O(N) where N is the number of commands",
     .summary = "What the server knows of all its commands",
     .tips = kUnordered,
     .subcommands = kSubcommands},
};

}  // namespace

void reply_commands_in(Reply& reply, const CommandTable& table, uint32_t categories) {
  reply_names(reply, table, {.kind = NameFilter::acl_category, .categories = categories});
}

std::span<const CommandRow> command_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
