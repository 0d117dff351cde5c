#include "process.h"

#include <gtest/gtest.h>

namespace plimsoll::server {
namespace {

TEST(Process, FilesOfThreadsAreNotForClients) {
  constexpr size_t kMoreThanAnySystemAllows = size_t{1} << 40;
  const size_t without = raise_file_limit(kMoreThanAnySystemAllows);
  ASSERT_GT(without, 40u);
  set_thread_files(40);
  EXPECT_EQ(raise_file_limit(kMoreThanAnySystemAllows), without - 40);
  set_thread_files(0);
  EXPECT_EQ(raise_file_limit(1), 1u);
}

}  // namespace
}  // namespace plimsoll::server
