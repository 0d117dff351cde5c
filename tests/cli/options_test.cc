#include "options.h"

#include <gtest/gtest.h>

#include "option_table.h"

namespace plimsoll::cli {
namespace {

Options parse(const std::vector<std::string>& arguments, const Surroundings& surroundings = {}) {
  return parse_options(arguments, surroundings);
}

std::string refusal(const std::vector<std::string>& arguments) {
  try {
    parse(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Options, DefaultsFitTheSurroundings) {
  const Options plain = parse({});
  EXPECT_EQ(plain.endpoint.describe(), "127.0.0.1:6379");
  EXPECT_EQ(plain.style.mode, OutputMode::kRaw);
  EXPECT_FALSE(plain.show_pushes);
  EXPECT_FALSE(plain.credentials);
  const Options on_terminal = parse({}, {true, "secret"});
  EXPECT_EQ(on_terminal.style.mode, OutputMode::kTyped);
  EXPECT_TRUE(on_terminal.show_pushes);
  EXPECT_EQ(on_terminal.credentials->password, "secret");
  EXPECT_FALSE(on_terminal.warn_about_password);
}

TEST(Options, TheCommandBeginsAtTheFirstOtherArgument) {
  const Options options = parse({"-n", "3", "set", "-n", "5"});
  EXPECT_EQ(options.database, 3);
  EXPECT_EQ(options.command, (std::vector<std::string>{"set", "-n", "5"}));
  EXPECT_EQ(parse({""}).command, std::vector<std::string>{""});
}

TEST(Options, Values) {
  const Options options =
      parse({"-h", "example", "-p",  "7",         "-r", "-1",      "-i", "0.25",           "-d", ",", "-D",
             "",   "-X",      "tag", "--pattern", "a*", "--count", "9",  "--pipe-timeout", "0",  "-e"});
  EXPECT_EQ(options.endpoint.describe(), "example:7");
  EXPECT_EQ(options.repeat, -1);
  EXPECT_DOUBLE_EQ(*options.interval, 0.25);
  EXPECT_EQ(options.style.element_delimiter, ",");
  EXPECT_EQ(options.style.reply_delimiter, "");
  EXPECT_EQ(options.stdin_tag, "tag");
  EXPECT_EQ(options.pattern, "a*");
  EXPECT_EQ(options.count, 9);
  EXPECT_EQ(options.pipe_timeout_seconds, 0);
  EXPECT_TRUE(options.fail_on_error);
}

TEST(Options, Passwords) {
  const Options options = parse({"-a", "first", "--user", "me"}, {false, "second"});
  EXPECT_EQ(options.credentials->password, "first");
  EXPECT_EQ(options.credentials->user, "me");
  EXPECT_TRUE(options.warn_about_password);
  EXPECT_FALSE(parse({"--pass", "x", "--no-auth-warning"}).warn_about_password);
  EXPECT_FALSE(parse({"--user", "me"}).credentials);
  EXPECT_EQ(parse({"--user", "me", "--askpass", "-a", "x"}).credentials->password, "");
}

TEST(Options, OutputModes) {
  EXPECT_EQ(parse({"--raw"}, {true, {}}).style.mode, OutputMode::kRaw);
  EXPECT_EQ(parse({"--no-raw"}).style.mode, OutputMode::kTyped);
  EXPECT_EQ(parse({"--csv"}).style.mode, OutputMode::kCsv);
  EXPECT_TRUE(parse({"--json"}).resp3);
  EXPECT_FALSE(parse({"--quoted-json", "-2"}).resp3);
  EXPECT_TRUE(parse({"--show-pushes", "yes"}).show_pushes);
  EXPECT_FALSE(parse({"--show-pushes", "No"}, {true, {}}).show_pushes);
}

TEST(Options, QuotedInput) {
  EXPECT_EQ(parse({"--quoted-input", "set", "\"\\x41\""}).command, (std::vector<std::string>{"set", "A"}));
  EXPECT_EQ(parse({"--quoted-pattern", "\"\\x41*\""}).pattern, "A*");
  EXPECT_EQ(refusal({"--quoted-input", "set", "\"a"}), "Invalid quoted string");
}

TEST(Options, RefusesWhatItCannotMean) {
  EXPECT_EQ(refusal({"--bad", "ping"}), "Unrecognized option or bad number of args for: '--bad'");
  EXPECT_EQ(refusal({"-p"}), "Unrecognized option or bad number of args for: '-p'");
  EXPECT_EQ(refusal({"-"}), "Unrecognized option or bad number of args for: '-'");
  EXPECT_EQ(refusal({"--tls"}), "plimsoll-cli does not support '--tls'");
  EXPECT_EQ(refusal({"--cluster", "help"}), "plimsoll-cli does not support '--cluster'");
  EXPECT_EQ(refusal({"-2", "-3"}), "Options -2 and -3 are mutually exclusive.");
  EXPECT_EQ(refusal({"-x", "-X", "t"}), "Options -x and -X are mutually exclusive.");
  EXPECT_EQ(refusal({"-c", "-s", "x"}), "Options -c and -s are mutually exclusive.");
  for (const char* port : {"0", "65536", "abc", "", "6379x", "-1"})
    EXPECT_NE(refusal({"-p", port}), "accepted") << port;
  for (const char* seconds : {"-1", "x", "nan", "inf"})
    EXPECT_NE(refusal({"-i", seconds}), "accepted") << seconds;
  EXPECT_NE(refusal({"-n", "-1"}), "accepted");
  EXPECT_NE(refusal({"-r", "x"}), "accepted");
  EXPECT_NE(refusal({"--count", "0"}), "accepted");
}

TEST(Options, ClusterModeIsToldToBeIgnored) {
  EXPECT_EQ(parse({"-c"}).notices.size(), 1u);
}

TEST(Options, HelpNamesEveryOption) {
  EXPECT_EQ(parse({"-h"}).mode, Mode::kHelp);
  EXPECT_EQ(parse({"--help"}).mode, Mode::kHelp);
  EXPECT_EQ(parse({"-v"}).mode, Mode::kVersion);
  const std::string help = usage_text();
  for (const OptionRow& row : option_table())
    EXPECT_NE(help.find("\n  " + std::string(row.name)), std::string::npos);
}

TEST(Uri, SetsWhatItNames) {
  const Options full = parse({"-u", "redis://me:p%40ss@example:7000/5"});
  EXPECT_EQ(full.endpoint.describe(), "example:7000");
  EXPECT_EQ(full.credentials->user, "me");
  EXPECT_EQ(full.credentials->password, "p@ss");
  EXPECT_EQ(full.database, 5);
  EXPECT_TRUE(full.warn_about_password);
  EXPECT_EQ(parse({"-u", "redis://"}).endpoint.describe(), "127.0.0.1:6379");
  EXPECT_EQ(parse({"-u", "redis://secret@host"}).credentials->password, "secret");
  EXPECT_EQ(parse({"-u", "redis://:secret@host"}).credentials->user, "");
  EXPECT_EQ(parse({"-u", "redis://[::1]:7000"}).endpoint.describe(), "[::1]:7000");
  EXPECT_EQ(parse({"-u", "redis://[::1]"}).endpoint.host, "::1");
  EXPECT_EQ(parse({"-u", "redis://host/3?x=y"}).database, 3);
}

TEST(Uri, RefusesNonsense) {
  for (const char* uri : {"http://x", "x", "", "redis://h:0", "redis://h:x", "redis://h:70000", "redis://h/x",
                          "redis://[::1", "redis://[::1]x", "redis://%4", "redis://%zz@h", "rediss://h"})
    EXPECT_NE(refusal({"-u", uri}), "accepted") << uri;
}

}  // namespace
}  // namespace plimsoll::cli
