// SLOWLOG and LATENCY.

#include <gtest/gtest.h>

#include <string>

#include "servers.h"

namespace plimsoll::test {
namespace {

TEST(SlowLog, KeepsTheNewestAndHidesSecrets) {
  const auto server = start_plimsoll({"--slowlog-log-slower-than", "0", "--slowlog-max-len", "3"});
  Client client(*server);
  client.call({"CLIENT", "SETNAME", "me"});
  client.call({"CONFIG", "SET", "masterauth", "secret"});
  client.call({"SET", "k", std::string(200, 'x')});
  const RespReply log = client.call({"SLOWLOG", "GET", "-1"});
  ASSERT_EQ(log.children.size(), 3u);
  const RespReply& newest = log.children[0];
  ASSERT_EQ(newest.children.size(), 6u);
  EXPECT_EQ(newest.children[3].children[2].text, std::string(128, 'x') + "... (72 more bytes)");
  EXPECT_EQ(newest.children[4].text, server->socket_path() + ":0");
  EXPECT_EQ(newest.children[5].text, "me");
  EXPECT_GT(std::stoll(newest.children[0].text), std::stoll(log.children[1].children[0].text));
  EXPECT_EQ(log.children[1].children[3].children[3].text, "(redacted)");

  std::vector<std::string> many = {"DEL"};
  for (int i = 0; i < 99; ++i) many.push_back("key");
  client.call(many);
  const RespReply arguments = client.call({"SLOWLOG", "GET", "1"}).children[0].children[3];
  ASSERT_EQ(arguments.children.size(), 32u);
  EXPECT_EQ(arguments.children[31].text, "... (69 more arguments)");

  client.call({"CONFIG", "SET", "slowlog-log-slower-than", "-1"});
  EXPECT_EQ(client.text({"SLOWLOG", "RESET"}), "OK");
  EXPECT_EQ(client.number({"SLOWLOG", "LEN"}), 0);
}

TEST(Latency, RecordsSpikesOfCommands) {
  const auto server = start_plimsoll({"--latency-monitor-threshold", "500", "--enable-debug-command", "yes"});
  Client client(*server);
  client.call({"DEBUG", "SLEEP", "0.001"});
  EXPECT_TRUE(client.call({"LATENCY", "LATEST"}).children.empty());
  client.call({"DEBUG", "SLEEP", "0.55"});
  const RespReply latest = client.call({"LATENCY", "LATEST"});
  ASSERT_EQ(latest.children.size(), 1u);
  EXPECT_EQ(latest.children[0].children[0].text, "command");
  EXPECT_GE(std::stoll(latest.children[0].children[2].text), 550);
  EXPECT_GE(client.call({"LATENCY", "HISTORY", "command"}).children.size(), 1u);
  EXPECT_TRUE(client.text({"LATENCY", "GRAPH", "command"}).starts_with("command - high "));
  EXPECT_NE(client.text({"LATENCY", "DOCTOR"}).find("1. command: 1 latency spikes"), std::string::npos);
  EXPECT_EQ(client.number({"LATENCY", "RESET", "command", "nosuch"}), 1);
  EXPECT_TRUE(client.call({"LATENCY", "LATEST"}).children.empty());
}

// What SETRANGE takes beyond the limit, the next writer evicts: half of 200,000 keys.
TEST(Latency, RecordsWhatMakingRoomTook) {
  const auto server = start_plimsoll({"--latency-monitor-threshold", "1", "--maxmemory", "24mb",
                                      "--maxmemory-policy", "allkeys-random", "--memory-line", "off"});
  Client client(*server);
  constexpr int kBatch = 1000;
  for (int from = 0; from < 1'000'000; from += kBatch) {
    std::string commands;
    for (int i = from; i < from + kBatch; ++i)
      commands += encode_command({"SET", "key:" + std::to_string(i), "v"});
    client.raw().send(commands);
    for (int i = 0; i < kBatch; ++i) ASSERT_EQ(client.raw().read_reply(), "+OK\r\n");
  }
  ASSERT_GT(std::stoll(client.info("stats").at("evicted_keys")), 0);
  client.call({"LATENCY", "RESET"});
  client.raw().send(encode_command({"SETRANGE", "large", "12000000", "x"}) +
                    encode_command({"SET", "k", "v"}));
  EXPECT_EQ(client.raw().read_reply(), ":12000001\r\n");
  EXPECT_EQ(client.raw().read_reply(), "+OK\r\n");
  EXPECT_FALSE(client.call({"LATENCY", "HISTORY", "eviction-cycle"}).children.empty());
  EXPECT_NE(client.text({"LATENCY", "DOCTOR"}).find("- eviction-cycle: "), std::string::npos);
}

// The levels are Redis's: powers of two of 1.024 us, each shown as the highest value of its bucket.
TEST(Latency, HistogramIsCumulative) {
  const auto server = start_plimsoll({"--enable-debug-command", "yes"});
  Client client(*server);
  client.call({"HELLO", "3"});
  client.call({"CONFIG", "RESETSTAT"});
  for (int i = 0; i < 5; ++i) client.call({"DEBUG", "SLEEP", "0"});
  client.call({"DEBUG", "SLEEP", "0.001"});
  const RespReply histogram = client.call({"LATENCY", "HISTOGRAM", "debug", "nosuch"});
  ASSERT_EQ(histogram.children.size(), 2u);
  EXPECT_EQ(histogram.children[0].text, "debug");
  const RespReply& map = histogram.children[1];
  EXPECT_EQ(map.children[1].text, "6");
  const auto& levels = map.children[3].children;
  ASSERT_GE(levels.size(), 4u);
  long long last = 0;
  for (size_t i = 0; i < levels.size(); i += 2) {
    const long long level = std::stoll(levels[i].text), calls = std::stoll(levels[i + 1].text);
    EXPECT_GT(calls, last);
    last = calls;
    bool known = false;
    for (int power = 10; power < 36; ++power) {
      const long long ns = 1LL << power;
      known = known || (ns + ns / 128 - 1) / 1000 == level;
    }
    EXPECT_TRUE(known) << level;
  }
  EXPECT_EQ(last, 6);
  EXPECT_GE(std::stoll(levels[levels.size() - 2].text), 1000);
  client.call({"CLIENT", "ID"});
  EXPECT_EQ(client.call({"LATENCY", "HISTOGRAM", "client"}).children[0].text, "client|id");
}

}  // namespace
}  // namespace plimsoll::test
