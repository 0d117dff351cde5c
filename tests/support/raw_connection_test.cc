#include "support/raw_connection.h"

#include <gtest/gtest.h>

#include "support/server_process.h"

namespace plimsoll::test {
namespace {

constexpr auto kShort = std::chrono::milliseconds(50);

class RawConnectionTest : public testing::Test {
 protected:
  ServerProcess server_{
      {.program = environment_or("PLIMSOLL_REDIS_SERVER", "redis-server"), .arguments = {}, .tcp = true}};
};

TEST_F(RawConnectionTest, callsOverUnixAndTcp) {
  EXPECT_EQ(server_.connect().call({"ECHO", "hello"}), "$5\r\nhello\r\n");
  EXPECT_EQ(RawConnection::to_tcp("127.0.0.1", server_.port()).call({"PING"}), "+PONG\r\n");
}

TEST_F(RawConnectionTest, readsOneReplyOfManyAtATime) {
  RawConnection connection = server_.connect();
  connection.send("PING\r\nECHO a\r\nLPUSH l 1 2\r\nLRANGE l 0 -1\r\n");
  EXPECT_EQ(connection.read_reply(), "+PONG\r\n");
  EXPECT_EQ(connection.read_reply(), "$1\r\na\r\n");
  EXPECT_EQ(connection.read_reply(), ":2\r\n");
  EXPECT_EQ(connection.read_reply(), "*2\r\n$1\r\n2\r\n$1\r\n1\r\n");
}

TEST_F(RawConnectionTest, sendsMoreThanTheSocketsHoldWhileRepliesCome) {
  RawConnection connection = server_.connect();
  const std::string value(100'000, 'x');
  std::string batch;
  for (int i = 0; i < 200; ++i) batch += encode_command({"ECHO", value});
  connection.send(batch);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(connection.read_reply().size(), value.size() + 11);
}

TEST_F(RawConnectionTest, fragmentsArriveAsTheWhole) {
  RawConnection connection = server_.connect();
  std::mt19937_64 random(1);
  connection.send_in_fragments(encode_command({"ECHO", "in many pieces"}), random);
  EXPECT_EQ(connection.read_reply(), "$14\r\nin many pieces\r\n");
}

TEST_F(RawConnectionTest, reportsDeadlinesAndClosedPeers) {
  RawConnection connection = server_.connect();
  connection.set_deadline(kShort);
  EXPECT_THROW(connection.read_reply(), ConnectionError);
  connection.send("QUIT\r\n");
  EXPECT_EQ(connection.read_until_closed(), "+OK\r\n");
  EXPECT_THROW(connection.read_reply(), ConnectionError);
}

TEST(RawConnection, cannotConnectWhereNobodyListens) {
  EXPECT_THROW(RawConnection::to_unix("/nonexistent/socket"), ConnectionError);
  EXPECT_THROW(RawConnection::to_unix(std::string(200, 'x')), ConnectionError);
  EXPECT_THROW(RawConnection::to_tcp("nonsense", 1), ConnectionError);
}

}  // namespace
}  // namespace plimsoll::test
