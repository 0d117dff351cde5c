#include "process.h"

#include <gtest/gtest.h>

namespace plimsoll::server {
namespace {

TEST(Process, FilesOfThreadsAreNotForClients) {
  constexpr size_t kMoreThanAnySystemAllows = size_t{1} << 40;
  const size_t without = raise_file_limit(kMoreThanAnySystemAllows, 0);
  ASSERT_GT(without, 40u);
  EXPECT_EQ(raise_file_limit(kMoreThanAnySystemAllows, 40), without - 40);
  EXPECT_EQ(raise_file_limit(1, 0), 1u);
}

}  // namespace
}  // namespace plimsoll::server
