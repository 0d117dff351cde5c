// Every command documents itself, and the check that says so finds rows that do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "row_faults.h"

namespace plimsoll::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

void nothing(Call&) {}

constexpr KeySpec kKey[] = {{.flags = kKeyRO | kKeyAccess}};

CommandRow good_row() {
  return {.name = "fetch",
          .arity = 2,
          .flags = kReadonly,
          .keys = kKey,
          .handler = nothing,
          .since = "1.0.0",
          .group = "string",
          .complexity = "O(1)",
          .summary = "Fetches a string",
          .syntax = "key"};
}

std::vector<std::string> faults_of(const CommandRow& row) {
  CommandTable table;
  table.add({&row, 1});
  return row_faults(table);
}

TEST(Rows, OfTheLibraryAreWhole) {
  ASSERT_GT(CommandTable::builtin().commands().size(), 50u);
  EXPECT_THAT(row_faults(CommandTable::builtin()), IsEmpty());
  EXPECT_THAT(commands_without_syntax(CommandTable::builtin()), IsEmpty());
}

TEST(RowFaults, AWholeRowHasNone) {
  EXPECT_THAT(faults_of(good_row()), IsEmpty());
}

TEST(RowFaults, WhatIsLeftOutIsFound) {
  CommandRow row = good_row();
  row.summary = {};
  row.since = {};
  row.group = "strings";
  EXPECT_THAT(faults_of(row), ElementsAre("fetch: no summary", "fetch: since is no version",
                                          "fetch: group is none of Redis's"));
}

TEST(RowFaults, ContradictionsAreFound) {
  CommandRow row = good_row();
  row.flags = kReadonly | kDenyOom | kWholeStore | kOwnLocks;
  row.handler = nullptr;
  EXPECT_THAT(faults_of(row), ElementsAre("fetch: refused over the memory limit, yet writes nothing",
                                          "fetch: locks everything and nothing",
                                          "fetch: can't be run and has no subcommand"));
}

TEST(RowFaults, ArgumentsThatAreNotShownAreFound) {
  CommandRow row = good_row();
  row.syntax = {};
  CommandTable table;
  table.add({&row, 1});
  EXPECT_THAT(commands_without_syntax(table), ElementsAre("fetch"));
}

TEST(RowFaults, KeysThatAreNotToldAreFound) {
  constexpr KeySpec kWrong[] = {{.flags = kKeyRW | kKeyRO, .index = 0}};
  CommandRow row = good_row();
  row.keys = kWrong;
  EXPECT_EQ(faults_of(row).size(), 2u);
}

}  // namespace
}  // namespace plimsoll::test
