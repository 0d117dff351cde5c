#include <gtest/gtest.h>
#include <plimsoll/text/glob.h>

#include <random>
#include <string>

namespace plimsoll {
namespace {

using namespace std::string_view_literals;

TEST(Glob, Stars) {
  EXPECT_TRUE(glob_match("*", "a"));
  EXPECT_TRUE(glob_match("a*", "a"));
  EXPECT_TRUE(glob_match("a***", "a"));
  EXPECT_TRUE(glob_match("*a", "bca"));
  EXPECT_TRUE(glob_match("h*llo", "heeeello"));
  EXPECT_TRUE(glob_match("*ab*ab", "ababab"));
  EXPECT_FALSE(glob_match("*ab", "abc"));
  EXPECT_FALSE(glob_match("h*llo", "hell"));
}

TEST(Glob, AnEmptyTextMatchesOnlyAnEmptyPattern) {
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("*", ""));
  EXPECT_FALSE(glob_match("", "a"));
}

TEST(Glob, OneByteEach) {
  EXPECT_TRUE(glob_match("h?llo", "hello"));
  EXPECT_FALSE(glob_match("h?llo", "hllo"));
  EXPECT_TRUE(glob_match("\\*", "*"));
  EXPECT_FALSE(glob_match("\\*", "a"));
  EXPECT_TRUE(glob_match("a\\", "a\\"));
  EXPECT_TRUE(glob_match("a\0b"sv, "a\0b"sv));
  EXPECT_FALSE(glob_match("a\0b"sv, "a\0c"sv));
}

TEST(Glob, Classes) {
  EXPECT_TRUE(glob_match("h[ae]llo", "hallo"));
  EXPECT_FALSE(glob_match("h[ae]llo", "hillo"));
  EXPECT_TRUE(glob_match("h[^e]llo", "hallo"));
  EXPECT_FALSE(glob_match("h[^e]llo", "hello"));
  EXPECT_TRUE(glob_match("[a-c]", "b"));
  EXPECT_TRUE(glob_match("[c-a]", "b"));
  EXPECT_FALSE(glob_match("[a-c]", "d"));
  EXPECT_TRUE(glob_match("[\\]]", "]"));
  EXPECT_TRUE(glob_match("[a\\-z]", "-"));
  EXPECT_FALSE(glob_match("[a\\-z]", "b"));
  EXPECT_FALSE(glob_match("[]", "a"));
  EXPECT_TRUE(glob_match("[^]", "a"));
}

TEST(Glob, AClassThatIsNotClosedEndsWithThePattern) {
  EXPECT_TRUE(glob_match("[ab", "a"));
  EXPECT_FALSE(glob_match("[ab", "c"));
  EXPECT_FALSE(glob_match("[", "a"));
  EXPECT_TRUE(glob_match("[^", "a"));
  EXPECT_TRUE(glob_match("[a\\", "\\"));
  EXPECT_TRUE(glob_match("[a-]", "_"));  // a range from a to the bracket
}

TEST(Glob, WithoutCase) {
  EXPECT_TRUE(glob_match("HELLO*", "hello world", true));
  EXPECT_TRUE(glob_match("[A-C]x", "bX", true));
  EXPECT_FALSE(glob_match("HELLO", "hello"));
  EXPECT_FALSE(glob_match("[\\A]", "a", true));
}

TEST(Glob, BytesAbove127AreBelowTheOthersInRanges) {
  EXPECT_TRUE(glob_match("[\x80-a]", "\xFF"));
  EXPECT_FALSE(glob_match("[a-z]", "\xE4"));
}

TEST(Glob, NoPatternTakesLong) {
  std::string pattern, text(1000, 'a');
  for (int i = 0; i < 500; ++i) pattern += "a*";
  EXPECT_FALSE(glob_match(pattern + "b", text));
  EXPECT_TRUE(glob_match(pattern, text));
  EXPECT_FALSE(glob_match(std::string(100'000, '*') + "b", text));
}

// The plain definition, without classes.
bool simple_match(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] != '*') {
    return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
           simple_match(pattern.substr(1), text.substr(1));
  }
  for (size_t i = 0; i <= text.size(); ++i) {
    if (simple_match(pattern.substr(1), text.substr(i))) return true;
  }
  return false;
}

TEST(Glob, AgreesWithTheDefinition) {
  std::mt19937 random(1);
  const auto pick = [&](std::string_view from, size_t least, size_t most) {
    std::string picked(least + random() % (most - least + 1), ' ');
    for (char& c : picked) c = from[random() % from.size()];
    return picked;
  };
  int matches = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string pattern = pick("ab*?", 0, 8), text = pick("ab", 1, 8);
    ASSERT_EQ(glob_match(pattern, text), simple_match(pattern, text)) << pattern << " " << text;
    matches += glob_match(pattern, text);
  }
  EXPECT_GT(matches, 5'000);
}

}  // namespace
}  // namespace plimsoll
