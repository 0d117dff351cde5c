#include <gtest/gtest.h>
#include <netinet/in.h>
#include <resp_client/connection.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "support/server_process.h"
#include "support/temp_directory.h"

namespace plimsoll::client {
namespace {

using Kind = ConnectionError::Kind;
using std::chrono::milliseconds;
using test::ServerProcess;
using test::TempDirectory;

// Listens on a unix socket and lets a function of the test serve the one client that comes.
class FakeServer {
 public:
  explicit FakeServer(std::function<void(int fd)> serve) {
    endpoint_.unix_socket = directory_.file("s");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    endpoint_.unix_socket.copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 4), 0);
    thread_ = std::thread([this, serve = std::move(serve)] {
      const int fd = accept(listener_, nullptr, nullptr);
      serve(fd);
      close(fd);
    });
  }
  ~FakeServer() {
    thread_.join();
    close(listener_);
  }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  TempDirectory directory_;
  Endpoint endpoint_;
  int listener_ = -1;
  std::thread thread_;
};

void send_text(int fd, std::string_view text) {
  ASSERT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

void read_until_end(int fd) {
  char bytes[4096];
  while (read(fd, bytes, sizeof bytes) > 0) {
  }
}

template <typename Action>
Kind kind_of_failure(Action action) {
  try {
    action();
  } catch (const ConnectionError& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing failed";
  return Kind::kIo;
}

TEST(Endpoint, Describes) {
  EXPECT_EQ((Endpoint{"localhost", 7000, ""}.describe()), "localhost:7000");
  EXPECT_EQ((Endpoint{"::1", 7000, ""}.describe()), "[::1]:7000");
  EXPECT_EQ((Endpoint{"localhost", 7000, "/tmp/s"}.describe()), "/tmp/s");
}

TEST(Connection, SaysWhyItCannotConnect) {
  TempDirectory directory;
  Endpoint endpoint;
  endpoint.unix_socket = directory.file("nobody");
  try {
    Connection::open(endpoint);
    FAIL();
  } catch (const ConnectionError& error) {
    EXPECT_EQ(error.kind(), Kind::kConnect);
    EXPECT_STREQ(error.what(), "No such file or directory");
  }
  endpoint.unix_socket = std::string(200, 'x');
  EXPECT_EQ(kind_of_failure([&] { Connection::open(endpoint); }), Kind::kConnect);
}

TEST(Connection, TalksToARealServerOverBothTransports) {
  ServerProcess server({.program = "redis-server", .arguments = {}, .tcp = true});
  for (const Endpoint& endpoint : {Endpoint{"127.0.0.1", static_cast<std::uint16_t>(server.port()), ""},
                                   Endpoint{"localhost", static_cast<std::uint16_t>(server.port()), ""},
                                   Endpoint{"", 0, server.socket_path()}}) {
    Connection connection = Connection::open(endpoint);
    EXPECT_EQ(connection.call({"PING"}).text, "PONG");
    EXPECT_EQ(connection.raw(), "+PONG\r\n");
    EXPECT_EQ(connection.hello(3).find("proto")->integer, 3);
    EXPECT_EQ(connection.select(4).text, "OK");
    EXPECT_TRUE(connection.authenticate("", "wrong").is_error());
    EXPECT_TRUE(connection.authenticate("nobody", "wrong").is_error());
    const std::string binary("a\0\r\n\xff", 5);
    connection.call({"SET", "k", binary});
    EXPECT_EQ(connection.call({"GET", "k"}).text, binary);
  }
}

// More than any socket buffer holds in both directions: a client that only sends at first would wait for
// ever.
TEST(Connection, PipelinesWithoutDeadlock) {
  ServerProcess server({.program = "redis-server", .arguments = {}});
  Endpoint endpoint;
  endpoint.unix_socket = server.socket_path();
  Connection connection = Connection::open(endpoint);
  const std::string value(10'000, 'v');
  constexpr int kRequests = 3'000;
  for (int i = 0; i < kRequests; ++i) connection.append({"ECHO", value});
  EXPECT_GT(connection.unsent_bytes(), 30'000'000u);
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(connection.read().text, value);
  EXPECT_FALSE(connection.try_read().has_value());
}

TEST(Connection, BlockingReadsEndWhenTheReplyComes) {
  ServerProcess server({.program = "redis-server", .arguments = {}});
  Endpoint endpoint;
  endpoint.unix_socket = server.socket_path();
  Connection waiting = Connection::open(endpoint);
  Connection other = Connection::open(endpoint);
  waiting.append({"BLPOP", "list", "0"});
  waiting.flush();
  EXPECT_FALSE(waiting.try_read().has_value());
  other.call({"RPUSH", "list", "x"});
  EXPECT_EQ(waiting.read().elements[1].text, "x");
}

TEST(Connection, HandsOutPushesOrReturnsThem) {
  ServerProcess server({.program = "redis-server", .arguments = {}});
  Endpoint endpoint;
  endpoint.unix_socket = server.socket_path();
  Connection connection = Connection::open(endpoint);
  connection.hello(3);
  int pushes = 0;
  connection.set_on_push([&](const Value& push) {
    EXPECT_EQ(push.elements[0].text, "subscribe");
    ++pushes;
  });
  connection.append({"SUBSCRIBE", "a"});
  EXPECT_EQ(connection.call({"PING"}).text, "PONG");
  EXPECT_EQ(pushes, 1);
  connection.set_on_push(nullptr);
  EXPECT_EQ(connection.call({"SUBSCRIBE", "b"}).type, Type::kPush);
}

TEST(Connection, TimesOut) {
  FakeServer server(read_until_end);
  ConnectionOptions options;
  options.io_timeout = milliseconds(30);
  Connection connection = Connection::open(server.endpoint(), options);
  EXPECT_EQ(kind_of_failure([&] { connection.call({"PING"}); }), Kind::kTimeout);
}

TEST(Connection, CanBeCancelled) {
  FakeServer server(read_until_end);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ConnectionOptions options;
  options.cancel_fd = ends[0];
  Connection connection = Connection::open(server.endpoint(), options);
  std::thread canceller([&] { EXPECT_EQ(write(ends[1], "x", 1), 1); });
  EXPECT_EQ(kind_of_failure([&] { connection.call({"PING"}); }), Kind::kCancelled);
  canceller.join();
  close(ends[0]);
  close(ends[1]);
}

TEST(Connection, GivesTheLastReplyBeforeTheEnd) {
  FakeServer server([](int fd) { send_text(fd, "-ERR max number of clients reached\r\n"); });
  Connection connection = Connection::open(server.endpoint());
  EXPECT_EQ(connection.call({"PING"}).text, "ERR max number of clients reached");
  EXPECT_EQ(kind_of_failure([&] { connection.read(); }), Kind::kClosed);
  EXPECT_EQ(kind_of_failure([&] { connection.try_read(); }), Kind::kClosed);
}

// The server answers, and closes while the client still sends.
TEST(Connection, KeepsRepliesThatCameBeforeTheConnectionBroke) {
  FakeServer server([](int fd) {
    char bytes[1024];
    EXPECT_GT(read(fd, bytes, sizeof bytes), 0);
    send_text(fd, "-ERR Protocol error: too big\r\n");
  });
  Connection connection = Connection::open(server.endpoint());
  connection.append_raw(std::string(8 << 20, 'x'));
  EXPECT_EQ(connection.read().text, "ERR Protocol error: too big");
  EXPECT_THROW(connection.read(), ConnectionError);
}

TEST(Connection, RefusesAnswersThatAreNotResp) {
  FakeServer server([](int fd) { send_text(fd, "HTTP/1.1 400 Bad Request\r\n"); });
  Connection connection = Connection::open(server.endpoint());
  EXPECT_THROW(connection.call({"PING"}), ProtocolError);
}

}  // namespace
}  // namespace plimsoll::client
