#include "admin/text.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace plimsoll::server {
namespace {

Text human(uint64_t bytes) {
  Text text;
  append_human_bytes(text, bytes);
  return text;
}

TEST(AdminText, HumanBytes) {
  EXPECT_EQ(human(0), "0B");
  EXPECT_EQ(human(1023), "1023B");
  EXPECT_EQ(human(1024), "1.00K");
  EXPECT_EQ(human(965888), "943.25K");
  EXPECT_EQ(human(25276514304), "23.54G");
  EXPECT_EQ(human(UINT64_MAX), "16.00E");
}

TEST(AdminText, Quoted) {
  Text text;
  append_quoted(text, std::string_view("a \"b\"\\\n\r\t\a\b\0\x7f\xff", 14));
  EXPECT_EQ(text, "\"a \\\"b\\\"\\\\\\n\\r\\t\\a\\b\\x00\\x7f\\xff\"");
}

TEST(AdminText, IntegersHaveOneForm) {
  int64_t value = 7;
  for (const char* bad : {"", "-", "+1", " 1", "1 ", "01", "-0", "1.0", "9223372036854775808", "x"}) {
    EXPECT_FALSE(parse_integer(bad, value)) << bad;
  }
  EXPECT_EQ(value, 7);
  EXPECT_TRUE(parse_integer("0", value) && value == 0);
  EXPECT_TRUE(parse_integer("-9223372036854775808", value) && value == INT64_MIN);
  EXPECT_TRUE(parse_integer("9223372036854775807", value) && value == INT64_MAX);
}

}  // namespace
}  // namespace plimsoll::server
