#include <gtest/gtest.h>
#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>

#include <clocale>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

namespace plimsoll {
namespace {

std::optional<int64_t> integer(std::string_view text) {
  int64_t value;
  return parse_integer(text, value) ? std::optional(value) : std::nullopt;
}

TEST(Numbers, IntegersInTheirOneForm) {
  EXPECT_EQ(integer("0"), 0);
  EXPECT_EQ(integer("7"), 7);
  EXPECT_EQ(integer("-7"), -7);
  EXPECT_EQ(integer("1000000000000000000"), 1000000000000000000);
  EXPECT_EQ(integer("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(integer("-9223372036854775808"), std::numeric_limits<int64_t>::min());
}

TEST(Numbers, NothingElseIsAnInteger) {
  using namespace std::string_view_literals;
  for (std::string_view text : {""sv,
                                "-"sv,
                                "-0"sv,
                                "+1"sv,
                                "01"sv,
                                "00"sv,
                                "-01"sv,
                                " 1"sv,
                                "1 "sv,
                                "1.0"sv,
                                "1e3"sv,
                                "0x1"sv,
                                "a"sv,
                                "1\0"sv,
                                "9223372036854775808"sv,
                                "-9223372036854775809"sv,
                                "9999999999999999999"sv,
                                "18446744073709551616"sv,
                                "99999999999999999999"sv,
                                "-99999999999999999999"sv}) {
    EXPECT_EQ(integer(text), std::nullopt) << text;
  }
}

std::string byte_count(uint64_t bytes) {
  char text[kByteCountDigits];
  return std::string(text, format_byte_count(bytes, text));
}

TEST(Numbers, ByteCountsAsPeopleReadThem) {
  EXPECT_EQ(byte_count(0), "0B");
  EXPECT_EQ(byte_count(1023), "1023B");
  EXPECT_EQ(byte_count(1024), "1.00K");
  EXPECT_EQ(byte_count(1536), "1.50K");
  EXPECT_EQ(byte_count(965888), "943.25K");
  EXPECT_EQ(byte_count(25276514304), "23.54G");
  EXPECT_EQ(byte_count(UINT64_MAX), "16.00E");
}

TEST(Numbers, IntegersComeBackAsTheyWere) {
  for (int64_t value : {int64_t{0}, int64_t{-1}, int64_t{10}, std::numeric_limits<int64_t>::min(),
                        std::numeric_limits<int64_t>::max(), int64_t{-1234567890123}}) {
    EXPECT_EQ(integer(IntegerText(value)), value);
  }
}

std::string real(long double value) {
  char digits[kLongDoubleDigits];
  return {digits, format_long_double(value, digits)};
}

TEST(Numbers, LongDoublesAreWrittenForPeople) {
  EXPECT_EQ(real(0), "0");
  EXPECT_EQ(real(-0.0L), "0");
  EXPECT_EQ(real(3), "3");
  EXPECT_EQ(real(100), "100");
  EXPECT_EQ(real(10.5L), "10.5");
  EXPECT_EQ(real(0.1L), "0.1");
  EXPECT_EQ(real(-0.25L), "-0.25");
  EXPECT_EQ(real(1e-18L), "0");
  EXPECT_EQ(real(-1e-18L), "0");
  EXPECT_EQ(real(0.1L + 0.2L), "0.3");
  EXPECT_EQ(real(std::numeric_limits<long double>::max()).size(), 4933u);
}

std::optional<long double> long_double(std::string_view text) {
  long double value;
  return parse_long_double(text, value) ? std::optional(value) : std::nullopt;
}

TEST(Numbers, LongDoublesAreReadAsStrtoldReads) {
  EXPECT_EQ(long_double("10.5"), 10.5L);
  EXPECT_EQ(long_double("+5"), 5.0L);
  EXPECT_EQ(long_double("5.0e3"), 5000.0L);
  EXPECT_EQ(long_double("0x10"), 16.0L);
  EXPECT_EQ(long_double(".5"), 0.5L);
  EXPECT_TRUE(std::isinf(long_double("inf").value()));
  EXPECT_EQ(long_double(std::string(2000, '0') + "7"), 7.0L);
}

TEST(Numbers, NotALongDouble) {
  using namespace std::string_view_literals;
  for (std::string_view text : {""sv, " 1"sv, "\t1"sv, "1 "sv, "abc"sv, "1.2.3"sv, "nan"sv, "1e5000"sv,
                                "-1e5000"sv, "1e-5000"sv, "1\0"sv, "1,5"sv, "--1"sv}) {
    EXPECT_EQ(long_double(text), std::nullopt) << text;
  }
  EXPECT_EQ(long_double(std::string(kLongDoubleDigits, '0')), std::nullopt);
}

TEST(Numbers, TheLocaleMakesNoDifference) {
  const std::string saved = std::setlocale(LC_NUMERIC, nullptr);
  for (const char* name : {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "C.UTF-8"}) {
    if (std::setlocale(LC_NUMERIC, name) == nullptr) continue;
    EXPECT_EQ(long_double("1.5"), 1.5L) << name;
    EXPECT_EQ(real(1.5L), "1.5") << name;
  }
  std::setlocale(LC_NUMERIC, saved.c_str());
}

TEST(Numbers, DoublesHaveSeventeenDigits) {
  const auto text = [](double value) {
    char digits[kDoubleDigits];
    return std::string(digits, format_double(value, digits));
  };
  EXPECT_EQ(text(0.1), "0.10000000000000001");
  EXPECT_EQ(text(3), "3");
  EXPECT_EQ(text(-2.5), "-2.5");
  EXPECT_EQ(text(1e100), "1e+100");
  EXPECT_EQ(text(-std::numeric_limits<double>::max()), "-1.7976931348623157e+308");
  EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(text(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(text(-std::nan("")), "nan");
}

TEST(Ascii, CaseIsOfLettersOnly) {
  EXPECT_TRUE(ascii_equal_nocase("Get", "gET"));
  EXPECT_FALSE(ascii_equal_nocase("get", "gett"));
  EXPECT_FALSE(ascii_equal_nocase("@", "`"));
  EXPECT_FALSE(ascii_equal_nocase("[", "{"));
  EXPECT_FALSE(ascii_equal_nocase("\xC4", "\xE4"));
  char upper[4];
  EXPECT_EQ(ascii_upper("object", upper, sizeof upper), 4u);
  EXPECT_EQ(std::string_view(upper, 4), "OBJE");
}

}  // namespace
}  // namespace plimsoll
