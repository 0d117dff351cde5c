// The line holds: a server in a memory cgroup, or beside one where none can be made.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "churn.h"
#include "hostile.h"
#include "latency_probe.h"
#include "ledger_watch.h"
#include "line_server.h"
#include "support/resp_reply.h"

namespace plimsoll::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

LineServer::Options options(uint64_t limit, std::vector<std::string> arguments = {}) {
  LineServer::Options options;
  options.program = environment_or("PLIMSOLL_SERVER_UNDER_TEST", "plimsoll-server");
  options.limit = limit;
  options.line_percent = 95;
  options.arguments = std::move(arguments);
  options.arguments.insert(options.arguments.end(), {"--io-threads", "2", "--enable-debug-command", "yes"});
  return options;
}

std::string info_text(RawConnection& connection, const std::string& section) {
  return parse_reply(connection.call({"INFO", section})).text;
}

long long info_number(RawConnection& connection, const std::string& section, const std::string& name) {
  const std::string text = info_text(connection, section);
  const size_t at = text.find("\n" + name + ":");
  return at == std::string::npos ? -1 : std::stoll(text.substr(at + name.size() + 2));
}

template <class Condition>
bool within(std::chrono::seconds time, Condition&& condition) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

class Line : public ::testing::Test {
 protected:
  void start(const LineServer::Options& options) {
    server_ = std::make_unique<LineServer>(options);
    if (server_->group() == nullptr)
      std::puts("no memory cgroup can be made here: the ledger and RSS stand for it");
    control_ = std::make_unique<RawConnection>(server_->connect());
    control_->set_deadline(std::chrono::seconds(30));
    if (info_text(*control_, "memory").find("mem_allocator:jemalloc") == std::string::npos) {
      GTEST_SKIP() << "only on jemalloc does the heap stand in the ledger";
    }
    watch_ = std::make_unique<LedgerWatch>(*server_);
  }

  // Alive, below the limit with a hundredth to spare, and the ledger says what the kernel counts.
  void expect_held() {
    expect_ledger_is_true();
    const auto limit = static_cast<int64_t>(server_->limit());
    EXPECT_LE(most_held(watch_->stop()), limit - limit / 100);
  }

  void expect_ledger_is_true() {
    const auto& samples = watch_->stop();
    EXPECT_FALSE(server_->killed());
    EXPECT_EQ(control_->call({"PING"}), "+PONG\r\n");
    ASSERT_GT(samples.size(), 5u);
    const double ahead =
        100.0 * static_cast<double>(server_->charged_ahead()) / static_cast<double>(server_->limit());
    EXPECT_LE(most_unseen_percent(samples), 1.0 + ahead) << "the kernel counts more than the ledger";
    EXPECT_LE(most_overseen_percent(samples), 3.0) << "the ledger counts more than the kernel";
    RecordProperty("most_held", std::to_string(most_held(samples)));
    RecordProperty("most_unseen_percent", std::to_string(most_unseen_percent(samples)));
    RecordProperty("most_overseen_percent", std::to_string(most_overseen_percent(samples)));
  }

  // Writes values of `size` bytes until keys are evicted. Returns how many.
  int fill(size_t size) {
    constexpr int kBatch = 500;
    const std::string value(size, 'f');
    int written = 0;
    while (info_number(*control_, "stats", "evicted_keys") == 0) {
      std::string commands;
      for (int i = 0; i < kBatch; ++i)
        commands += encode_command({"SET", "fill:" + std::to_string(written++), value});
      control_->send(commands);
      for (int i = 0; i < kBatch; ++i) EXPECT_EQ(control_->read_reply(), "+OK\r\n");
    }
    return written;
  }

  std::unique_ptr<LineServer> server_;
  std::unique_ptr<RawConnection> control_;
  std::unique_ptr<LedgerWatch> watch_;
};

struct Load {
  const char* policy;
  const char* threads;
  uint64_t limit;
  size_t phases;  // the last so many
};
std::ostream& operator<<(std::ostream& out, const Load& load) {
  return out << load.policy << " with " << load.threads << " I/O threads";
}
class Churned : public Line, public ::testing::WithParamInterface<Load> {};

INSTANTIATE_TEST_SUITE_P(Policies, Churned,
                         ::testing::Values(Load{"allkeys-lru", "2", 64 * kMiB, 8},
                                           Load{"allkeys-lfu", "8", 96 * kMiB, 5},
                                           Load{"noeviction", "2", 64 * kMiB, 8}),
                         [](const auto& load) {
                           std::string name = std::string(load.param.policy) + "_" + load.param.threads;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(Churned, HoldsWhileSizesChange) {
  LineServer::Options wanted = options(GetParam().limit, {"--maxmemory-policy", GetParam().policy});
  wanted.arguments.insert(wanted.arguments.end(), {"--io-threads", GetParam().threads});
  start(wanted);
  if (IsSkipped()) return;
  const bool evicts = std::string(GetParam().policy) != "noeviction";
  auto phases = usual_churn();
  phases.erase(phases.begin(), phases.end() - static_cast<ptrdiff_t>(GetParam().phases));
  const ChurnResult result = run_churn(*server_, phases, server_->limit(), 4);
  EXPECT_TRUE(result.survived) << server_->process().log();
  const double live = static_cast<double>(result.live_bytes) / static_cast<double>(server_->limit());
  RecordProperty("live_share", std::to_string(live));
  if (evicts) {
    EXPECT_EQ(result.refused, 0u) << "keys go before a write is refused";
    EXPECT_GE(live, 0.60);
  } else {
    EXPECT_GT(result.refused, 0u);
  }
  expect_held();
}

class Hostile : public Line {
 protected:
  static constexpr size_t kFillValue = 1000;

  void SetUp() override {
    raise_own_file_limit();
    start(options(256 * kMiB, {"--maxmemory-policy", "allkeys-lru", "--maxclients", "11000"}));
    if (IsSkipped()) return;
    fill(kFillValue);
    evicted_before_ = evicted();
    probe_ = std::make_unique<LatencyProbe>(*server_, 2);
  }

  long long evicted() { return info_number(*control_, "stats", "evicted_keys"); }

  // Others get replies that are no longer small while it lasts.
  void expect_long_replies() {
    std::vector<std::string> mget{"MGET"};
    for (int i = 0; i < 100; ++i) mget.push_back("fill:" + std::to_string(i));
    for (int i = 0; i < 200; ++i) {
      const std::string reply = control_->call(mget);
      ASSERT_TRUE(reply.starts_with("*100\r\n")) << reply.substr(0, 100) << info_text(*control_, "memory");
    }
  }

  // INFO's breakdown tells where all but 3 % of the resident memory is, clients and their buffers included.
  bool memory_is_explained() {
    const auto resident = static_cast<double>(info_number(*control_, "memory", "used_memory_rss"));
    const auto rest = static_cast<double>(info_number(*control_, "memory", "plimsoll_breakdown_rest"));
    return std::abs(rest) < 0.03 * resident;
  }

  // The bounds of what clients may do to others and to the data. `written` bytes are what they stored.
  void expect_bounded(uint64_t written) {
    EXPECT_TRUE(within(std::chrono::seconds(20), [&] { return probe_->requests() >= 1000; }));
    probe_->stop();
    EXPECT_EQ(probe_->first_failure(), "");
    RecordProperty("p99_ms", std::to_string(probe_->p99()));
    RecordProperty("worst_ms", std::to_string(probe_->worst()));
    EXPECT_LT(probe_->p99(), 50);
    EXPECT_TRUE(within(std::chrono::seconds(10), [&] { return memory_is_explained(); }))
        << info_text(*control_, "memory");
    const auto evicted_bytes = static_cast<uint64_t>(evicted() - evicted_before_) * kFillValue;
    RecordProperty("evicted_bytes", std::to_string(evicted_bytes));
    // One value in arrival for each I/O thread, and what its blocks are rounded up to.
    const uint64_t margin = server_->limit() / 32;
    EXPECT_LE(evicted_bytes, written + probe_->bytes_written() + 2 * kHalfValue + margin);
    expect_held();
  }

  static constexpr size_t kHalfValue = 20'000'000;
  long long evicted_before_ = 0;
  std::unique_ptr<LatencyProbe> probe_;
};

TEST_F(Hostile, ClientsThatAskAndNeverRead) {
  std::vector<std::string> small;
  for (int i = 0; i < 1000; ++i) small.push_back("fill:" + std::to_string(i));
  BlindWriters of_small(*server_, 100), of_large(*server_, 100);
  ASSERT_EQ(control_->call({"SET", "large", std::string(1'000'000, 'l')}), "+OK\r\n");
  ask_and_never_read(of_small, small, kFillValue, 30'000'000);
  ask_and_never_read(of_large, {"large"}, 1'000'000, 30'000'000);
  expect_bounded(1'000'000);
}

// What the kernel holds for them counts, too.
TEST_F(Hostile, ThousandsThatAskAndNeverRead) {
  ASSERT_EQ(control_->call({"SET", "large", std::string(100'000, 'l')}), "+OK\r\n");
  BlindWriters clients(*server_, 2000);
  ask_and_never_read(clients, {"large"}, 100'000, 400'000);
  expect_long_replies();
  expect_bounded(100'000);
}

TEST_F(Hostile, ValuesThatStayHalfSent) {
  BlindWriters clients(*server_, 64);
  send_half_a_value(clients, kHalfValue, kHalfValue / 2);
  expect_long_replies();
  expect_bounded(0);
}

TEST_F(Hostile, TenThousandConnections) {
  std::vector<RawConnection> connections;
  size_t served = 0;
  for (int i = 0; i < 10'000; ++i) {
    try {
      connections.push_back(server_->connect());
      served += connections.back().call({"PING"}) == "+PONG\r\n" ? 1 : 0;
    } catch (const ConnectionError&) {
    }
  }
  RecordProperty("served", std::to_string(served));
  EXPECT_GT(served, 9'000u);
  expect_bounded(0);
}

TEST_F(Hostile, OneCommandThatCouldNeverFit) {
  EXPECT_TRUE(control_->call({"SETRANGE", "huge", "536870911", "x"}).starts_with("-OOM"));
  expect_bounded(0);
}

TEST_F(Hostile, OneLargeMset) {
  std::vector<std::string> command{"MSET"};
  for (int i = 0; i < 100; ++i) {
    command.push_back("mset:" + std::to_string(i));
    command.push_back(std::string(1'000'000, 'm'));
  }
  EXPECT_EQ(control_->call(command), "+OK\r\n");
  expect_bounded(100'000'000);
}

TEST_F(Hostile, OneMsetOfManySmallValues) {
  std::vector<std::string> command{"MSET"};
  for (int i = 0; i < 50'000; ++i) {
    command.push_back("mset:" + std::to_string(i));
    command.push_back(std::string(1'000, 'm'));
  }
  EXPECT_EQ(control_->call(command), "+OK\r\n");
  expect_bounded(2 * 50'000'000);
}

// The whole pipeline is written before the first reply is read.
TEST_F(Line, ALongPipelineGetsEveryReply) {
  start(options(1024 * kMiB, {"--client-output-pause", "400mb"}));
  if (IsSkipped()) return;
  ASSERT_EQ(control_->call({"SET", "key", std::string(20, 'v')}), "+OK\r\n");
  const std::string get = encode_command({"GET", "key"});
  const size_t count = 100'000'000 / get.size();
  std::string pipeline;
  for (size_t i = 0; i < count; ++i) pipeline += get;
  BlindWriters client(*server_, 1);
  EXPECT_EQ(client.send(pipeline), pipeline.size());
  EXPECT_EQ(client.read("$20\r\n" + std::string(20, 'v') + "\r\n", count), count);
  expect_held();
}

TEST_F(Line, IsFollowedWhenItIsHalvedUnderLoad) {
  start(options(128 * kMiB, {"--maxmemory-policy", "allkeys-lru"}));
  if (IsSkipped()) return;
  fill(300);
  LatencyProbe probe(*server_, 2);
  const uint64_t half = server_->limit() * 95 / 200;
  ASSERT_EQ(control_->call({"CONFIG", "SET", "memory-line", std::to_string(half)}), "+OK\r\n");
  EXPECT_TRUE(within(std::chrono::seconds(10), [&] { return server_->held() <= half; }));
  probe.stop();
  EXPECT_EQ(probe.first_failure(), "");
  RecordProperty("worst_ms", std::to_string(probe.worst()));
  EXPECT_LT(probe.worst(), 50);
  EXPECT_GE(info_number(*control_, "memory", "used_memory"), static_cast<long long>(half) * 6 / 10);
  expect_held();
}

TEST_F(Line, AutoFollowsTheLimitOfTheGroup) {
  LineServer::Options wanted = options(128 * kMiB, {"--maxmemory-policy", "allkeys-lru"});
  wanted.line_percent = 0;  // auto is the default
  start(wanted);
  if (IsSkipped()) return;
  if (server_->group() == nullptr) GTEST_SKIP() << "there is no group whose limit could change";
  const auto line = [&] { return info_number(*control_, "memory", "plimsoll_line_limit"); };
  EXPECT_GT(line(), static_cast<long long>(120 * kMiB));
  EXPECT_LT(line(), static_cast<long long>(128 * kMiB));
  fill(300);
  // The kernel takes a limit below what is held only as far as it can.
  EXPECT_TRUE(within(std::chrono::seconds(20), [&] {
    const uint64_t lower = std::max<uint64_t>(64 * kMiB, server_->held() + server_->held() / 50);
    try {
      server_->set_limit(lower);
    } catch (const std::runtime_error&) {
    }
    return server_->limit() == 64 * kMiB && line() < static_cast<long long>(64 * kMiB);
  }));
  expect_ledger_is_true();
}

}  // namespace
}  // namespace plimsoll::test
