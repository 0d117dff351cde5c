#include "command_reply.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "command_docs.h"
#include "command_facts.h"

namespace plimsoll {
namespace {

// Names as a set of simple strings.
void reply_bits(Reply& reply, uint32_t bits, std::span<const NamedBit> names, bool with_at = false) {
  size_t count = 0;
  for (const NamedBit& name : names) count += (bits & name.bit) != 0;
  reply.set(count);
  for (const NamedBit& name : names) {
    if (!(bits & name.bit)) continue;
    if (!with_at) {
      reply.simple(name.name);
      continue;
    }
    char text[32] = "@";
    std::copy(name.name.begin(), name.name.end(), text + 1);
    reply.simple({text, name.name.size() + 1});
  }
}

void reply_tips(Reply& reply, std::string_view tips) {
  const auto blanks = std::count(tips.begin(), tips.end(), ' ');
  reply.set(tips.empty() ? 0 : static_cast<size_t>(blanks) + 1);
  while (!tips.empty()) {
    const size_t end = std::min(tips.find(' '), tips.size());
    reply.bulk(tips.substr(0, end));
    tips.remove_prefix(std::min(end + 1, tips.size()));
  }
}

void reply_begin_search(Reply& reply, const KeySpec& spec) {
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  const bool by_index = spec.begin == KeySpec::kBeginIndex;
  reply.bulk(by_index ? "index" : "keyword");
  reply.bulk("spec");
  if (by_index) {
    reply.map(1);
    reply.bulk("index");
    reply.integer(spec.index);
    return;
  }
  reply.map(2);
  reply.bulk("keyword");
  reply.bulk(spec.keyword);
  reply.bulk("startfrom");
  reply.integer(spec.index);
}

void reply_find_keys(Reply& reply, const KeySpec& spec) {
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  const bool range = spec.find == KeySpec::kFindRange;
  reply.bulk(range ? "range" : "keynum");
  reply.bulk("spec");
  reply.map(3);
  reply.bulk(range ? "lastkey" : "keynumidx");
  reply.integer(range ? spec.last : spec.keynum_index);
  if (!range) {
    reply.bulk("firstkey");
    reply.integer(spec.first_key);
  }
  reply.bulk("keystep");
  reply.integer(spec.step);
  if (range) {
    reply.bulk("limit");
    reply.integer(spec.limit);
  }
}

void reply_key_specs(Reply& reply, std::span<const KeySpec> keys) {
  reply.set(keys.size());
  for (const KeySpec& spec : keys) {
    reply.map(spec.notes.empty() ? 3 : 4);
    if (!spec.notes.empty()) {
      reply.bulk("notes");
      reply.bulk(spec.notes);
    }
    reply.bulk("flags");
    reply_bits(reply, spec.flags, shown_key_flags());
    reply_begin_search(reply, spec);
    reply_find_keys(reply, spec);
  }
}

void field(Reply& reply, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  reply.bulk(name);
  reply.bulk(text);
}

void reply_argument_flags(Reply& reply, const DocArgument& argument) {
  const int count = int{argument.optional} + int{argument.multiple} + int{argument.multiple_token};
  if (count == 0) return;
  reply.bulk("flags");
  reply.set(static_cast<size_t>(count));
  if (argument.optional) reply.simple("optional");
  if (argument.multiple) reply.simple("multiple");
  if (argument.multiple_token) reply.simple("multiple_token");
}

void reply_arguments(Reply& reply, const DocArguments& arguments) {
  reply.array(arguments.size());
  for (const DocArgument& argument : arguments) {
    const bool flagged = argument.optional || argument.multiple || argument.multiple_token;
    reply.map(2 + size_t{argument.key_spec >= 0} + size_t{!argument.token.empty()} + size_t{flagged} +
              size_t{!argument.arguments.empty()});
    field(reply, "name", argument.name);
    field(reply, "type", doc_type_name(argument.type));
    if (argument.key_spec >= 0) {
      reply.bulk("key_spec_index");
      reply.integer(argument.key_spec);
    }
    field(reply, "token", argument.token);
    reply_argument_flags(reply, argument);
    if (!argument.arguments.empty()) {
      reply.bulk("arguments");
      reply_arguments(reply, argument.arguments);
    }
  }
}

}  // namespace

void reply_command_info(Reply& reply, const Command& command) {
  const CommandRow& row = *command.row;
  const KeyRange range = legacy_key_range(row.keys);
  reply.array(10);
  reply.bulk(command.name);
  reply.integer(row.arity);
  reply_bits(reply, effective_flags(row), shown_command_flags());
  reply.integer(range.first);
  reply.integer(range.last);
  reply.integer(range.step);
  reply_bits(reply, effective_acl_categories(row), shown_acl_categories(), true);
  reply_tips(reply, row.tips);
  reply_key_specs(reply, row.keys);
  if (command.subcommands.empty()) return reply.set(0);
  reply.array(command.subcommands.size());
  for (const Command& subcommand : command.subcommands) reply_command_info(reply, subcommand);
}

void reply_command_docs(Reply& reply, const Command& command) {
  const CommandRow& row = *command.row;
  const DocArguments arguments = parse_syntax(row);
  const bool deprecated = row.deprecated_since != nullptr;
  const bool replaced = row.replaced_by != nullptr;
  reply.map(size_t{!row.summary.empty()} + size_t{!row.since.empty()} + size_t{!row.group.empty()} +
            size_t{!row.complexity.empty()} + (deprecated ? 2 : 0) + size_t{replaced} +
            size_t{!arguments.empty()} + size_t{!command.subcommands.empty()});
  field(reply, "summary", row.summary);
  field(reply, "since", row.since);
  field(reply, "group", row.group);
  field(reply, "complexity", row.complexity);
  if (deprecated) {
    reply.bulk("doc_flags");
    reply.set(1);
    reply.simple("deprecated");
    field(reply, "deprecated_since", row.deprecated_since);
  }
  if (replaced) field(reply, "replaced_by", row.replaced_by);
  if (!arguments.empty()) {
    reply.bulk("arguments");
    reply_arguments(reply, arguments);
  }
  if (command.subcommands.empty()) return;
  reply.bulk("subcommands");
  reply.map(command.subcommands.size());
  for (const Command& subcommand : command.subcommands) {
    reply.bulk(subcommand.name);
    reply_command_docs(reply, subcommand);
  }
}

}  // namespace plimsoll
