#include "history.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "support/temp_directory.h"

namespace plimsoll::cli {
namespace {

TEST(HistoryFile, KeepsLinesForItsOwnerOnly) {
  test::TempDirectory directory;
  const HistoryFile history(directory.file("h"));
  EXPECT_TRUE(history.load().empty());
  history.append("set a b");
  history.append("get a");
  EXPECT_EQ(history.load(), (std::vector<std::string>{"set a b", "get a"}));
  struct stat status {};
  ASSERT_EQ(stat(directory.file("h").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(HistoryFile, ForgetsTheOldest) {
  test::TempDirectory directory;
  const HistoryFile history(directory.file("h"));
  for (std::size_t i = 0; i < 2 * HistoryFile::kMostLines; ++i) history.append(std::to_string(i));
  const auto lines = history.load();
  ASSERT_EQ(lines.size(), HistoryFile::kMostLines);
  EXPECT_EQ(lines.front(), std::to_string(HistoryFile::kMostLines));
  std::ifstream file(directory.file("h"));
  std::size_t kept = 0;
  for (std::string line; std::getline(file, line);) ++kept;
  EXPECT_EQ(kept, HistoryFile::kMostLines);
}

TEST(HistoryFile, WithoutAFileNothingHappens) {
  const HistoryFile none(std::nullopt);
  none.append("x");
  EXPECT_TRUE(none.load().empty());
  const HistoryFile unwritable("/proc/nowhere/history");
  unwritable.append("x");
  EXPECT_TRUE(unwritable.load().empty());
}

TEST(Secrets, AreCommandsWithPasswords) {
  const auto secret = [](std::vector<std::string> words) { return is_secret(words); };
  EXPECT_TRUE(secret({"AUTH", "x"}));
  EXPECT_TRUE(secret({"auth", "u", "x"}));
  EXPECT_TRUE(secret({"acl", "setuser", "u", ">x"}));
  EXPECT_TRUE(secret({"hello", "3", "auth", "u", "x"}));
  EXPECT_TRUE(secret({"config", "set", "maxmemory", "1", "requirepass", "x"}));
  EXPECT_TRUE(secret({"migrate", "h", "1", "", "0", "5", "AUTH", "x", "keys", "a"}));
  EXPECT_TRUE(secret({"sentinel", "set", "m", "auth-pass", "x"}));
  EXPECT_FALSE(secret({"auth"}));
  EXPECT_FALSE(secret({"set", "auth", "x"}));
  EXPECT_FALSE(secret({"acl", "list"}));
  EXPECT_FALSE(secret({"config", "get", "requirepass"}));
  EXPECT_FALSE(secret({"hello", "3"}));
  EXPECT_FALSE(secret({}));
}

}  // namespace
}  // namespace plimsoll::cli
