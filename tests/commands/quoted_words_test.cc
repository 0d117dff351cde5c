#include <gtest/gtest.h>
#include <plimsoll/text/quoted_words.h>

#include <optional>
#include <string>
#include <vector>

namespace plimsoll {
namespace {

using Words = std::vector<std::string>;

std::optional<Words> split(std::string_view line) {
  Words words;
  const bool ok = split_quoted(line, [&words](std::string_view piece, bool starts_word) {
    if (starts_word) words.emplace_back();
    words.back() += piece;
  });
  return ok ? std::optional(words) : std::nullopt;
}

TEST(QuotedWords, SplitsAtBlanks) {
  EXPECT_EQ(split(""), Words{});
  EXPECT_EQ(split(" \t\r\v "), Words{});
  EXPECT_EQ(split("a"), Words{"a"});
  EXPECT_EQ(split("  a\tbc  d "), (Words{"a", "bc", "d"}));
}

TEST(QuotedWords, DoubleQuotesHaveEscapes) {
  EXPECT_EQ(split(R"("a b" "\n\r\t\b\a" "\x41\xfF" "\q\"\\")"),
            (Words{"a b", "\n\r\t\b\a", "A\xff", "q\"\\"}));
  EXPECT_EQ(split(R"("\xzz" "\x4")"), (Words{"xzz", "x4"}));
  EXPECT_EQ(split(R"("" x)"), (Words{"", "x"}));
}

TEST(QuotedWords, SingleQuotesAreLiteral) {
  EXPECT_EQ(split(R"('a\n"b' '\'')"), (Words{R"(a\n"b)", "'"}));
}

TEST(QuotedWords, QuotesMustCloseAtAWordsEnd) {
  for (const char* line : {"\"a", "'a", "\"a\"b", "'a'b", "a \"", "\"a\\", "\"a\\\"", "'\\'"}) {
    EXPECT_EQ(split(line), std::nullopt) << line;
  }
  EXPECT_EQ(split("ab\"c d\""), Words{"abc d"});
}

TEST(QuotedWords, ANulByteEndsTheLine) {
  EXPECT_EQ(split(std::string_view("a b\0c", 5)), (Words{"a", "b"}));
}

TEST(QuotedWords, AppendedOnesAreReadBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  std::string quoted;
  append_quoted(quoted, all);
  EXPECT_EQ(split(quoted), Words{all});
  std::string text;
  append_quoted(text, std::string_view("a \"b\"\\\n\r\t\a\b\0\x7f\xff", 14));
  EXPECT_EQ(text, "\"a \\\"b\\\"\\\\\\n\\r\\t\\a\\b\\x00\\x7f\\xff\"");
}

}  // namespace
}  // namespace plimsoll
