// The line holds: a server in a memory cgroup, or beside one where none can be made.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "churn.h"
#include "hostile.h"
#include "latency_probe.h"
#include "ledger_watch.h"
#include "line_server.h"
#include "machine_stalls.h"
#include "support/info_fields.h"
#include "support/resp_reply.h"

namespace plimsoll::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// Of the group in which the whole is shown; PLIMSOLL_LINE_MB makes it another, such as 2048.
uint64_t headline_limit() {
  return std::stoull(environment_or("PLIMSOLL_LINE_MB", "256")) * kMiB;
}

LineServer::Options options(uint64_t limit, std::vector<std::string> arguments = {}) {
  LineServer::Options options;
  options.program = environment_or("PLIMSOLL_SERVER_UNDER_TEST", "plimsoll-server");
  options.limit = limit;
  options.line_percent = 95;
  options.arguments = std::move(arguments);
  options.arguments.insert(options.arguments.end(),
                           {"--io-threads", "2", "--enable-debug-command", "yes",
                            "--latency-monitor-threshold", "1", "--maxclients", "11000"});
  return options;
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
    if (server_->group() == nullptr) return;
    const auto peak = static_cast<int64_t>(server_->group()->most_used());
    RecordProperty("most_used", std::to_string(peak));
    EXPECT_LE(peak, limit - limit / 100) << "file cache included, whenever it was";
  }

  // What a command, or upkeep, took at most to make room in a second in which one did.
  struct Wait {
    long long milliseconds;
    double beyond_stalls;  // what of it is not the machine's
  };
  std::vector<Wait> longest_waits() {
    using std::chrono::milliseconds, std::chrono::seconds;
    std::vector<Wait> waits;
    for (const RespReply& told :
         parse_reply(control_->call({"LATENCY", "HISTORY", "eviction-cycle"})).children) {
      const MachineStalls::Clock::time_point second{seconds(std::stoll(told.children.at(0).text))};
      const long long took = std::stoll(told.children.at(1).text);
      const double stalled = stalls_.within(second - milliseconds(took), second + seconds(1));
      waits.push_back({took, std::max(0.0, static_cast<double>(took) - stalled)});
    }
    return waits;
  }

  // A wait ends within 20 ms, but for the time for which the machine stands still. In groups of a gigabyte
  // and more longer ones are seen in every third second.
  void expect_short_waits() {
    constexpr double kLongestMs = 20, kPreemptedMs = 100;
    const std::vector<Wait> waits = longest_waits();
    if (waits.empty()) return;
    long long longest = 0, longer = 0, unexplained = 0;
    double longest_beyond = 0;
    for (const Wait& wait : waits) {
      longest = std::max(longest, wait.milliseconds);
      longest_beyond = std::max(longest_beyond, wait.beyond_stalls);
      longer += wait.milliseconds > kLongestMs;
      unexplained += wait.beyond_stalls > kLongestMs;
    }
    const auto of_all = [&](long long count) {
      return std::to_string(count) + "/" + std::to_string(waits.size());
    };
    RecordProperty("longest_wait_ms", std::to_string(longest));
    RecordProperty("longest_wait_beyond_stalls_ms", std::to_string(longest_beyond));
    RecordProperty("longer_waits", of_all(longer));
    RecordProperty("longer_waits_beyond_stalls", of_all(unexplained));
    EXPECT_LE(longest_beyond, kPreemptedMs) << "for memory";
    if (server_->limit() > 256 * kMiB) return;
    EXPECT_LE(unexplained, 2 + static_cast<long long>(waits.size()) / 20)
        << "waits of more than 20 ms for memory, " << of_all(longer)
        << " with those of a machine that stood still"
        << (stalls_.measured() ? "" : ", which can't be told here");
  }

  void expect_ledger_is_true() {
    expect_short_waits();
    const auto& samples = watch_->stop();
    EXPECT_FALSE(server_->killed());
    EXPECT_EQ(control_->call({"PING"}), "+PONG\r\n");
    ASSERT_GT(samples.size(), 5u);
    const double rate = momentary_per_second(samples);
    RecordProperty("samples_per_second", std::to_string(rate));
    EXPECT_GE(rate, 15) << "too few samples to go by";
    const double ahead =
        100.0 * static_cast<double>(server_->charged_ahead()) / static_cast<double>(server_->limit());
    EXPECT_LE(most_unseen_percent(samples), 1.0 + ahead)
        << "the kernel counts more than the ledger" << farthest_apart(samples);
    EXPECT_LE(most_overseen_percent(samples), 3.0)
        << "the ledger counts more than the kernel" << farthest_apart(samples);
    EXPECT_LE(most_unexplained_percent(samples), 3.0)
        << "INFO's breakdown does not tell where memory is" << farthest_apart(samples);
    EXPECT_GE(most_unexplained_percent(samples), 0.0) << "no breakdown is fresh";
    for (const auto& sample : samples) ASSERT_GT(sample.line, 0) << "at " << sample.seconds << " s";
    RecordProperty("most_held", std::to_string(most_held(samples)));
    RecordProperty("most_unseen_percent", std::to_string(most_unseen_percent(samples)));
    RecordProperty("most_overseen_percent", std::to_string(most_overseen_percent(samples)));
    RecordProperty("most_unexplained_percent", std::to_string(most_unexplained_percent(samples)));
  }

  // Writes values of `size` bytes until keys are evicted. Returns how many.
  int fill(size_t size) {
    constexpr int kBatch = 500;
    int written = 0;
    for (; info_number(*control_, "stats", "evicted_keys") == 0; written += kBatch)
      write(size, written, kBatch);
    return written;
  }

  // `count` values of `size` bytes, under keys numbered from `first` on.
  void write(size_t size, int first, int count) {
    constexpr int kBatch = 500;
    const std::string value(size, 'f');
    for (int done = 0; done < count; done += kBatch) {
      std::string commands;
      for (int i = 0; i < kBatch; ++i)
        commands += encode_command({"SET", "fill:" + std::to_string(first + done + i), value});
      control_->send(commands);
      for (int i = 0; i < kBatch; ++i) EXPECT_EQ(control_->read_reply(), "+OK\r\n");
    }
  }

  MachineStalls stalls_;
  std::unique_ptr<LineServer> server_;
  std::unique_ptr<RawConnection> control_;
  std::unique_ptr<LedgerWatch> watch_;
};

TEST(MemoryGroups, CanBeMadeHere) {
  if (MemoryGroup::make(64 * kMiB) == nullptr)
    GTEST_SKIP() << "no memory cgroup of version 1: the ledger and RSS stand for it in the other tests";
}

struct Load {
  const char* policy;
  const char* threads;
  uint64_t limit;
  std::vector<ChurnPhase> phases;
  double live;  // share of the limit, at least, that is keys and values at the end
};

std::vector<ChurnPhase> last_of(std::vector<ChurnPhase> phases, ptrdiff_t count) {
  phases.erase(phases.begin(), phases.end() - count);
  return phases;
}

std::ostream& operator<<(std::ostream& out, const Load& load) {
  return out << load.policy << " with " << load.threads << " I/O threads, first "
             << load.phases.front().value_bytes << " bytes";
}
class Churned : public Line, public ::testing::WithParamInterface<Load> {};

INSTANTIATE_TEST_SUITE_P(
    Policies, Churned,
    ::testing::Values(Load{"allkeys-lru", "2", 64 * kMiB, usual_churn(), 0.60},
                      Load{"allkeys-lfu", "8", 96 * kMiB, last_of(usual_churn(), 5), 0.60},
                      Load{"volatile-ttl", "2", 64 * kMiB, last_of(usual_churn(), 5), 0.60},
                      Load{"allkeys-random", "2", 128 * kMiB, large_churn(), 0.70},
                      Load{"noeviction", "2", 64 * kMiB, usual_churn(), 0}),
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
  const bool expires = std::string(GetParam().policy).starts_with("volatile");
  const ChurnResult result =
      run_churn(*server_, GetParam().phases, server_->limit(), 4, expires ? Expiry::far : Expiry::none);
  EXPECT_TRUE(result.survived) << result.failure << server_->process().log() << latest(watch_->stop());
  const double live = static_cast<double>(result.live_bytes) / static_cast<double>(server_->limit());
  RecordProperty("live_share", std::to_string(live));
  if (evicts) {
    EXPECT_EQ(result.refused, 0u) << "keys go before a write is refused";
    EXPECT_GE(live, GetParam().live);
  } else {
    EXPECT_GT(result.refused, 0u);
  }
  expect_held();
}

// What the whole is for: sizes that change and clients that mean harm, together, in a container.
TEST_F(Line, HoldsChurnAndHostileClientsTogether) {
  raise_own_file_limit();
  start(options(headline_limit(), {"--maxmemory-policy", "allkeys-lru"}));
  if (IsSkipped()) return;
  HostileClients harm(*server_);
  LatencyProbe probe(*server_, 1);
  const ChurnResult result = run_churn(*server_, usual_churn(), server_->limit(), 4);
  EXPECT_TRUE(harm.finished()) << "the churn was over before it";
  harm.join();
  probe.stop();
  EXPECT_TRUE(result.survived) << result.failure << server_->process().log() << latest(watch_->stop());
  EXPECT_EQ(result.refused, 0u) << "keys go before a write is refused";
  EXPECT_GT(harm.asked(), 190'000u);
  EXPECT_GT(harm.half_sent(), 20'000'000u);
  if (headline_limit() < 600 * kMiB) {
    EXPECT_TRUE(harm.huge_reply().starts_with("-OOM")) << harm.huge_reply();
  }
  EXPECT_EQ(harm.mset_reply(), "+OK\r\n");
  const double live = static_cast<double>(result.live_bytes) / static_cast<double>(server_->limit());
  RecordProperty("live_share", std::to_string(live));
  EXPECT_GE(live, 0.70);
  EXPECT_EQ(probe.first_failure(), "");
  RecordProperty("p99_ms", std::to_string(probe.p99()));
  EXPECT_LT(probe.p99(), 50);
  expect_held();
}

class Hostile : public Line {
 protected:
  static constexpr size_t kFillValue = 1000;

  void SetUp() override {
    raise_own_file_limit();
    start(options(256 * kMiB, {"--maxmemory-policy", "allkeys-lru"}));
    if (IsSkipped()) return;
    int filled = fill(kFillValue);
    // More, until there are about as many holes as there come to be: what keys leave behind is put together
    // to pages when it is more.
    constexpr int kMore = 1000;
    const auto holes = [&] {
      return info_number(*control_, "memory", "plimsoll_breakdown_allocator_fragmentation");
    };
    EXPECT_TRUE(within(std::chrono::seconds(20), [&] {
      write(kFillValue, filled, kMore);
      filled += kMore;
      return holes() > static_cast<long long>(server_->limit() / 32);
    }));
    probe_ = std::make_unique<LatencyProbe>(*server_, 2);
    EXPECT_TRUE(within(std::chrono::seconds(20), [&] { return probe_->requests() >= 400; }))
        << "it has its keys";
    wait_for_rest();
    evicted_before_ = evicted();
  }

  long long evicted() { return info_number(*control_, "stats", "evicted_keys"); }

  // What is to be left free is free: no key goes any more unless somebody makes it go.
  void wait_for_rest() {
    using Clock = std::chrono::steady_clock;
    long long last = evicted();
    auto since = Clock::now();
    EXPECT_TRUE(within(std::chrono::seconds(20), [&] {
      const long long now = evicted();
      if (now != last) since = Clock::now();
      last = now;
      return Clock::now() - since > std::chrono::milliseconds(1500);
    }));
  }

  // Others get replies that are no longer small while it lasts.
  void expect_long_replies() {
    std::vector<std::string> mget{"MGET"};
    for (int i = 0; i < 100; ++i) mget.push_back("fill:" + std::to_string(i));
    for (int i = 0; i < 200; ++i) {
      const std::string reply = control_->call(mget);
      ASSERT_TRUE(reply.starts_with("*100\r\n")) << reply.substr(0, 100) << info_text(*control_, "memory");
    }
  }

  // What keys may go for, in bytes.
  struct Cost {
    uint64_t stored = 0;    // by those clients
    uint64_t arriving = 0;  // one value for each I/O thread
    uint64_t sockets = 0;   // what the kernel needs for them
  };

  // The bounds of what clients may do to others and to the data.
  void expect_bounded(const Cost& cost) {
    EXPECT_TRUE(within(std::chrono::seconds(20), [&] { return probe_->requests() >= 1000; }));
    probe_->stop();
    EXPECT_EQ(probe_->first_failure(), "");
    RecordProperty("p99_ms", std::to_string(probe_->p99()));
    RecordProperty("worst_ms", std::to_string(probe_->worst()));
    EXPECT_LT(probe_->p99(), 50);
    const auto evicted_bytes = static_cast<uint64_t>(evicted() - evicted_before_) * kFillValue;
    RecordProperty("evicted_bytes", std::to_string(evicted_bytes));
    const uint64_t bound = cost.stored + cost.arriving + cost.sockets;
    // Keys go some at a time, and until whole pages are free: as much as the line's margin.
    const uint64_t grain = bound != 0 ? server_->limit() / 64 : 0;
    EXPECT_LE(evicted_bytes, bound + probe_->bytes_written() + grain);
    expect_held();
  }

  // What clients may have of the line at any time: as much as the sockets of some hundred that do not read
  // take.
  uint64_t client_share() const { return server_->limit() / 25; }

  static constexpr size_t kHalfValue = 20'000'000;
  long long evicted_before_ = 0;
  std::unique_ptr<LatencyProbe> probe_;
};

TEST_F(Hostile, ClientsThatAskAndNeverRead) {
  std::vector<std::string> small;
  for (int i = 0; i < 1000; ++i) small.push_back("fill:" + std::to_string(i));
  BlindWriters of_small(*server_, 100), of_large(*server_, 100);
  ASSERT_EQ(control_->call({"SET", "large", std::string(1'000'000, 'l')}), "+OK\r\n");
  EXPECT_GT(ask_and_never_read(of_small, small, kFillValue, 30'000'000), 100u * 1000);
  EXPECT_GT(ask_and_never_read(of_large, {"large"}, 1'000'000, 30'000'000), 100u * 700);
  expect_bounded({.stored = 1'000'000, .arriving = 2'000'000, .sockets = client_share()});
}

// What the kernel holds for them counts, too.
TEST_F(Hostile, ThousandsThatAskAndNeverRead) {
  ASSERT_EQ(control_->call({"SET", "large", std::string(100'000, 'l')}), "+OK\r\n");
  BlindWriters clients(*server_, 2000);
  EXPECT_GT(ask_and_never_read(clients, {"large"}, 100'000, 400'000), 2000u * 90);
  expect_long_replies();
  expect_bounded({.stored = 100'000, .sockets = clients.connections() * 14'000});
}

TEST_F(Hostile, ValuesThatStayHalfSent) {
  BlindWriters clients(*server_, 64);
  EXPECT_GT(send_half_a_value(clients, kHalfValue, kHalfValue / 2), kHalfValue / 2);
  expect_long_replies();
  expect_bounded({.arriving = 2 * kHalfValue});
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
  EXPECT_EQ(served, 10'000u);
  expect_bounded({.sockets = connections.size() * 3'000});
}

TEST_F(Hostile, OneCommandThatCouldNeverFit) {
  EXPECT_TRUE(control_->call({"SETRANGE", "huge", "536870911", "x"}).starts_with("-OOM"));
  EXPECT_EQ(evicted(), evicted_before_);
  expect_bounded({});
}

TEST_F(Hostile, OneLargeMset) {
  std::vector<std::string> command{"MSET"};
  for (int i = 0; i < 100; ++i) {
    command.push_back("mset:" + std::to_string(i));
    command.push_back(std::string(1'000'000, 'm'));
  }
  EXPECT_EQ(control_->call(command), "+OK\r\n");
  expect_bounded({.stored = 100'000'000, .arriving = 1'000'000});
}

TEST_F(Hostile, OneMsetOfManySmallValues) {
  std::vector<std::string> command{"MSET"};
  for (int i = 0; i < 50'000; ++i) {
    command.push_back("mset:" + std::to_string(i));
    command.push_back(std::string(1'000, 'm'));
  }
  EXPECT_EQ(control_->call(command), "+OK\r\n");
  // They arrive as one command, with a list of their places.
  expect_bounded({.stored = 50'000'000, .arriving = 50'000 * (1'000 + 100)});
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

// Connections that write new keys of sizes that vary, a batch at a time and as fast as they are answered.
class Writers {
 public:
  Writers(const LineServer& server, int connections) {
    for (int i = 0; i < connections; ++i) {
      threads_.emplace_back(
          [this, i, connection = server.connect()]() mutable { run(std::move(connection), i); });
    }
  }
  ~Writers() { stop(); }
  Writers(const Writers&) = delete;

  void stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  uint64_t written() const { return written_; }
  uint64_t refused() const { return refused_; }

 private:
  void run(RawConnection connection, int index) {
    constexpr int kBatch = 16;
    constexpr std::array<size_t, 6> kSizes = {20, 300, 90, 1'000, 150, 4'000};
    try {
      for (uint64_t key = 0; !stopping_;) {
        std::string batch;
        for (int i = 0; i < kBatch; ++i, ++key) {
          batch += encode_command({"SET", "writer:" + std::to_string(index) + ":" + std::to_string(key),
                                   std::string(kSizes[key % kSizes.size()], 'w')});
        }
        connection.send(batch);
        for (int i = 0; i < kBatch; ++i) ++(connection.read_reply() == "+OK\r\n" ? written_ : refused_);
      }
    } catch (const ConnectionError& error) {
      ADD_FAILURE() << error.what();
    }
  }

  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> written_{0}, refused_{0};
  std::vector<std::thread> threads_;
};

TEST_F(Line, IsFollowedWhenItIsHalvedUnderLoad) {
  start(options(128 * kMiB, {"--maxmemory-policy", "allkeys-lru"}));
  if (IsSkipped()) return;
  fill(300);
  Writers writers(*server_, 2);
  LatencyProbe probe(*server_, 2);
  const uint64_t half = server_->limit() * 95 / 200;
  ASSERT_EQ(control_->call({"CONFIG", "SET", "memory-line", std::to_string(half)}), "+OK\r\n");
  EXPECT_TRUE(within(std::chrono::seconds(10), [&] { return server_->held() <= half; }));
  probe.stop();
  writers.stop();
  EXPECT_GT(writers.written(), 100u);
  EXPECT_EQ(writers.refused(), 0u);
  EXPECT_EQ(probe.first_failure(), "");
  RecordProperty("worst_ms", std::to_string(probe.worst()));
  EXPECT_LT(probe.worst_beyond(stalls_), 50);
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
