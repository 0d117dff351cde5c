// The server's own commands document themselves as the library's do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "commands.h"
#include "row_faults.h"

namespace plimsoll::test {
namespace {

TEST(Rows, OfTheServerAreWhole) {
  CommandTable library;
  for (const auto rows : CommandTable::builtin_families()) library.add(rows);
  CommandTable table;
  server::add_commands(table);
  ASSERT_GT(table.size(), library.size());
  EXPECT_THAT(row_faults(table), testing::IsEmpty());
}

}  // namespace
}  // namespace plimsoll::test
