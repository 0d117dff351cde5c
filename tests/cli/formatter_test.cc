#include "formatter.h"

#include <gtest/gtest.h>
#include <plimsoll/resp/decoder.h>

namespace plimsoll::cli {
namespace {

resp::Value decode(std::string_view bytes) {
  resp::Decoder decoder;
  decoder.feed(bytes);
  auto value = decoder.next();
  EXPECT_TRUE(value.has_value());
  return value ? *value : resp::Value{};
}

std::string formatted(std::string_view bytes, OutputMode mode) {
  OutputStyle style;
  style.mode = mode;
  return format_reply(decode(bytes), style);
}

// What redis-cli 7.0.15 cannot read (attributes) or print (big numbers), so that there is nothing to compare
// with.
TEST(Formatter, BeyondRedisCli) {
  EXPECT_EQ(formatted("(123\r\n", OutputMode::kTyped), "\"123\"\n");
  EXPECT_EQ(formatted("(123\r\n", OutputMode::kRaw), "123\n");
  EXPECT_EQ(formatted("(123\r\n", OutputMode::kCsv), "\"123\"\n");
  EXPECT_EQ(formatted("(123\r\n", OutputMode::kJson), "\"123\"\n");
  EXPECT_EQ(formatted("|1\r\n+a\r\n:1\r\n+OK\r\n", OutputMode::kTyped), "OK\n");
}

TEST(Formatter, EmptyAggregates) {
  EXPECT_EQ(formatted("*0\r\n", OutputMode::kTyped), "(empty array)\n");
  EXPECT_EQ(formatted("%0\r\n", OutputMode::kTyped), "(empty hash)\n");
  EXPECT_EQ(formatted("~0\r\n", OutputMode::kTyped), "(empty set)\n");
  EXPECT_EQ(formatted(">0\r\n", OutputMode::kTyped), "(empty push)\n");
  EXPECT_EQ(formatted("%0\r\n", OutputMode::kJson), "{}\n");
}

TEST(Formatter, MapsInsideMaps) {
  const char* bytes = "%2\r\n+a\r\n%1\r\n:1\r\n*2\r\n:2\r\n:3\r\n$1\r\nb\r\n~1\r\n_\r\n";
  EXPECT_EQ(formatted(bytes, OutputMode::kTyped),
            "1# a => \n"
            "   1# (integer) 1 => \n"
            "      1) (integer) 2\n"
            "      2) (integer) 3\n"
            "2# \"b\" => 1~ (nil)\n");
  EXPECT_EQ(formatted(bytes, OutputMode::kJson), "{\"a\":{\"1\":[2,3]},\"b\":[null]}\n");
}

TEST(Formatter, RawDelimiters) {
  OutputStyle style;
  style.element_delimiter = ", ";
  style.reply_delimiter = ".";
  EXPECT_EQ(format_reply(decode("*3\r\n:1\r\n*2\r\n:2\r\n:3\r\n:4\r\n"), style), "1, 2, 3, 4.");
}

TEST(Formatter, InvalidationsGetALineForPeople) {
  const auto push = decode(">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$2\r\nb \r\n");
  OutputStyle style;
  style.mode = OutputMode::kTyped;
  EXPECT_EQ(format_push(push, style), "-> invalidate: \"a\", \"b \"\n");
  style.mode = OutputMode::kRaw;
  EXPECT_EQ(format_push(push, style), "invalidate\na\nb \n");
}

}  // namespace
}  // namespace plimsoll::cli
