// Requests and replies over real connections.

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "server_under_test.h"

namespace plimsoll::test {
namespace {

TEST(Connection, AnswersPipelinesInOrder) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  std::string commands;
  std::string replies;
  for (int i = 0; i < 5000; ++i) {
    const std::string text = "value " + std::to_string(i);
    commands += encode_command({"ECHO", text});
    replies += bulk(text);
  }
  connection.send(commands);
  std::string received;
  while (received.size() < replies.size()) received += connection.read_reply();
  EXPECT_EQ(received, replies);
}

// What arrives together costs one read and one write, whatever it is. On one thread: a write is counted once
// its bytes are on their way, which another thread may be asked about before.
TEST(Connection, ABatchIsOneReadAndOneWrite) {
  const ServerProcess server(server_options({"--io-threads", "1"}));
  RawConnection control = server.connect(), client = server.connect();
  std::string batch;
  for (int i = 0; i < 8; ++i)
    batch += encode_command({"SET", "key", "value"}) + encode_command({"GET", "key"});
  const auto counts = [&] {
    return std::pair(info_number(control, "stats", "total_reads_processed"),
                     info_number(control, "stats", "total_writes_processed"));
  };
  client.call({"PING"});
  // A batch that is held up for a millisecond leaves others a turn in between; not each is, even under
  // sanitizers.
  constexpr int kBatches = 20;
  auto fewest = std::pair(1000LL, 1000LL);
  for (int n = 0; n < kBatches; ++n) {
    const auto before = counts(), at_rest = counts();
    client.send(batch);
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(client.read_reply(), "+OK\r\n");
      EXPECT_EQ(client.read_reply(), "$5\r\nvalue\r\n");
    }
    const auto after = counts();
    fewest.first = std::min(fewest.first, after.first - at_rest.first - (at_rest.first - before.first));
    fewest.second = std::min(fewest.second, after.second - at_rest.second - (at_rest.second - before.second));
  }
  EXPECT_EQ(fewest.first, 1);
  EXPECT_EQ(fewest.second, 1);
}

// The wall clock is not read for each command.
TEST(Connection, ExpiriesAreByTheWallClock) {
  const ServerProcess server(server_options());
  RawConnection client = server.connect();
  const auto now_ms = [] {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  };
  for (int i = 0; i < 200; ++i) {
    const auto before = now_ms();
    client.send(encode_command({"SET", "key", "value", "PX", "100000"}) +
                encode_command({"PEXPIRETIME", "key"}));
    EXPECT_EQ(client.read_reply(), "+OK\r\n");
    const long long expiry = std::stoll(client.read_reply().substr(1));
    EXPECT_GE(expiry, before + 100'000 - 1);
    EXPECT_LE(expiry, now_ms() + 100'000 + 1);
  }
}

TEST(Connection, CommandsMayArriveInFragments) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  std::mt19937_64 random(5);
  const std::string value(3000, 'v');
  for (int i = 0; i < 20; ++i) {
    connection.send_in_fragments(
        encode_command({"SET", "k", value}) + "PING\r\n" + encode_command({"GET", "k"}), random);
    EXPECT_EQ(connection.read_reply(), "+OK\r\n");
    EXPECT_EQ(connection.read_reply(), "+PONG\r\n");
    EXPECT_EQ(connection.read_reply(), bulk(value));
  }
}

TEST(Connection, ValuesOfAllSizes) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  for (const size_t size :
       {0, 1, 100, 14'000, 14'336, 16'384, 32'768, 65'535, 65'536, 65'537, 200'000, 3'000'000, 40'000'000}) {
    std::string value(size, 'x');
    for (size_t i = 0; i < size; i += 997) value[i] = static_cast<char>('a' + i % 26);
    ASSERT_EQ(connection.call({"SET", "key", value}), "+OK\r\n") << size;
    ASSERT_EQ(connection.call({"GET", "key"}), bulk(value)) << size;
  }
}

TEST(Connection, LargeAndSmallCommandsShareAPipeline) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  const std::string large(300'000, 'l');
  std::string commands;
  for (int i = 0; i < 20; ++i) {
    commands += encode_command({"SET", "large", large}) + encode_command({"STRLEN", "large"}) + "PING\r\n";
  }
  connection.send(commands);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(connection.read_reply(), "+OK\r\n");
    ASSERT_EQ(connection.read_reply(), ":300000\r\n");
    ASSERT_EQ(connection.read_reply(), "+PONG\r\n");
  }
}

TEST(Connection, ManyArguments) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  std::vector<std::string> command{"MSET"};
  for (int i = 0; i < 100'000; ++i) {
    command.push_back("key:" + std::to_string(i));
    command.push_back("v");
  }
  EXPECT_EQ(connection.call(command), "+OK\r\n");
  EXPECT_EQ(connection.call({"DBSIZE"}), ":100000\r\n");
}

TEST(Connection, ClosesWhenTheClientHasFinished) {
  const ServerProcess server(server_options());
  for (int i = 0; i < 20; ++i) {
    RawConnection connection = server.connect();
    connection.send("PING\r\n");
    connection.finish_sending();
    EXPECT_EQ(connection.read_until_closed(), "+PONG\r\n");
  }
}

// One thread finds them all at once, when the first command that sleeps lets it.
// With and without io_uring.
class ManyAtOnce : public testing::TestWithParam<const char*> {
 protected:
  void gather(size_t clients) {
    control_.send(encode_command({"DEBUG", "SLEEP", "0.3"}));
    for (size_t i = 0; i < clients; ++i) clients_.push_back(server_.connect());
  }

  const ServerProcess server_{server_options({"--io-threads", "1", "--enable-debug-command", "yes",
                                              "--maxclients", "200", "--io-uring", GetParam()})};
  RawConnection control_ = server_.connect();
  std::vector<RawConnection> clients_;
};
INSTANTIATE_TEST_SUITE_P(IoUring, ManyAtOnce, testing::Values("yes", "no"),
                         [](const auto& way) { return std::string(way.param); });

TEST_P(ManyAtOnce, ShareSystemCalls) {
  const bool allowed = std::string(GetParam()) == "yes";
  if (allowed && !kernel_has_io_uring()) GTEST_SKIP() << "this kernel has no io_uring, or forbids it";
  gather(100);
  for (RawConnection& client : clients_) client.send(encode_command({"ECHO", "text"}));
  for (RawConnection& client : clients_) EXPECT_EQ(client.read_reply(), bulk("text"));
  EXPECT_EQ(control_.read_reply(), "+OK\r\n");
  const long long shared = info_number(control_, "stats", "plimsoll_ring_calls");
  if (allowed) {
    EXPECT_GE(shared, 150) << "of 200";
  } else {
    EXPECT_EQ(shared, 0);
  }
  EXPECT_GE(info_number(control_, "stats", "total_reads_processed"), 100);
  EXPECT_GE(info_number(control_, "stats", "total_writes_processed"), 100);
}

// Who sends more than is read with others' is read by itself from then on, whole.
TEST_P(ManyAtOnce, WhatIsLongIsReadOnce) {
  constexpr size_t kClients = 20;
  gather(kClients);
  const std::string set = encode_command({"SET", "key", std::string(20'000, 'v')});
  const auto reads_of_a_round = [&] {
    const long long before = info_number(control_, "stats", "total_reads_processed");
    control_.send(encode_command({"DEBUG", "SLEEP", "0.1"}));
    for (RawConnection& client : clients_) client.send(set);
    for (RawConnection& client : clients_) EXPECT_EQ(client.read_reply(), "+OK\r\n");
    EXPECT_EQ(control_.read_reply(), "+OK\r\n");
    return info_number(control_, "stats", "total_reads_processed") - before;
  };
  EXPECT_EQ(control_.read_reply(), "+OK\r\n");
  reads_of_a_round();
  EXPECT_LT(reads_of_a_round(), static_cast<long long>(kClients) * 3 / 2);
}

TEST_P(ManyAtOnce, EachGetsItsReplies) {
  for (int round = 0; round < 3; ++round) {
    clients_.clear();
    gather(100);
    for (size_t i = 0; i < clients_.size(); ++i) {
      const std::string text = std::to_string(i);
      clients_[i].send(encode_command({"ECHO", text}) + encode_command({"SET", text, text}));
      if (i % 3 == 0)
        clients_[i].finish_sending();
      else if (i % 5 == 1)
        clients_[i].send("QUIT\r\n");
    }
    for (size_t i = 0; i < clients_.size(); i += 7) clients_[i] = server_.connect();  // those have gone
    for (size_t i = 0; i < clients_.size(); ++i) {
      if (i % 7 == 0) continue;
      EXPECT_EQ(clients_[i].read_reply(), bulk(std::to_string(i)));
      EXPECT_EQ(clients_[i].read_reply(), "+OK\r\n");
      if (i % 3 != 0 && i % 5 == 1) {
        EXPECT_EQ(clients_[i].read_until_closed(), "+OK\r\n");
      }
    }
    EXPECT_EQ(control_.read_reply(), "+OK\r\n");
  }
}

// Pipelines of all lengths from several at a time: turns that end early, and more than one in a round.
TEST_P(ManyAtOnce, EachGetsItsOwnReplies) {
  static constexpr size_t kClients = 6, kCommands = 60'000;
  std::vector<std::jthread> threads;
  for (size_t client = 0; client < kClients; ++client) {
    threads.emplace_back([client, connection = server_.connect()]() mutable {
      std::mt19937 random(static_cast<unsigned>(client));
      const auto text = [client](size_t i) { return std::to_string(client) + ":" + std::to_string(i); };
      for (size_t sent = 0; sent < kCommands;) {
        const size_t until =
            std::min(size_t{kCommands}, sent + 1 + random() % (random() % 4 == 0 ? 12'000 : 40));
        std::string commands;
        for (size_t i = sent; i < until; ++i) commands += encode_command({"ECHO", text(i)});
        connection.send(commands);
        for (; sent < until; ++sent) ASSERT_EQ(connection.read_reply(), bulk(text(sent)));
      }
    });
  }
}

TEST_P(ManyAtOnce, NobodyWaitsForACommandThatTakesLong) {
  gather(20);
  for (RawConnection& client : clients_) client.send(encode_command({"ECHO", "short"}));
  RawConnection slow = server_.connect();
  slow.send(encode_command({"DEBUG", "SLEEP", "1"}));
  for (RawConnection& client : clients_) EXPECT_EQ(client.read_reply(), bulk("short"));
  pollfd readable{slow.descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&readable, 1, 0), 0) << "they waited for it";
  EXPECT_EQ(slow.read_reply(), "+OK\r\n");
}

TEST(Connection, ClosesWhenNothingWasSaid) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  connection.finish_sending();
  EXPECT_EQ(connection.read_until_closed(), "");
}

TEST(Connection, QuitAnswersAndCloses) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  connection.send("PING\r\nQUIT\r\nPING\r\n");
  EXPECT_EQ(connection.read_until_closed(), "+PONG\r\n+OK\r\n");
}

TEST(Connection, ProtocolErrorsAnswerWhatCameBeforeThem) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  connection.send("SET a 1\r\nGET a\r\n*1\r\n:\r\nGET a\r\n" + std::string(200'000, 'x'));
  EXPECT_EQ(connection.read_until_closed(),
            "+OK\r\n$1\r\n1\r\n-ERR Protocol error: expected '$', got ':'\r\n");
  RawConnection other = server.connect();
  EXPECT_EQ(other.call({"PING"}), "+PONG\r\n");
}

TEST(Connection, Resp3) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  const RespReply hello = parse_reply(connection.call({"HELLO", "3"}));
  EXPECT_EQ(hello.type, '%');
  EXPECT_EQ(connection.call({"GET", "nothing"}), "_\r\n");
  EXPECT_EQ(connection.call({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(connection.call({"GET", "nothing"}), "$-1\r\n");
}

TEST(Connection, ReplyModes) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  connection.send("CLIENT REPLY SKIP\r\nPING\r\nECHO a\r\n");
  EXPECT_EQ(connection.read_reply(), bulk("a"));
  connection.send("CLIENT REPLY OFF\r\nPING\r\nECHO b\r\nCLIENT REPLY ON\r\nECHO c\r\n");
  EXPECT_EQ(connection.read_reply(), "+OK\r\n");
  EXPECT_EQ(connection.read_reply(), bulk("c"));
}

TEST(Connection, ManyClientsOnSeveralThreads) {
  const ServerProcess server(server_options({"--io-threads", "4"}));
  std::vector<RawConnection> connections;
  for (int i = 0; i < 64; ++i) connections.push_back(server.connect());
  for (int round = 0; round < 20; ++round) {
    for (RawConnection& connection : connections) connection.send("INCR counter\r\n");
    for (RawConnection& connection : connections) connection.read_reply();
  }
  EXPECT_EQ(connections[0].call({"GET", "counter"}), bulk("1280"));
}

TEST(Connection, PausedClientsGoOnAfterwards) {
  const ServerProcess server(server_options({"--io-threads", "2"}));
  RawConnection control = server.connect();
  RawConnection writer = server.connect();
  RawConnection reader = server.connect();
  EXPECT_EQ(control.call({"CLIENT", "PAUSE", "100000", "WRITE"}), "+OK\r\n");
  writer.send("PING\r\nSET a 1\r\nGET a\r\n");
  EXPECT_EQ(writer.read_reply(), "+PONG\r\n");
  EXPECT_EQ(reader.call({"GET", "a"}), "$-1\r\n");
  EXPECT_EQ(control.call({"CLIENT", "UNPAUSE"}), "+OK\r\n");
  EXPECT_EQ(writer.read_reply(), "+OK\r\n");
  EXPECT_EQ(writer.read_reply(), bulk("1"));
}

TEST(Connection, APauseEndsByItself) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  EXPECT_EQ(connection.call({"CLIENT", "PAUSE", "50"}), "+OK\r\n");
  EXPECT_EQ(connection.call({"SET", "a", "1"}), "+OK\r\n");
}

}  // namespace
}  // namespace plimsoll::test
