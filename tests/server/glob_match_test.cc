#include "glob_match.h"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::server {
namespace {

TEST(GlobMatch, Wildcards) {
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("max*", "maxmemory"));
  EXPECT_TRUE(glob_match("*mem*y", "maxmemory"));
  EXPECT_TRUE(glob_match("h?", "hz"));
  EXPECT_FALSE(glob_match("h?", "hzz"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("a*b", "acd"));
}

TEST(GlobMatch, Classes) {
  EXPECT_TRUE(glob_match("[ht]z", "hz"));
  EXPECT_TRUE(glob_match("[a-i]z", "hz"));
  EXPECT_TRUE(glob_match("[i-a]z", "hz"));
  EXPECT_FALSE(glob_match("[^h]z", "hz"));
  EXPECT_TRUE(glob_match("[^a]z", "hz"));
  EXPECT_TRUE(glob_match("[\\h]z", "hz"));
  EXPECT_FALSE(glob_match("[", "h"));
}

TEST(GlobMatch, IgnoresCaseAndTakesEscapes) {
  EXPECT_TRUE(glob_match("MAX*", "maxmemory"));
  EXPECT_TRUE(glob_match("[H]Z", "hz"));
  EXPECT_TRUE(glob_match("a\\*", "a*"));
  EXPECT_FALSE(glob_match("a\\*", "ab"));
}

TEST(GlobMatch, ManyStarsTakeNoLonger) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  EXPECT_FALSE(glob_match(pattern + "b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace plimsoll::server
