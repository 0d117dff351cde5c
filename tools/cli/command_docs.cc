#include "command_docs.h"

#include <algorithm>
#include <set>

#include "text.h"

namespace plimsoll::cli {
namespace {

using resp::Value;

std::string text_of(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  return value != nullptr && value->is_string() ? value->text : std::string();
}

bool has_flag(const Value& map, std::string_view flag) {
  const Value* flags = map.find("flags");
  return flags != nullptr && std::any_of(flags->elements.begin(), flags->elements.end(),
                                         [&](const Value& each) { return each.text == flag; });
}

Argument::Kind kind_of(const std::string& type) {
  if (type == "pure-token") return Argument::Kind::kPureToken;
  if (type == "oneof") return Argument::Kind::kOneOf;
  if (type == "block") return Argument::Kind::kBlock;
  return Argument::Kind::kPlain;
}

std::vector<Argument> arguments_of(const Value& map);

Argument argument_of(const Value& map) {
  Argument argument;
  argument.kind = kind_of(text_of(map, "type"));
  argument.display = text_of(map, "display_text");
  if (argument.display.empty()) argument.display = text_of(map, "value");
  if (argument.display.empty()) argument.display = text_of(map, "name");
  argument.token = text_of(map, "token");
  argument.optional = has_flag(map, "optional");
  argument.multiple_token = has_flag(map, "multiple_token") || has_flag(map, "multiple-token");
  argument.multiple = argument.multiple_token || has_flag(map, "multiple");
  argument.children = arguments_of(map);
  return argument;
}

std::vector<Argument> arguments_of(const Value& map) {
  std::vector<Argument> arguments;
  if (const Value* list = map.find("arguments"); list != nullptr) {
    for (const Value& each : list->elements) arguments.push_back(argument_of(each));
  }
  return arguments;
}

CommandDoc doc_of(const std::string& name, const Value& map) {
  CommandDoc doc;
  doc.name = to_upper(name);
  std::replace(doc.name.begin(), doc.name.end(), '|', ' ');
  doc.summary = text_of(map, "summary");
  doc.since = text_of(map, "since");
  doc.group = text_of(map, "group");
  doc.arguments = arguments_of(map);
  return doc;
}

// An arity counts the command's name, and is negative if it is a minimum.
CommandDoc doc_of_arity(const std::string& name, std::int64_t arity) {
  CommandDoc doc;
  doc.name = to_upper(name);
  const std::int64_t least = std::min<std::int64_t>(arity < 0 ? -arity : arity, 16);
  Argument argument;
  argument.display = "arg";
  for (std::int64_t i = 1; i < least; ++i) doc.arguments.push_back(argument);
  argument.optional = argument.multiple = true;
  if (arity < 0) doc.arguments.push_back(argument);
  return doc;
}

}  // namespace

void CommandDocs::add(CommandDoc doc) {
  std::string name = doc.name;
  if (!name.empty()) commands_.insert_or_assign(std::move(name), std::move(doc));
}

CommandDocs CommandDocs::from_docs(const Value& reply) {
  CommandDocs docs;
  if (reply.type != resp::Type::kMap && reply.type != resp::Type::kArray) return docs;
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    const Value& fields = reply.elements[i + 1];
    docs.add(doc_of(reply.elements[i].text, fields));
    const Value* subcommands = fields.find("subcommands");
    if (subcommands == nullptr) continue;
    for (std::size_t j = 0; j + 1 < subcommands->elements.size(); j += 2)
      docs.add(doc_of(subcommands->elements[j].text, subcommands->elements[j + 1]));
  }
  return docs;
}

CommandDocs CommandDocs::from_command(const Value& reply) {
  CommandDocs docs;
  for (const Value& row : reply.elements) {
    if (row.elements.size() >= 2 && row.elements[0].is_string())
      docs.add(doc_of_arity(row.elements[0].text, row.elements[1].integer));
  }
  return docs;
}

std::vector<std::string> CommandDocs::groups() const {
  std::set<std::string> groups;
  for (const auto& [name, doc] : commands_) {
    if (!doc.group.empty()) groups.insert(doc.group);
  }
  return {groups.begin(), groups.end()};
}

CommandDocs::Match CommandDocs::match(const std::vector<std::string>& words) const {
  Match found;
  std::string name;
  for (std::size_t used = 1; used <= std::min<std::size_t>(words.size(), 2); ++used) {
    name += (used > 1 ? " " : "") + to_upper(words[used - 1]);
    if (const auto row = commands_.find(name); row != commands_.end()) found = {&row->second, used};
  }
  return found;
}

}  // namespace plimsoll::cli
