// The server's own commands document themselves as the library's do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "commands.h"
#include "extension.h"
#include "row_faults.h"

namespace plimsoll::test {
namespace {

TEST(Rows, OfTheServerAreWhole) {
  CommandTable table;
  for (const auto rows : CommandTable::builtin_families()) table.add(rows);
  const uint32_t of_the_library = table.size();
  table.add(server::session_command_rows());
  table.add(server::config_command_rows());
  table.add(server::missing_command_rows());
#ifdef PLIMSOLL_HAS_ADMIN
  table.add(server::admin_command_rows());
#endif
  ASSERT_GT(table.size(), of_the_library);
  EXPECT_THAT(row_faults(table), testing::IsEmpty());
}

}  // namespace
}  // namespace plimsoll::test
