#include "config_file.h"

#include <gtest/gtest.h>
#include <plimsoll/command_table.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>

#include "commands.h"
#include "support/temp_directory.h"

namespace plimsoll::server {
namespace {

using test::TempDirectory;

void write(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void load(Config& config, std::string_view text) {
  CommandTable commands;
  add_commands(commands);
  load_config_text(config, commands, text);
}

std::string load_error(std::string_view text) {
  Config config;
  try {
    load(config, text);
  } catch (const ConfigFileError& error) {
    return error.what();
  }
  return "";
}

std::string fatal(int line, const std::string& text, const std::string& reason) {
  return "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line " +
         std::to_string(line) + "\n>>> '" + text + "'\n" + reason + "\n";
}

TEST(ConfigFile, ReadsDirectives) {
  Config config;
  load(config,
       "# a comment\n\n  PORT 7000 \r\nmaxmemory 10mb\nrequirepass \"a b\\\"c\"\nbind 127.0.0.1 "
       "::1\nsave 900 1\n"
       "save 300 10\nrename-command FLUSHALL \"\"\nclient-output-buffer-limit normal 1 2 3\n");
  EXPECT_EQ(config.number(Opt::port), 7000);
  EXPECT_EQ(config.number(Opt::maxmemory), 10 << 20);
  EXPECT_EQ(config.text(Opt::requirepass), "a b\"c");
  EXPECT_EQ(config.text(Opt::bind), "127.0.0.1 ::1");
  EXPECT_EQ(config.text(Opt::save), "900 1 300 10");
  EXPECT_EQ(config.shown(Opt::client_output_buffer_limit),
            "normal 1 2 3 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
}

TEST(ConfigFile, RenamesCommands) {
  Config config;
  CommandTable commands;
  add_commands(commands);
  load_config_text(config, commands,
                   "rename-command FLUSHALL \"\"\nRENAME-COMMAND get fetch\nrename-command set GET\n");
  EXPECT_EQ(commands.find("flushall"), nullptr);
  EXPECT_STREQ(commands.find("fetch")->name.data(), "get");
  EXPECT_EQ(commands.find("set"), nullptr);
}

TEST(ConfigFile, TakesWhatRedisTakesWithoutEffect) {
  EXPECT_EQ(load_error("list-max-ziplist-entries 5\nLIST-MAX-ZIPLIST-VALUE 4\n"), "");
  EXPECT_EQ(load_error("list-max-ziplist-value\n"),
            fatal(1, "list-max-ziplist-value", "Bad directive or wrong number of arguments"));
}

TEST(ConfigFile, AnEmptySaveTurnsSavingOff) {
  Config config;
  load(config, "save \"\"\n");
  EXPECT_EQ(config.text(Opt::save), "");
}

TEST(ConfigFile, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(load_error("port 1\n# c\nfoo bar\n"),
            fatal(3, "foo bar", "Bad directive or wrong number of arguments"));
  EXPECT_EQ(load_error("port 0 0\n"), fatal(1, "port 0 0", "wrong number of arguments"));
  EXPECT_EQ(load_error("\nport abc\n"), fatal(2, "port abc", "argument couldn't be parsed into an integer"));
  EXPECT_EQ(load_error("dir \"/tmp\n"), fatal(1, "dir \"/tmp", "Unbalanced quotes in configuration line"));
  EXPECT_EQ(load_error("save 900\n"), fatal(1, "save 900", "Invalid save parameters"));
  EXPECT_EQ(load_error("dir /nonexistent\n"), fatal(1, "dir /nonexistent", "No such file or directory"));
  EXPECT_EQ(load_error("rename-command GET\n"),
            fatal(1, "rename-command GET", "Bad directive or wrong number of arguments"));
  EXPECT_EQ(load_error("port 0\nrename-command nothing x\n"),
            fatal(2, "rename-command nothing x", "No such command in rename-command"));
  EXPECT_EQ(load_error("rename-command get set\n"),
            fatal(1, "rename-command get set", "Target command name already exists"));
  EXPECT_NE(load_error("replicaof 127.0.0.1 6379\n"), "");
  EXPECT_EQ(load_error("slaveof\n"), fatal(1, "slaveof", "wrong number of arguments"));
  EXPECT_NE(load_error("cluster-enabled yes\n"), "");
}

TEST(ConfigFile, Includes) {
  const TempDirectory directory;
  write(directory.file("a.conf"), "timeout 5\n");
  write(directory.file("b.conf"), "hz 20\n");
  Config config;
  load(config, "include " + directory.file("a.conf") + "\ninclude " + directory.file("b*.conf") +
                   "\ninclude " + directory.file("none*.conf") + "\ntimeout 6\n");
  EXPECT_EQ(config.number(Opt::timeout), 6);
  EXPECT_EQ(config.number(Opt::hz), 20);
  EXPECT_THROW(load(config, "include " + directory.file("missing.conf")), ConfigFileMissing);
}

TEST(ConfigFile, ADirectoryIsNoFile) {
  try {
    read_config_file("/tmp");
    ADD_FAILURE() << "read";
  } catch (const ConfigFileMissing& error) {
    EXPECT_STREQ(error.what(), "Fatal error, can't open config file '/tmp': Is a directory");
  }
}

TEST(ConfigFile, AnIncludeOfItselfEnds) {
  const TempDirectory directory;
  write(directory.file("a.conf"), "include " + directory.file("a.conf") + "\n");
  Config config;
  EXPECT_THROW(load(config, read_config_file(directory.file("a.conf"))), ConfigFileError);
}

std::string rewritten(const std::string& before, const std::vector<std::string_view>& pairs) {
  const TempDirectory directory;
  const std::string path = directory.file("redis.conf");
  write(path, before);
  Config config;
  load(config, before);
  config.set_file(path);
  config.set(pairs, true);
  config.rewrite();
  return read(path);
}

TEST(ConfigRewrite, ReplacesOnlyWhatChanged) {
  EXPECT_EQ(rewritten("# mine\nport 7000\n\nmaxmemory   10mb\n# end\n# other\n# x", {}),
            "# mine\nport 7000\n\nmaxmemory   10mb\n# end\n# other\n# x\n");
}

TEST(ConfigRewrite, KeepsOrderAndComments) {
  EXPECT_EQ(rewritten("# mine\ntimeout 1\nmaxmemory 10mb\ntimeout 2\n# end\n", {"timeout", "9", "hz", "30"}),
            "# mine\ntimeout 9\nmaxmemory 10mb\n# end\n# Generated by CONFIG REWRITE\nhz 30\n");
}

TEST(ConfigRewrite, WhatItWritesReadsTheSame) {
  const std::string text = rewritten(
      "", {"requirepass", "a \"b\"\\ \n\x01", "save", "10 5", "client-output-buffer-limit", "normal 1 2 3",
           "maxmemory-clients", "7%", "notify-keyspace-events", "KEA", "masterauth", "#x"});
  Config config;
  load(config, text);
  EXPECT_EQ(config.text(Opt::requirepass), "a \"b\"\\ \n\x01");
  EXPECT_EQ(config.text(Opt::save), "10 5");
  EXPECT_EQ(config.shown(Opt::maxmemory_clients), "7%");
  EXPECT_EQ(config.text(Opt::notify_keyspace_events), "AKE");
  EXPECT_EQ(config.text(Opt::masterauth), "#x");
  EXPECT_TRUE(config.text(Opt::client_output_buffer_limit).starts_with("normal 1 2 3 "));
}

TEST(ConfigRewrite, ListsKeepALineForEachPart) {
  const std::string limits =
      "client-output-buffer-limit normal 0 0 0\nclient-output-buffer-limit replica 256mb 64mb 60\n"
      "# between\nclient-output-buffer-limit pubsub 32mb 8mb 60\n";
  EXPECT_EQ(rewritten(limits, {"client-output-buffer-limit", "pubsub 1mb 2500 3"}),
            "client-output-buffer-limit normal 0 0 0\nclient-output-buffer-limit replica 256mb 64mb 60\n"
            "# between\nclient-output-buffer-limit pubsub 1mb 2500 3\n");
  EXPECT_EQ(rewritten("port 7000\n", {"client-output-buffer-limit", "pubsub 1gb 2kb 3"}),
            "port 7000\n# Generated by CONFIG REWRITE\nclient-output-buffer-limit pubsub 1gb 2kb 3\n");
  EXPECT_EQ(rewritten("save 900 1\n# c\nsave 300 10\n", {"save", "60 2"}), "save 60 2\n# c\n");
  EXPECT_EQ(rewritten("save 900 1\n# c\n", {"save", "60 2 7 3"}),
            "save 60 2\n# c\n# Generated by CONFIG REWRITE\nsave 7 3\n");
}

TEST(ConfigRewrite, ModeOfTheFileStays) {
  const TempDirectory directory;
  const std::string file = directory.file("redis.conf");
  const auto mode_after_rewrite = [&] {
    Config config;
    config.set_file(file);
    config.rewrite();
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  };
  const mode_t mask = ::umask(027);
  EXPECT_EQ(mode_after_rewrite(), 0640u);  // there was none
  for (const mode_t mode : {0600u, 0640u, 0666u}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    EXPECT_EQ(mode_after_rewrite(), mode);
  }
  ::umask(mask);
}

TEST(ConfigRewrite, TwiceChangesNothing) {
  const std::string once = rewritten("port 7000\n", {"hz", "30", "save", ""});
  EXPECT_EQ(once, "port 7000\n# Generated by CONFIG REWRITE\nhz 30\nsave \"\"\n");
  EXPECT_EQ(rewritten(once, {}), once);
}

TEST(ConfigRewrite, NeedsAFile) {
  Config config;
  try {
    config.rewrite();
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "ERR The server is running without a config file");
  }
}

}  // namespace
}  // namespace plimsoll::server
