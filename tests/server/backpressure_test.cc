// Clients that read late, little or never.

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "server_under_test.h"

namespace plimsoll::test {
namespace {

bool write_blindly(const RawConnection& connection, std::string_view bytes, int patience_ms) {
  return connection.send_unread(bytes, std::chrono::milliseconds(patience_ms)) == bytes.size();
}

std::string repeated(const std::string& text, size_t times) {
  std::string result;
  result.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

// 20 MB of GETs whose replies take 200 MB: more than may pile up.
TEST(Backpressure, APipelineWrittenWholeBeforeReadingGetsEveryReply) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  const std::string value(220, 'v');
  ASSERT_EQ(connection.call({"SET", "key", value}), "+OK\r\n");
  const std::string get = encode_command({"GET", "key"});
  const size_t count = (20 << 20) / get.size();
  ASSERT_TRUE(write_blindly(connection, repeated(get, count), 10'000));
  RawConnection other = server.connect();
  EXPECT_LT(info_number(other, "memory", "used_memory"), 90 << 20);
  const std::string reply = bulk(value);
  for (size_t i = 0; i < count; ++i) ASSERT_EQ(connection.read_reply(), reply) << i;
  EXPECT_EQ(connection.call({"PING"}), "+PONG\r\n");
}

// A pause ends as output drains, and what was taken in meanwhile goes on in a turn of its own. What arrives
// before that turn comes behind it.
TEST(Backpressure, WhatArrivesAsAPauseEndsKeepsItsPlace) {
  const ServerProcess server(server_options({"--io-threads", "1", "--client-output-pause", "64kb"}));
  RawConnection connection = server.connect();
  constexpr size_t kCount = 20'000, kLength = 3'000;
  const auto payload = [](size_t i) {
    std::string text = std::to_string(i);
    return text.append(kLength - text.size(), '.');
  };
  std::jthread writer([&] {
    for (size_t i = 0; i < kCount; ++i)
      if (!write_blindly(connection, encode_command({"ECHO", payload(i)}), 10'000)) return;
  });
  for (size_t i = 0; i < kCount; ++i) ASSERT_EQ(connection.read_reply(), bulk(payload(i))) << i;
}

// Its half of the stream has ended, which is found while its commands wait for output to drain.
TEST(Backpressure, AClientThatEndsItsInputGetsEveryReply) {
  const ServerProcess server(server_options({"--io-threads", "1", "--client-output-pause", "64kb"}));
  RawConnection control = server.connect();
  const std::string value(1'000'000, 'v');
  ASSERT_EQ(control.call({"SET", "key", value}), "+OK\r\n");
  constexpr size_t kCount = 100;
  RawConnection connection = server.connect();
  connection.send(repeated(encode_command({"GET", "key"}), kCount) + encode_command({"SET", "last", "one"}) +
                  "*2\r\n$3\r\nGET\r\n$3\r\nke");
  connection.finish_sending();
  // The thread has found the end before it comes to the second of these.
  for (int i = 0; i < 2; ++i) ASSERT_EQ(control.call({"GET", "last"}), "$-1\r\n") << "not paused";
  const std::string replies = connection.read_until_closed();
  EXPECT_EQ(replies.size(), kCount * bulk(value).size() + 5);
  EXPECT_TRUE(replies == repeated(bulk(value), kCount) + "+OK\r\n");
  EXPECT_EQ(control.call({"GET", "last"}), bulk("one"));
}

TEST(Backpressure, NothingIsTakenForACommandWhoseRestWillNotCome) {
  const ServerProcess server(server_options(
      {"--io-threads", "1", "--client-output-pause", "64kb", "--maxmemory-policy", "allkeys-lru"}));
  RawConnection control = server.connect();
  for (int i = 0; i < 20; ++i) control.call({"SET", "key:" + std::to_string(i), std::string(1'000'000, 'v')});
  const long long used = info_number(control, "memory", "used_memory");
  control.call({"CONFIG", "SET", "maxmemory", std::to_string(used + 1'000'000)});
  RawConnection connection = server.connect();
  connection.send(repeated(encode_command({"GET", "key:0"}), 10) +
                  "*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$10000000\r\n" + std::string(1000, 'h'));
  connection.finish_sending();
  for (int i = 0; i < 2; ++i) ASSERT_EQ(control.call({"PING"}), "+PONG\r\n");  // the end has been found
  EXPECT_EQ(connection.read_until_closed().size(), 10 * bulk(std::string(1'000'000, 'v')).size());
  EXPECT_EQ(info_number(control, "stats", "evicted_keys"), 0);
}

// Here it has been taken before, and the replies are few enough to wait without a pause.
TEST(Backpressure, WhatWasTakenForACommandWhoseRestWillNotComeIsFreed) {
  constexpr long long kAnnounced = 50'000'000;
  const ServerProcess server(server_options({"--client-output-pause", "100mb"}));
  RawConnection control = server.connect();
  ASSERT_EQ(control.call({"SET", "key", std::string(1'000'000, 'v')}), "+OK\r\n");
  RawConnection connection = server.connect();
  connection.send(repeated(encode_command({"GET", "key"}), 20) + "*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$" +
                  std::to_string(kAnnounced) + "\r\nh");
  const auto memory_of_clients = [&] { return info_number(control, "memory", "mem_clients_normal"); };
  ASSERT_TRUE(eventually([&] { return memory_of_clients() > kAnnounced; }));
  connection.finish_sending();
  EXPECT_TRUE(eventually([&] { return memory_of_clients() < kAnnounced / 2; }));
  EXPECT_EQ(connection.read_until_closed().size(), 20 * bulk(std::string(1'000'000, 'v')).size());
}

TEST(Backpressure, APausedClientThatGoesIsClosedAtOnce) {
  const ServerProcess server(server_options({"--io-threads", "1", "--client-output-pause", "64kb"}));
  RawConnection control = server.connect();
  ASSERT_EQ(control.call({"SET", "key", std::string(1'000'000, 'v')}), "+OK\r\n");
  {
    const RawConnection gone = server.connect();
    write_blindly(gone, repeated(encode_command({"GET", "key"}), 100), 200);
    ASSERT_TRUE(eventually([&] { return info_number(control, "memory", "mem_clients_normal") > 64'000; }));
  }
  EXPECT_TRUE(eventually([&] { return info_number(control, "clients", "connected_clients") == 1; }));
}

// A value that is refused lies in several blocks by then; what comes behind it is answered, too.
TEST(Backpressure, AValueTakenInDuringAPauseMayBeRefused) {
  const ServerProcess server(server_options({"--io-threads", "1", "--client-output-pause", "8mb"}));
  RawConnection connection = server.connect();
  const std::string value(1'000'000, 'v');
  constexpr size_t kReplies = 30;
  ASSERT_EQ(connection.call({"SET", "key", value}), "+OK\r\n");
  ASSERT_EQ(connection.call({"CONFIG", "SET", "maxmemory", "100000"}), "+OK\r\n");
  const std::string asks = repeated(encode_command({"GET", "key"}), kReplies);
  const std::string set = encode_command({"SET", "other", std::string(5'000'000, 'o')});
  const std::string behind = encode_command({"PING"});
  ASSERT_TRUE(write_blindly(connection, asks + set + behind, 10'000));
  for (size_t i = 0; i < kReplies; ++i) ASSERT_EQ(connection.read_reply(), bulk(value)) << i;
  EXPECT_TRUE(connection.read_reply().starts_with("-OOM "));
  EXPECT_EQ(connection.read_reply(), "+PONG\r\n");
  EXPECT_EQ(connection.call({"EXISTS", "other"}), ":0\r\n");
}

// Quarter of a million commands wait behind replies that are not read; then the client reads.
TEST(Backpressure, CommandsTakenInDuringAPauseLeaveTurnsToOthers) {
  const ServerProcess server(server_options({"--io-threads", "1"}));
  RawConnection control = server.connect();
  constexpr size_t kValue = 1'000'000;
  ASSERT_EQ(control.call({"SET", "key", std::string(kValue, 'v')}), "+OK\r\n");
  RawConnection paused = server.connect();
  ASSERT_TRUE(write_blindly(paused, repeated(encode_command({"GET", "key"}), 40), 10'000));
  const std::string increment = encode_command({"INCR", "n"});
  const size_t count = (8 << 20) / increment.size();
  ASSERT_TRUE(write_blindly(paused, repeated(increment, count), 10'000));
  ASSERT_EQ(control.call({"GET", "n"}), "$-1\r\n");

  std::jthread reader([&] {
    for (int i = 0; i < 40; ++i) EXPECT_EQ(paused.read_reply().size(), kValue + 12);
    for (size_t i = 1; i <= count; ++i) {
      const std::string reply = paused.read_reply();
      if (i == count) {
        EXPECT_EQ(reply, ":" + std::to_string(count) + "\r\n");
      }
    }
  });
  std::set<std::string> seen;
  ASSERT_TRUE(eventually([&] {
    for (int i = 0; i < 50; ++i) seen.insert(control.call({"GET", "n"}));
    return seen.count(bulk(std::to_string(count))) == 1;
  }));
  reader.join();
  EXPECT_GT(seen.size(), 8u) << "of some thirty turns";
}

// Also when they are few and each takes long.
TEST(Backpressure, SlowCommandsOfAPipelineLeaveTurnsToOthers) {
  const ServerProcess server(server_options({"--io-threads", "1", "--enable-debug-command", "yes"}));
  RawConnection control = server.connect(), slow = server.connect();
  slow.send(repeated(encode_command({"DEBUG", "SLEEP", "0.01"}) + encode_command({"INCR", "n"}), 8));
  std::set<std::string> seen;
  ASSERT_TRUE(eventually([&] {
    return seen.insert(control.call({"GET", "n"})), seen.count(bulk("8")) == 1;
  }));
  EXPECT_GT(seen.size(), 4u) << "of nine that there were";
}

TEST(Backpressure, AClientThatNeverReadsHoldsOnlyItsShare) {
  const ServerProcess server(server_options({"--client-output-pause", "1mb"}));
  RawConnection control = server.connect();
  ASSERT_EQ(control.call({"SET", "key", std::string(100'000, 'v')}), "+OK\r\n");
  const long long before = info_number(control, "memory", "used_memory");
  const RawConnection silent = server.connect();
  EXPECT_FALSE(write_blindly(silent, repeated(encode_command({"GET", "key"}), 400'000), 300));
  EXPECT_LT(info_number(control, "memory", "used_memory") - before, 4 << 20);
  EXPECT_EQ(control.call({"PING"}), "+PONG\r\n");
}

TEST(Backpressure, PausedClientsThatSendNothingTakeNoMemoryForInput) {
  constexpr int kClients = 50;
  const ServerProcess server(server_options({"--client-output-pause", "2mb"}));
  RawConnection control = server.connect();
  ASSERT_EQ(control.call({"SET", "large", std::string(1'000'000, 'v')}), "+OK\r\n");
  const long long before = info_number(control, "memory", "plimsoll_tag_client_input");
  std::vector<RawConnection> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(server.connect());
    clients.back().send(repeated(encode_command({"GET", "large"}), 3));
  }
  // Those whose replies the socket does not take wait to be able to write.
  const auto all_wait = [&] {
    const std::string list = control.call({"CLIENT", "LIST"});
    int waiting = 0;
    for (size_t at = 0; (at = list.find(" events=rw ", at)) != std::string::npos; ++at) ++waiting;
    return waiting == kClients;
  };
  ASSERT_TRUE(eventually(all_wait));
  // The threads' own buffers go when they rest.
  EXPECT_TRUE(eventually([&] {
    return info_number(control, "memory", "plimsoll_tag_client_input") - before < kClients * 4096;
  }));
}

TEST(Backpressure, APausedClientWithoutProgressIsClosed) {
  const ServerProcess server(
      server_options({"--client-output-pause", "64kb", "--client-output-pause-timeout", "1"}));
  RawConnection control = server.connect();
  ASSERT_EQ(control.call({"SET", "key", std::string(100'000, 'v')}), "+OK\r\n");
  const RawConnection silent = server.connect();
  write_blindly(silent, repeated(encode_command({"GET", "key"}), 20'000), 200);
  EXPECT_TRUE(eventually([&] { return info_number(control, "clients", "connected_clients") == 1; }));
}

TEST(Backpressure, OutputLimitsClose) {
  const ServerProcess server(server_options({"--client-output-buffer-limit", "normal", "1mb", "0", "0"}));
  RawConnection control = server.connect();
  ASSERT_EQ(control.call({"SET", "key", std::string(100'000, 'v')}), "+OK\r\n");
  const RawConnection silent = server.connect();
  write_blindly(silent, repeated(encode_command({"GET", "key"}), 2'000), 200);
  EXPECT_TRUE(eventually([&] { return info_number(control, "clients", "connected_clients") == 1; }));
}

TEST(Backpressure, TheSoftOutputLimitClosesAfterItsSeconds) {
  const ServerProcess server(server_options({"--client-output-buffer-limit", "normal", "0", "1mb", "1"}));
  RawConnection control = server.connect();
  ASSERT_EQ(control.call({"SET", "key", std::string(100'000, 'v')}), "+OK\r\n");
  const auto began = std::chrono::steady_clock::now();
  const RawConnection silent = server.connect();
  ASSERT_TRUE(eventually([&] { return info_number(control, "clients", "connected_clients") == 2; }));
  write_blindly(silent, repeated(encode_command({"GET", "key"}), 2'000), 200);
  EXPECT_TRUE(eventually([&] { return info_number(control, "clients", "connected_clients") == 1; }));
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::seconds(1));
  EXPECT_NE(server.log().find("closed for overcoming of output buffer limits"), std::string::npos);
}

TEST(Backpressure, QueryBufferLimitCloses) {
  const ServerProcess server(server_options({"--client-query-buffer-limit", "1mb"}));
  RawConnection connection = server.connect();
  write_blindly(connection, "*2\r\n$4\r\nECHO\r\n$4000000\r\n" + std::string(3'000'000, 'x'), 1000);
  EXPECT_EQ(connection.read_until_closed(), "");
}

TEST(Backpressure, QueryBufferLimitSparesArgumentsThatAreThere) {
  const ServerProcess server(server_options({"--client-query-buffer-limit", "1mb"}));
  RawConnection connection = server.connect();
  const std::string value(700'000, 'x');
  EXPECT_EQ(connection.call({"MSET", "a", value, "b", value, "c", value, "d", value}), "+OK\r\n");
  EXPECT_EQ(connection.call({"STRLEN", "d"}), ":700000\r\n");
}

TEST(Backpressure, MaxmemoryClientsEvictsTheLargest) {
  const ServerProcess server(server_options({"--maxmemory-clients", "3mb"}));
  RawConnection control = server.connect();
  RawConnection large = server.connect();
  // It may be closed before all is written.
  write_blindly(large, "*2\r\n$4\r\nECHO\r\n$9000000\r\n" + std::string(5'000'000, 'x'), 2000);
  ASSERT_TRUE(eventually([&] { return info_number(control, "stats", "evicted_clients") == 1; }));
  EXPECT_EQ(control.call({"PING"}), "+PONG\r\n");
}

// As in Redis, or nobody could set another.
TEST(Backpressure, MaxmemoryClientsLeavesRoomToTalkToTheServer) {
  const ServerProcess server(server_options({"--maxmemory-clients", "1", "--hz", "100"}));
  RawConnection control = server.connect();
  const auto seconds = [&] { return info_number(control, "server", "uptime_in_seconds"); };
  const long long since = seconds();
  EXPECT_TRUE(eventually([&] { return seconds() >= since + 2; })) << "it is left alone for some ticks";
  EXPECT_EQ(control.call({"CONFIG", "SET", "maxmemory-clients", "0"}), "+OK\r\n");
  EXPECT_EQ(info_number(control, "stats", "evicted_clients"), 0);
}

TEST(Backpressure, MaxmemoryClientsSparesThoseThatAskForIt) {
  const ServerProcess server(server_options({"--maxmemory-clients", "3mb"}));
  RawConnection control = server.connect();
  RawConnection spared = server.connect();
  ASSERT_EQ(spared.call({"CLIENT", "NO-EVICT", "ON"}), "+OK\r\n");
  const std::string first = "*2\r\n$4\r\nECHO\r\n$2000000\r\n" + std::string(1'500'000, 'x');
  EXPECT_TRUE(write_blindly(spared, first, 2000));
  RawConnection smaller = server.connect();
  write_blindly(smaller, "*2\r\n$4\r\nECHO\r\n$1500000\r\n" + std::string(1'200'000, 'x'), 2000);
  ASSERT_TRUE(eventually([&] { return info_number(control, "stats", "evicted_clients") >= 1; }));
  EXPECT_EQ(smaller.read_until_closed(), "");
  spared.send(std::string(500'000, 'x') + "\r\n");
  EXPECT_EQ(spared.read_reply(), bulk(std::string(2'000'000, 'x')));
}

}  // namespace
}  // namespace plimsoll::test
