// Below a memory line that is full, where whatever is wanted makes keys go, pages come together and clients
// wait: with each call for memory refused in turn.
#include <string>

#include "faulty_server.h"

namespace plimsoll::test {
namespace {

class FullLine : public ServerFaults {
 protected:
  void SetUp() override {
    ServerFaults::SetUp();
    ASSERT_EQ(server_.ask({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"}), "+OK\r\n");
  }

  long long evicted() {
    const std::string info = server_.ask({"INFO", "stats"}), name = "\nevicted_keys:";
    return std::stoll(info.substr(info.find(name) + name.size()));
  }

  void fill(int keys) {
    std::string commands;
    for (int i = 0; i < keys; ++i)
      commands += command({"SET", "fill:" + std::to_string(next_++), std::string(1000, 'f')});
    RawConnection client = server_.client();
    client.send(commands);
    for (int i = 0; i < keys; ++i) ASSERT_EQ(client.read_reply(), "+OK\r\n");
  }

  void fill_up() {
    const long long before = evicted();
    while (evicted() == before && !HasFailure()) fill(2000);
  }

 private:
  int next_ = 0;
};

INSTANTIATE_TEST_SUITE_P(IoThreads, FullLine, testing::Values(FaultySetup{1, "64mb"}, FaultySetup{2, "64mb"}),
                         [](const auto& test) { return std::to_string(test.param.io_threads); });

void expect_done_or_refused(const std::string& reply, const std::string& done) {
  EXPECT_TRUE(reply == done || reply.starts_with("-OOM")) << reply;
}

// Small values, a large one that grows in place of many, and one that arrives in parts.
TEST_P(FullLine, MakesWayOrRefuses) {
  constexpr size_t kGrown = 600'000, kArriving = 1'000'000;
  const std::string arriving = command({"SET", "arriving", std::string(kArriving, 'a')});
  const auto attempt = [&] {
    RawConnection client = server_.client(), slow = server_.client();
    slow.send(arriving.substr(0, kArriving / 2));
    std::string commands = command({"SETRANGE", "grown", std::to_string(kGrown - 1), "x"});
    for (int i = 0; i < 5; ++i) commands += command({"SET", "small:" + std::to_string(i), "value"});
    client.send(commands + command({"DEL", "grown"}));
    expect_done_or_refused(client.read_reply(), ":" + std::to_string(kGrown) + "\r\n");
    for (int i = 0; i < 5; ++i) expect_done_or_refused(client.read_reply(), "+OK\r\n");
    EXPECT_TRUE(client.read_reply().starts_with(":"));
    slow.send(arriving.substr(kArriving / 2));
    expect_done_or_refused(slow.read_reply(), "+OK\r\n");
  };
  const auto prepare = [&] { fill(2000); };
  fill_up();
  attempt();
  ASSERT_EQ(server_.ask({"FLUSHALL"}), "+OK\r\n");
  may_keep_memory_of_now();
  const auto kept = memory_before_;
  fill_up();
  refuse_each("a full line", prepare, attempt);
  EXPECT_GT(evicted(), 10'000);
  memory_before_ = kept;
}

}  // namespace
}  // namespace plimsoll::test
