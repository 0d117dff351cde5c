// Servers that hang, hang up or talk nonsense: every one must end in an error, none in a hang.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "child_server.h"
#include "error.h"
#include "lanes.h"
#include "load_engine.h"
#include "support.h"

namespace plimsoll::bench {
namespace {

// Accepts connections on a unix socket and answers whatever it reads by `answer`; an empty answer says
// nothing, "close" hangs up.
class FakeServer {
 public:
  explicit FakeServer(std::string answer) : answer_(std::move(answer)) {
    target_.endpoint.unix_path = folder_.path() + "/s";
    target_.timeout_ms = 300;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, target_.endpoint.unix_path.c_str(), sizeof address.sun_path - 1);
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    EXPECT_EQ(::pipe(wake_), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    ::close(wake_[1]);
    thread_.join();
    ::close(wake_[0]);
  }

  const Target& target() const { return target_; }

 private:
  void serve() {
    std::vector<UniqueFd> clients;
    while (true) {
      std::vector<pollfd> entries{{wake_[0], POLLIN, 0}, {listener_.get(), POLLIN, 0}};
      for (const UniqueFd& client : clients) entries.push_back({client.get(), POLLIN, 0});
      ::poll(entries.data(), entries.size(), -1);
      if (entries[0].revents) return;
      std::vector<UniqueFd> kept;
      for (size_t i = 0; i < clients.size(); ++i) {
        if (!entries[i + 2].revents || answered(clients[i].get())) kept.push_back(std::move(clients[i]));
      }
      if (entries[1].revents) kept.emplace_back(::accept(listener_.get(), nullptr, nullptr));
      clients = std::move(kept);
    }
  }

  bool answered(int fd) {
    char request[4096];
    if (::recv(fd, request, sizeof request, 0) <= 0 || answer_ == "close") return false;
    return answer_.empty() || ::send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL) > 0;
  }

  TemporaryFolder folder_;
  Target target_;
  UniqueFd listener_;
  int wake_[2] = {-1, -1};
  std::string answer_;
  std::thread thread_;
};

std::string failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const BenchError& error) {
    return error.what();
  }
  return "no error";
}

std::string load_failure(const std::string& answer, unsigned threads) {
  const FakeServer server(answer);
  LoadConfig config;
  config.target = server.target();
  config.workload.kind = TestKind::kGet;
  config.clients = 4;
  config.pipeline = 2;
  config.threads = threads;
  config.requests = 1000;
  return failure_of([&config] { LoadEngine(config).run(); });
}

std::string lanes_failure(const std::string& answer) {
  const FakeServer server(answer);
  Lanes lanes(server.target(), 2);
  lanes.queue(0, {"GET", "a"});
  lanes.queue(1, {"GET", "b"});
  return failure_of([&lanes] { lanes.exchange(); });
}

std::string client_failure(const std::string& answer) {
  const FakeServer server(answer);
  return failure_of([&server] { Client(server.target()).call({"INFO"}); });
}

TEST(BrokenServer, ASilentOneIsGivenUp) {
  EXPECT_TRUE(contains(load_failure("", 1), "no reply from"));
  EXPECT_TRUE(contains(load_failure("", 2), "no reply from"));
  EXPECT_TRUE(contains(lanes_failure(""), "no reply from"));
  EXPECT_TRUE(contains(client_failure(""), "no reply from"));
}

TEST(BrokenServer, OneThatHangsUpIsTold) {
  EXPECT_TRUE(contains(load_failure("close", 1), "lost after 0 replies"));
  EXPECT_TRUE(contains(load_failure("close", 2), "lost after 0 replies"));
  EXPECT_TRUE(contains(lanes_failure("close"), "lost"));
  EXPECT_TRUE(contains(client_failure("close"), "lost"));
}

TEST(BrokenServer, OneThatTalksNonsenseIsTold) {
  EXPECT_TRUE(contains(load_failure("HTTP/1.1 400 Bad Request\r\n\r\n", 1), "sent no RESP"));
  EXPECT_TRUE(contains(lanes_failure("HTTP/1.1 400 Bad Request\r\n\r\n"), "sent no RESP"));
  EXPECT_TRUE(contains(client_failure("HTTP/1.1 400 Bad Request\r\n\r\n"), "malformed reply"));
}

TEST(BrokenServer, OneThatAnswersTooMuchIsTold) {
  EXPECT_TRUE(contains(load_failure("+a\r\n+b\r\n+c\r\n", 1), "nothing asked for"));
  EXPECT_TRUE(contains(lanes_failure("+a\r\n+b\r\n"), "nothing asked for"));
}

TEST(BrokenServer, OneThatStopsInTheMiddleIsGivenUp) {
  EXPECT_TRUE(contains(load_failure("$100\r\nabc", 1), "no "));
  EXPECT_TRUE(contains(lanes_failure("$100\r\nabc"), "no reply from"));
  EXPECT_TRUE(contains(client_failure("$100\r\nabc"), "no reply from"));
}

TEST(BrokenServer, ClientsBoundWhatTheyKeep) {
  EXPECT_TRUE(contains(client_failure("$99999999999\r\n"), "malformed reply"));
  EXPECT_TRUE(contains(client_failure("*99999999999\r\n"), "malformed reply"));
  std::string nested;
  for (int i = 0; i < 1000; ++i) nested += "*1\r\n";
  EXPECT_TRUE(contains(client_failure(nested), "malformed reply"));
}

TEST(BrokenServer, NobodyThereIsTold) {
  Target target;
  target.endpoint.unix_path = "/nonexistent/socket";
  EXPECT_TRUE(contains(failure_of([&target] { Client client(target); }),
                       "cannot connect to unix:/nonexistent/socket"));
}

}  // namespace
}  // namespace plimsoll::bench
