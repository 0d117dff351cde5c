#include "memory_line.h"

#include <gtest/gtest.h>
#include <zmalloc/line.h>
#include <zmalloc/process_memory.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "config.h"

namespace plimsoll::server {
namespace {

using namespace std::string_view_literals;
using Kind = LineSetting::Kind;

// Checks both halves of what a text says.
void expect_setting(std::string_view text, Kind kind, uint64_t value) {
  const LineSetting setting = parse_line_setting(text);
  EXPECT_EQ(setting.kind, kind) << text;
  EXPECT_EQ(setting.value, value) << text;
}

std::string error_of(std::string_view text) {
  try {
    parse_line_setting(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(LineSetting, Words) {
  for (const std::string_view text : {"off", "OFF", "Off"}) expect_setting(text, Kind::off, 0);
  for (const std::string_view text : {"auto", "AUTO", "Auto"}) expect_setting(text, Kind::automatic, 0);
}

TEST(LineSetting, Percentages) {
  expect_setting("1%", Kind::percent, 1);
  expect_setting("95%", Kind::percent, 95);
  expect_setting("100%", Kind::percent, 100);
}

TEST(LineSetting, Bytes) {
  expect_setting("1", Kind::bytes, 1);
  expect_setting("5b", Kind::bytes, 5);
  expect_setting("3k", Kind::bytes, 3000);
  expect_setting("3KB", Kind::bytes, 3 * 1024);
  expect_setting("268435456", Kind::bytes, 256 << 20);
  expect_setting("256mb", Kind::bytes, 256 << 20);
  expect_setting("20G", Kind::bytes, 20'000'000'000);
  expect_setting("9223372036854775807", Kind::bytes, INT64_MAX);
  expect_setting("8589934591gb", Kind::bytes, uint64_t{8589934591} << 30);
}

TEST(LineSetting, RefusesAllElse) {
  for (const std::string_view text :
       {""sv,      " "sv,    "0"sv,    "00"sv,   "0mb"sv,   "-1"sv,      "-1mb"sv, "+1"sv,
        "1.5gb"sv, "1 mb"sv, " 1mb"sv, "1mb "sv, "1tb"sv,   "mb"sv,      "0x10"sv, "1e9"sv,
        "none"sv,  "no"sv,   "offf"sv, "of"sv,   "autos"sv, "off auto"sv}) {
    EXPECT_EQ(error_of(text), "argument must be 'auto', 'off', a memory or percent value") << text;
  }
}

TEST(LineSetting, RefusesOtherPercentages) {
  for (const std::string_view text :
       {"%"sv, "0%"sv, "-5%"sv, "+5%"sv, "101%"sv, "1000%"sv, "05%"sv, "5.5%"sv, "5 %"sv, " 5%"sv, "5%%"sv,
        "%5"sv, "5%b"sv, "5mb%"sv, "off%"sv, "18446744073709551617%"sv, "99999999999999999999999%"sv}) {
    EXPECT_NE(error_of(text), "") << text;
  }
}

TEST(LineSetting, RefusesWhatDoesNotFit) {
  for (const std::string_view text :
       {"9223372036854775808"sv, "18446744073709551616"sv, "18446744073709551617"sv,
        "99999999999999999999999"sv, "8589934592gb"sv, "17179869185gb"sv}) {
    EXPECT_NE(error_of(text), "") << text;
  }
}

TEST(LineSetting, RefusesTextBehindAZeroByte) {
  for (const std::string_view text :
       {"off\0"sv, "auto\0"sv, "5%\0"sv, "5\0%"sv, "1mb\0"sv, "1\0mb"sv, "\0"sv, "\0off"sv}) {
    EXPECT_NE(error_of(text), "") << text.size();
  }
}

TEST(MemoryLine, IsWhereItIsAskedToBeAtOnce) {
  constexpr size_t kGiB = size_t{1} << 30;
  {
    MemoryLine line(parse_line_setting("off"));
    EXPECT_EQ(zm::line::limit(), 0u);
    line.set(parse_line_setting("3gb"));
    EXPECT_EQ(zm::line::limit(), 3 * kGiB);
    EXPECT_GT(zm::line::account().outside, size_t{1} << 20) << "measured with it";
    line.set(parse_line_setting("2gb"));
    EXPECT_EQ(zm::line::limit(), 2 * kGiB);
    line.set(parse_line_setting("off"));
    EXPECT_EQ(zm::line::limit(), 0u);
    line.set(parse_line_setting("2gb"));
  }
  EXPECT_EQ(zm::line::limit(), 0u) << "it goes with its keeper";
}

TEST(MemoryLine, SharesAreOfTheGroupOrTheMachine) {
  zm::CgroupMemory group{};
  const bool limited = zm::read_cgroup_memory(&group) == 0 && group.limited;
  const uint64_t whole = limited ? group.limit : zm::physical_memory();
  MemoryLine line(parse_line_setting("50%"));
  EXPECT_EQ(zm::line::limit(), whole / 100 * 50);
  line.set(parse_line_setting("auto"));
  if (limited) {
    EXPECT_LT(zm::line::limit(), whole);
    EXPECT_GE(zm::line::limit(), whole / 2);
  } else {
    EXPECT_EQ(zm::line::limit(), 0u) << "no group limits this process";
  }
}

}  // namespace
}  // namespace plimsoll::server
