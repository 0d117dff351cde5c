#include "commands/command_docs.h"

#include <gtest/gtest.h>

#include <string>

#include "plimsoll/command_table.h"

namespace plimsoll {
namespace {

// One line: name, type, =token, #key specification, ? optional, * multiple, ** multiple with its token,
// (parts).
std::string shown(const DocArguments& arguments);

std::string shown(const DocArgument& argument) {
  std::string text(argument.name);
  text += ':';
  text += doc_type_name(argument.type);
  if (!argument.token.empty()) text += "=" + std::string(argument.token);
  if (argument.key_spec >= 0) text += "#" + std::to_string(argument.key_spec);
  if (argument.optional) text += "?";
  if (argument.multiple) text += "*";
  if (argument.multiple_token) text += "*";
  if (!argument.arguments.empty()) text += "(" + shown(argument.arguments) + ")";
  return text;
}

std::string shown(const DocArguments& arguments) {
  std::string text;
  for (const DocArgument& argument : arguments) {
    if (!text.empty()) text += " ";
    text += shown(argument);
  }
  return text;
}

std::string parsed(std::string_view syntax, size_t key_specs = 0) {
  static const KeySpec kSpecs[3];
  CommandRow row{.name = "x", .arity = -1};
  row.keys = {kSpecs, key_specs};
  row.syntax = syntax;
  return shown(parse_syntax(row));
}

TEST(CommandDocs, TypesFollowFromNamesOrAreGiven) {
  EXPECT_EQ(parsed("key value", 1), "key:key#0 value:string");
  EXPECT_EQ(parsed("key"), "key:string") << "a command without keys has no key";
  EXPECT_EQ(parsed("seconds pattern unix-time-seconds"),
            "seconds:integer pattern:pattern unix-time-seconds:unix-time");
  EXPECT_EQ(parsed("increment:double ip:port"), "increment:double ip:port:string");
}

TEST(CommandDocs, KeysAreNumberedByTheirSpecification) {
  EXPECT_EQ(parsed("source destination", 2), "source:key#0 destination:key#1");
  EXPECT_EQ(parsed("key1 key2", 1), "key1:key#0 key2:key#0");
}

TEST(CommandDocs, TokensStandAloneOrIntroduce) {
  EXPECT_EQ(parsed("[GET]"), "get:pure-token=GET?");
  EXPECT_EQ(parsed("[MATCH pattern] [COUNT count]"), "pattern:pattern=MATCH? count:integer=COUNT?");
  EXPECT_EQ(parsed("[LIMIT offset count]"), "offset_count:block=LIMIT?(offset:integer count:integer)");
  EXPECT_EQ(parsed("[EX:seconds seconds]"), "seconds:integer=EX?");
}

TEST(CommandDocs, AlternativesInBracketsAndBetweenWords) {
  EXPECT_EQ(parsed("[NX|XX]:condition"), "condition:oneof?(nx:pure-token=NX xx:pure-token=XX)");
  EXPECT_EQ(parsed("[EX seconds|KEEPTTL]"),
            "seconds_keepttl:oneof?(seconds:integer=EX keepttl:pure-token=KEEPTTL)");
  EXPECT_EQ(parsed("ON|OFF x"), "on_off:oneof(on:pure-token=ON off:pure-token=OFF) x:string");
  EXPECT_EQ(parsed("[FILTERBY (MODULE module-name|PATTERN pattern):filterby]"),
            "filterby:oneof=FILTERBY?(module-name:string=MODULE pattern:pattern=PATTERN)");
}

TEST(CommandDocs, Repetition) {
  EXPECT_EQ(parsed("key...", 1), "key:key#0*");
  EXPECT_EQ(parsed("key [key ...]", 1), "key:key#0*");
  EXPECT_EQ(parsed("key value [key value ...]", 1), "key_value:block*(key:key#0 value:string)");
  EXPECT_EQ(parsed("(score member)..."), "score_member:block*(score:string member:string)");
  EXPECT_EQ(parsed("[GET pattern]..."), "pattern:pattern=GET?**");
  EXPECT_EQ(parsed("[section ...]"), "section:string?*");
}

TEST(CommandDocs, WhatDoesNotFollowTheGrammarIsTakenAsItComes) {
  for (const char* syntax : {"", "]", "((((", "a|", "|a", "...", "[...]", "[A", "A:", ":", "[]", "()..."}) {
    EXPECT_NO_THROW(parsed(syntax)) << syntax;
  }
  EXPECT_NO_THROW(parsed(std::string(100000, '[')));
  EXPECT_NO_THROW(parsed(std::string(100000, '(')));
}

// The rows are written by hand: an argument that nobody meant shows as a name with a bracket or a bar in it.
TEST(CommandDocs, EveryRowParses) {
  const auto check = [](const auto& self, const DocArguments& arguments, std::string_view command) -> void {
    for (const DocArgument& argument : arguments) {
      EXPECT_FALSE(argument.name.empty()) << command;
      EXPECT_EQ(argument.name.find_first_of("[]()| "), std::string::npos) << command << ": " << argument.name;
      self(self, argument.arguments, command);
    }
  };
  const CommandTable& table = CommandTable::builtin();
  for (uint32_t id = 0; id < table.size(); ++id) {
    const Command* command = table.by_id(id);
    if (command != nullptr) check(check, parse_syntax(*command->row), command->name);
  }
}

}  // namespace
}  // namespace plimsoll
