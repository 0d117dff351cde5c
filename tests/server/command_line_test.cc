#include "command_line.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace plimsoll::server {
namespace {

TEST(CommandLine, OptionsBecomeDirectives) {
  const CommandLine line =
      parse_command_line({"--port", "7777", "--maxmemory", "10mb", "--bind", "127.0.0.1", "::1"});
  EXPECT_EQ(line.directives, "\nport \"7777\"\nmaxmemory \"10mb\"\nbind \"127.0.0.1\" \"::1\"\n");
  EXPECT_TRUE(line.file.empty());
}

TEST(CommandLine, AFileComesFirst) {
  const CommandLine line = parse_command_line({"/etc/x.conf", "--port", "1"});
  EXPECT_EQ(line.file, "/etc/x.conf");
  EXPECT_EQ(line.directives, "\nport \"1\"\n");
  EXPECT_TRUE(parse_command_line({"x.conf"}).file.ends_with("/x.conf"));
  EXPECT_TRUE(parse_command_line({"x.conf"}).file.starts_with("/"));
}

TEST(CommandLine, StandardInput) {
  EXPECT_TRUE(parse_command_line({"-"}).read_stdin);
  EXPECT_TRUE(parse_command_line({"/etc/x.conf", "-"}).read_stdin);
  EXPECT_TRUE(parse_command_line({"-", "--port", "1"}).read_stdin);
  EXPECT_FALSE(parse_command_line({}).read_stdin);
}

TEST(CommandLine, SaveMayStandAlone) {
  EXPECT_EQ(parse_command_line({"--save", "--port", "1"}).directives, "\nsave \"\"\nport \"1\"\n");
  EXPECT_EQ(parse_command_line({"--port"}).directives, "\nport\n");
}

TEST(CommandLine, TwoDashesAloneAreAnEmptyLine) {
  EXPECT_EQ(parse_command_line({"--port", "0", "--"}).directives, "\nport \"0\"\n\n");
}

TEST(CommandLine, ValuesAreQuoted) {
  EXPECT_EQ(parse_command_line({"--requirepass", "a \"b\"\\\n"}).directives,
            "\nrequirepass \"a \\\"b\\\"\\\\\\n\"\n");
}

TEST(CommandLine, VersionAndHelp) {
  EXPECT_EQ(parse_command_line({"--version"}).action, CommandLine::Action::print_version);
  EXPECT_EQ(parse_command_line({"-v"}).action, CommandLine::Action::print_version);
  EXPECT_EQ(parse_command_line({"--help"}).action, CommandLine::Action::print_help);
  EXPECT_NE(version_text().find("7.0.15"), std::string::npos);
  EXPECT_NE(help_text("plimsoll-server").find("--maxmemory"), std::string::npos);
}

TEST(CommandLine, RefusesWhatIsNoOption) {
  EXPECT_THROW(parse_command_line({"-x"}), std::invalid_argument);
  EXPECT_THROW(parse_command_line({"a.conf", "b.conf"}), std::invalid_argument);
}

}  // namespace
}  // namespace plimsoll::server
