#include "text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "wide_text.h"

namespace plimsoll::cli {
namespace {

using Words = std::vector<std::string>;

TEST(SplitArguments, SeparatesByBlanks) {
  EXPECT_EQ(split_arguments(""), Words{});
  EXPECT_EQ(split_arguments("  \t "), Words{});
  EXPECT_EQ(split_arguments(" set  a\tb \r\n"), (Words{"set", "a", "b"}));
}

TEST(SplitArguments, KnowsQuotes) {
  EXPECT_EQ(split_arguments(R"(set "a b" 'c d')"), (Words{"set", "a b", "c d"}));
  EXPECT_EQ(split_arguments(R"("\n\r\t\b\a\\\"\q\x41\xZZ")"), (Words{"\n\r\t\b\a\\\"qAxZZ"}));
  EXPECT_EQ(split_arguments(R"('it\'s \n')"), (Words{"it's \\n"}));
  EXPECT_EQ(split_arguments(R"("" '')"), (Words{"", ""}));
  EXPECT_EQ(split_arguments(R"(ab"cd" e)"), (Words{"abcd", "e"}));
  EXPECT_EQ(split_arguments("\"\\x00\""), (Words{std::string(1, '\0')}));
}

TEST(SplitArguments, RefusesUnbalancedQuotes) {
  for (const char* line : {"\"", "'", "\"a", "'a", "a\"b", "\"a\"b", "'a'b", "\"a\\\"", "\"a\\", "'a\\'"})
    EXPECT_EQ(split_arguments(line), std::nullopt) << line;
}

TEST(Quote, IsReadBackBySplitArguments) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(split_arguments(quote(all)), Words{all});
  EXPECT_EQ(unquote(quote(all)), all);
  EXPECT_EQ(quote("a\"\\\n\x01\x7f\xff"), "\"a\\\"\\\\\\n\\x01\\x7f\\xff\"");
}

TEST(Quote, HostileLinesNeverBreakTheSplitter) {
  std::mt19937 random(7);
  const std::string alphabet = "\"'\\x4 aZ\0\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string line;
    for (unsigned i = random() % 12; i > 0; --i) line += alphabet[random() % alphabet.size()];
    // From a heap block of its exact size, so that a sanitizer sees a read past it.
    const std::vector<char> block(line.begin(), line.end());
    if (const auto words = split_arguments({block.data(), block.size()})) {
      std::string again;
      for (const std::string& word : *words) again += quote(word) + " ";
      EXPECT_EQ(split_arguments(again), words);
    }
  }
}

TEST(Unquote, WantsExactlyOneArgument) {
  EXPECT_EQ(unquote("plain"), "plain");
  EXPECT_EQ(unquote("a b"), std::nullopt);
  EXPECT_EQ(unquote(""), std::nullopt);
  EXPECT_EQ(unquote("\"a"), std::nullopt);
}

TEST(Numbers, MustBeWhole) {
  EXPECT_EQ(parse_integer("-12"), -12);
  EXPECT_EQ(parse_integer("12x"), std::nullopt);
  EXPECT_EQ(parse_integer(""), std::nullopt);
  EXPECT_EQ(parse_integer("99999999999999999999"), std::nullopt);
  EXPECT_EQ(parse_number("0.5"), 0.5);
  EXPECT_EQ(parse_number("0.5s"), std::nullopt);
}

TEST(WideText, ConvertsThereAndBack) {
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\xa2";
  EXPECT_EQ(to_wide(text).size(), 4u);
  EXPECT_EQ(to_utf8(to_wide(text)), text);
  EXPECT_EQ(to_wide("\xff\xc3"), L"\xfffd\xfffd");
}

TEST(WideText, DecodesByteByByte) {
  wchar_t character = 0;
  EXPECT_EQ(decode_one("\xe2", character), Decoded::kPartial);
  EXPECT_EQ(decode_one("\xe2\x82", character), Decoded::kPartial);
  EXPECT_EQ(decode_one("\xe2\x82\xac", character), Decoded::kComplete);
  EXPECT_EQ(character, L'\x20ac');
  for (const char* bytes : {"\x80", "\xc0\x80", "\xe2\x28", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"})
    EXPECT_EQ(decode_one(bytes, character), Decoded::kInvalid) << bytes;
}

TEST(WideText, CutsToColumns) {
  EXPECT_EQ(cut_to_width(L"hello", 3), L"hel");
  EXPECT_EQ(cut_to_width(L"hello", 9), L"hello");
  EXPECT_EQ(cut_to_width(L"hello", -1), L"");
  EXPECT_EQ(display_width(L"hello"), 5);
}

}  // namespace
}  // namespace plimsoll::cli
