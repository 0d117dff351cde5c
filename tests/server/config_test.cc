#include "config.h"

#include <gtest/gtest.h>

#include <map>
#include <new>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::server {
namespace {

std::string set_error(Config& config, std::vector<std::string_view> pairs, bool allow_protected = false) {
  try {
    config.set(pairs, allow_protected);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::map<std::string, std::string> matches(const Config& config, std::vector<std::string_view> patterns) {
  std::map<std::string, std::string> found;
  config.match(patterns, [&found](std::string_view name, std::string_view shown) {
    EXPECT_TRUE(found.emplace(name, shown).second) << name << " twice";
  });
  return found;
}

std::string shown(const Config& config, Opt id) {
  return std::string(config.shown(id));
}

TEST(ConfigTable, NamesAreUniqueAndDefaultsAreInRange) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kOptionCount; ++i) {
    const OptionRow& row = Config::row(static_cast<Opt>(i));
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.alias.empty() || names.insert(row.alias).second) << row.alias;
    EXPECT_NO_THROW(Config::initial(static_cast<Opt>(i))) << row.name;
    EXPECT_EQ(Config::find(row.name), i);
  }
  EXPECT_EQ(Config::find("no-such-option"), kOptionCount);
}

TEST(Config, Defaults) {
  const Config config;
  EXPECT_EQ(config.number(Opt::port), 6379);
  EXPECT_EQ(config.number(Opt::maxmemory), 0);
  EXPECT_EQ(config.number(Opt::client_output_pause), 32 << 20);
  EXPECT_TRUE(config.flag(Opt::protected_mode));
  EXPECT_EQ(shown(config, Opt::maxmemory_policy), "noeviction");
  EXPECT_EQ(shown(config, Opt::bind), "* -::*");
  EXPECT_EQ(config.words(Opt::bind).size(), 2u);
  EXPECT_GE(config.number(Opt::io_threads), 1);
  EXPECT_LE(config.number(Opt::io_threads), 8);
}

TEST(Config, GetMatchesNamesAndAliases) {
  const Config config;
  EXPECT_EQ(matches(config, {"timeout"}), (std::map<std::string, std::string>{{"timeout", "0"}}));
  EXPECT_EQ(matches(config, {"TIMEOUT", "time*"}), (std::map<std::string, std::string>{{"TIMEOUT", "0"}}));
  EXPECT_EQ(matches(config, {"slave-priority", "replica-priority"}).size(), 2u);
  EXPECT_EQ(matches(config, {"h?", "databases"}).size(), 2u);
  EXPECT_TRUE(matches(config, {"nothing*"}).empty());
  size_t names = 0;
  for (size_t i = 0; i < kOptionCount; ++i) {
    const OptionRow& row = Config::row(static_cast<Opt>(i));
    if ((row.flags & kHidden) == 0) names += row.alias.empty() ? 1 : 2;
  }
  EXPECT_EQ(matches(config, {"*"}).size(), names);
  EXPECT_EQ(matches(config, {"watchdog-perio?"}).size(), 0u);
  EXPECT_EQ(matches(config, {"watchdog-period"}).size(), 1u);
}

TEST(Config, SetsSeveral) {
  Config config;
  EXPECT_EQ(set_error(config, {"maxmemory", "1gb", "timeout", "7"}), "");
  EXPECT_EQ(config.number(Opt::maxmemory), 1 << 30);
  EXPECT_EQ(config.number(Opt::timeout), 7);
}

TEST(Config, OfBothNamesOfAnOptionTheLastHasItsWay) {
  Config config;
  EXPECT_EQ(set_error(config, {"slave-priority", "1", "maxmemory", "5", "replica-priority", "2"}), "");
  EXPECT_EQ(config.number(Opt::replica_priority), 2);
  EXPECT_EQ(set_error(config, {"replica-priority", "1", "slave-priority", "2"}), "");
  EXPECT_EQ(config.number(Opt::replica_priority), 2) << "as it was before";
}

TEST(Config, SetIsAllOrNone) {
  Config config;
  const std::pair<std::vector<std::string_view>, std::string> cases[] = {
      {{"maxmemory", "1gb", "timeout", "x"},
       "ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an "
       "integer"},
      {{"maxmemory", "1gb", "nothing", "1"},
       "ERR Unknown option or number of arguments for CONFIG SET - 'nothing'"},
      {{"maxmemory", "1gb", "databases", "1"},
       "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config"},
      {{"maxmemory", "1gb", "dir", "/"},
       "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config"},
      {{"maxmemory", "1gb", "maxmemory", "2gb"},
       "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - duplicate parameter"},
      {{"slave-priority", "1", "replica-priority", "2", "slave-priority", "1"},
       "ERR CONFIG SET failed (possibly related to argument 'slave-priority') - duplicate parameter"},
  };
  for (const auto& [pairs, error] : cases) {
    EXPECT_EQ(set_error(config, pairs), error);
    EXPECT_EQ(config.number(Opt::maxmemory), 0);
  }
}

TEST(Config, ARefusedHookTakesEverythingBack) {
  Config config;
  struct Seen {
    Config& config;
    std::vector<int64_t> limits;
    std::vector<int64_t> hz;
  } seen{config, {}, {}};
  config.on_change(
      {{Opt::maxmemory}},
      [](void* context, Opt id) {
        auto* each = static_cast<Seen*>(context);
        each->limits.push_back(each->config.number(id));
      },
      &seen);
  config.on_change(
      {{Opt::hz}},
      [](void* context, Opt id) {
        auto* each = static_cast<Seen*>(context);
        each->hz.push_back(each->config.number(id));
        if (each->config.number(id) == 50) throw ConfigError("not fifty");
      },
      &seen);
  EXPECT_EQ(set_error(config, {"maxmemory", "5mb", "hz", "50"}),
            "ERR CONFIG SET failed (possibly related to argument 'hz') - not fifty");
  EXPECT_EQ(config.number(Opt::maxmemory), 0);
  EXPECT_EQ(config.number(Opt::hz), 10);
  EXPECT_EQ(seen.limits, (std::vector<int64_t>{5 << 20, 0}));
  EXPECT_EQ(seen.hz, (std::vector<int64_t>{50, 10}));
}

TEST(Config, WhateverAHookThrowsTakesEverythingBack) {
  Config config;
  std::vector<std::pair<std::string, int64_t>> seen;
  struct Context {
    Config& config;
    std::vector<std::pair<std::string, int64_t>>& seen;
  } context{config, seen};
  config.on_change(
      {{Opt::bind}},
      [](void* self, Opt id) {
        auto* each = static_cast<Context*>(self);
        each->seen.emplace_back(each->config.text(id), 0);
      },
      &context);
  config.on_change(
      {{Opt::hz}},
      [](void* self, Opt id) {
        auto* each = static_cast<Context*>(self);
        each->seen.emplace_back("hz", each->config.number(id));
        throw std::bad_alloc();
      },
      &context);
  const std::string_view pairs[] = {"bind", "127.0.0.1", "hz", "50", "timeout", "7"};
  EXPECT_THROW(config.set(pairs, false), std::bad_alloc);
  EXPECT_EQ(shown(config, Opt::bind), "* -::*");
  EXPECT_EQ(config.number(Opt::hz), 10);
  EXPECT_EQ(config.number(Opt::timeout), 0);
  EXPECT_EQ(seen, (std::vector<std::pair<std::string, int64_t>>{
                      {"127.0.0.1", 0}, {"hz", 50}, {"* -::*", 0}, {"hz", 10}}));
}

TEST(Config, AHookOfSeveralOptionsRunsOnceAndOnlyForChanges) {
  Config config;
  std::vector<Opt> seen;
  config.on_change(
      {{Opt::port, Opt::bind}},
      [](void* context, Opt id) { static_cast<std::vector<Opt>*>(context)->push_back(id); }, &seen);
  EXPECT_EQ(set_error(config, {"bind", "127.0.0.1", "hz", "20", "port", "7000"}), "");
  EXPECT_EQ(set_error(config, {"bind", "127.0.0.1", "port", "7000"}), "");
  EXPECT_EQ(set_error(config, {"bind", "127.0.0.1", "port", "7001"}), "");
  EXPECT_EQ(seen, (std::vector<Opt>{Opt::bind, Opt::port}));
}

TEST(Config, Memory) {
  Config config;
  const std::pair<std::string_view, int64_t> cases[] = {
      {"100", 100},     {"1b", 1},          {"1k", 1000},     {"1kb", 1024}, {"2M", 2'000'000},
      {"2mB", 2 << 20}, {"1g", 1000000000}, {"1GB", 1 << 30}, {"0", 0},
  };
  for (const auto& [text, bytes] : cases) {
    EXPECT_EQ(set_error(config, {"maxmemory", text}), "") << text;
    EXPECT_EQ(config.number(Opt::maxmemory), bytes) << text;
  }
  for (const char* text : {"x", "-1", "1 mb", "1tb", "99999999999gb"}) {
    EXPECT_NE(set_error(config, {"maxmemory", text}), "") << text;
  }
}

TEST(Config, MemoryOrPercent) {
  Config config;
  EXPECT_EQ(set_error(config, {"maxmemory-clients", "5%"}), "");
  EXPECT_EQ(config.number(Opt::maxmemory_clients), -5);
  EXPECT_EQ(shown(config, Opt::maxmemory_clients), "5%");
  EXPECT_EQ(set_error(config, {"maxmemory-clients", "1mb"}), "");
  EXPECT_EQ(shown(config, Opt::maxmemory_clients), "1048576");
}

TEST(Config, OutputLimitsChangeClassByClass) {
  Config config;
  EXPECT_EQ(set_error(config, {"client-output-buffer-limit", "replica 1mb 2kb 3 normal 5 6 7"}), "");
  EXPECT_EQ(shown(config, Opt::client_output_buffer_limit),
            "normal 5 6 7 slave 1048576 2048 3 pubsub 33554432 8388608 60");
}

TEST(Config, HzIsClamped) {
  Config config;
  EXPECT_EQ(set_error(config, {"hz", "0"}), "");
  EXPECT_EQ(config.number(Opt::hz), 1);
  EXPECT_EQ(set_error(config, {"hz", "9999"}), "");
  EXPECT_EQ(config.number(Opt::hz), 500);
}

TEST(Config, ProtectedOptionsWhereAllowed) {
  Config config;
  EXPECT_EQ(set_error(config, {"dbfilename", "other.rdb"}, true), "");
  EXPECT_EQ(shown(config, Opt::dbfilename), "other.rdb");
}

}  // namespace
}  // namespace plimsoll::server
