#include "support/text.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace plimsoll::test {
namespace {

std::vector<std::string> texts(std::string_view line) {
  std::vector<std::string> result;
  for (const Word& word : split_words(line)) result.push_back(word.text);
  return result;
}

TEST(SplitWords, readsQuotesEscapesAndRepeats) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(texts("SET  k\tv"), (Strings{"SET", "k", "v"}));
  EXPECT_EQ(texts(R"("a\x00\n\"" '\'x\n' "")"), (Strings{std::string("a\0\n\"", 4), "'x\\n", ""}));
  EXPECT_EQ(texts(R"("ab"*3 x)"), (Strings{"ababab", "x"}));
  EXPECT_EQ(texts("   "), Strings{});
}

TEST(SplitWords, refusesWhatItCannotRead) {
  EXPECT_THROW(split_words("\"open"), std::invalid_argument);
  EXPECT_THROW(split_words("'open"), std::invalid_argument);
  EXPECT_THROW(split_words("\"a\"b"), std::invalid_argument);
  EXPECT_THROW(split_words("\"a\"*"), std::invalid_argument);
  EXPECT_THROW(split_words("\"\\xg0\""), std::invalid_argument);
}

TEST(CommandLine, isReadBackAsTheSameArguments) {
  const std::vector<std::string> argv = {"SET", "", "a b", std::string("\0\xff\"\\'\r\n", 7), "@x", "$y"};
  EXPECT_EQ(texts(command_line(argv)), argv);
}

TEST(Escaped, saysHowMuchItLeavesOut) {
  EXPECT_EQ(escaped(std::string(10, 'a'), 3), "aaa... (10 bytes)");
}

TEST(GlobMatch, knowsStarAndQuestionMark) {
  EXPECT_TRUE(glob_match("CLIENT SETINFO *", "client setinfo lib-name x"));
  EXPECT_TRUE(glob_match("a*b*c", "aXXbYbZc"));
  EXPECT_TRUE(glob_match("a?c*", "abc"));
  EXPECT_FALSE(glob_match("a*b", "abc"));
  EXPECT_FALSE(glob_match("GET", "GETEX"));
}

}  // namespace
}  // namespace plimsoll::test
