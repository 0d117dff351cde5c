#include <gtest/gtest.h>
#include <plimsoll/command_table.h>

#include <set>
#include <string>

namespace plimsoll {
namespace {

constexpr CommandRow kInnerRows[] = {{.name = "one", .arity = 2}, {.name = "two", .arity = 2}};
constexpr CommandRow kRows[] = {
    {.name = "get", .arity = 2},
    {.name = "a", .arity = 1},
    {.name = "box", .arity = -2, .subcommands = kInnerRows},
    {.name = "a-name-longer-than-two-words", .arity = 1},
    {.name = "a-name-longer-thin-two-words", .arity = 3},
};

TEST(CommandTables, FindWithoutCase) {
  CommandTable table;
  EXPECT_EQ(table.find("get"), nullptr);
  table.add(kRows);
  for (std::string_view name : {"get", "GET", "gEt"}) {
    ASSERT_NE(table.find(name), nullptr) << name;
    EXPECT_EQ(table.find(name)->name, "get");
  }
  EXPECT_EQ(table.find("A-NAME-LONGER-THAN-TWO-WORDS")->row->arity, 1);
  EXPECT_EQ(table.find("A-NAME-LONGER-THIN-TWO-WORDS")->row->arity, 3);
  EXPECT_EQ(table.find("a-name-longer-thon-two-words"), nullptr);
  for (std::string_view name : {"", "ge", "gett", "geu", "G\x05T", "get ", "one", "box|one"}) {
    EXPECT_EQ(table.find(name), nullptr) << name;
  }
}

TEST(CommandTables, Subcommands) {
  CommandTable table;
  table.add(kRows);
  const Command* box = table.find("box");
  const Command* two = CommandTable::find_subcommand(*box, "TWO");
  ASSERT_NE(two, nullptr);
  EXPECT_EQ(two->name, "box|two");
  EXPECT_EQ(two->parent, box);
  EXPECT_EQ(CommandTable::find_subcommand(*box, "three"), nullptr);
  EXPECT_EQ(table.size(), std::size(kRows) + std::size(kInnerRows));
  for (uint32_t id = 0; id < table.size(); ++id) EXPECT_EQ(table.by_id(id)->id, id);
}

TEST(CommandTables, CommandsStandByName) {
  CommandTable table;
  table.add(kRows);
  std::string before;
  for (const Command* command : table.commands()) {
    EXPECT_LT(before, std::string(command->name));
    before = command->name;
  }
  EXPECT_EQ(table.commands().size(), std::size(kRows));
}

TEST(CommandTables, AContainerAddedAgainKeepsTheSubcommandsItHad) {
  static constexpr CommandRow kMoreInner[] = {{.name = "two", .arity = -7}, {.name = "three", .arity = 2}};
  static constexpr CommandRow kMore[] = {{.name = "box", .arity = -2, .subcommands = kMoreInner},
                                         {.name = "get", .arity = 5}};
  CommandTable table;
  table.add(kRows);
  const uint32_t old_get = table.find("get")->id;
  table.add(kMore);
  EXPECT_EQ(table.find("get")->row->arity, 5);
  EXPECT_EQ(table.by_id(old_get), nullptr);
  const Command* box = table.find("box");
  EXPECT_EQ(box->row, &kMore[0]);
  ASSERT_EQ(box->subcommands.size(), 3u);
  EXPECT_EQ(CommandTable::find_subcommand(*box, "one")->row, &kInnerRows[0]);
  EXPECT_EQ(CommandTable::find_subcommand(*box, "two")->row->arity, -7);
  for (const Command& subcommand : box->subcommands) {
    EXPECT_EQ(subcommand.parent, box);
    EXPECT_EQ(table.by_id(subcommand.id), &subcommand);
  }
  EXPECT_EQ(table.commands().size(), std::size(kRows));
}

TEST(CommandTables, Rename) {
  CommandTable table;
  table.add(kRows);
  EXPECT_FALSE(table.rename("nothing", "x"));
  EXPECT_FALSE(table.rename("get", "BOX"));
  EXPECT_TRUE(table.rename("GET", "Secret"));
  EXPECT_EQ(table.find("get"), nullptr);
  ASSERT_NE(table.find("SECRET"), nullptr);
  EXPECT_EQ(table.find("secret")->name, "get");
  EXPECT_TRUE(table.rename("secret", "get"));
  EXPECT_NE(table.find("get"), nullptr);

  const uint32_t id = table.find("box")->id;
  EXPECT_TRUE(table.rename("box", ""));
  EXPECT_EQ(table.find("box"), nullptr);
  EXPECT_EQ(table.by_id(id), nullptr);
  EXPECT_EQ(table.commands().size(), std::size(kRows) - 1);
  EXPECT_NE(table.find("a"), nullptr);
}

TEST(CommandTables, ManyNames) {
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) names.push_back("command" + std::to_string(i));
  std::vector<CommandRow> rows;
  for (const std::string& name : names) rows.push_back({.name = name, .arity = 1});
  CommandTable table;
  table.add(rows);
  for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(table.find(names[i])->row, &rows[i]);
}

TEST(CommandTables, BuiltinRowsAreWhole) {
  const CommandTable& table = CommandTable::builtin();
  EXPECT_NE(table.find("set"), nullptr);
  for (uint32_t id = 0; id < table.size(); ++id) {
    const CommandRow& row = *table.by_id(id)->row;
    SCOPED_TRACE(std::string(table.by_id(id)->name));
    EXPECT_NE(row.arity, 0);
    EXPECT_TRUE(row.handler != nullptr || !row.subcommands.empty());
    EXPECT_FALSE(row.summary.empty());
    EXPECT_FALSE(row.since.empty());
    EXPECT_FALSE(row.group.empty());
  }
}

}  // namespace
}  // namespace plimsoll
