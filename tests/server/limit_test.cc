// maxmemory and expiry as a client sees them from outside.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "server_under_test.h"

namespace plimsoll::test {
namespace {

constexpr long long kKiB = 1024;
constexpr long long kLimit = 100 * 1024 * kKiB;
constexpr int kIoThreads = 2;
constexpr size_t kLargestValue = 64'000;
constexpr size_t kSizes[] = {8, 48, 150, 300, 1'000, 4'000, 14'000, 20'000, kLargestValue};

// Sets keys of its own to values of mixed sizes until it has written `bytes`, sixteen commands at a time.
void write_mixed_values(RawConnection connection, unsigned seed, long long bytes) {
  std::mt19937 random(seed);
  const std::string value(kLargestValue, 'v');
  for (long long written = 0, key = 0; written < bytes;) {
    std::string batch;
    for (int i = 0; i < 16; ++i) {
      const size_t size = kSizes[random() % std::size(kSizes)];
      batch +=
          encode_command({"SET", std::to_string(seed) + ":" + std::to_string(key++), value.substr(0, size)});
      written += static_cast<long long>(size);
    }
    connection.send(batch);
    for (int i = 0; i < 16; ++i) ASSERT_EQ(connection.read_reply(), "+OK\r\n");
  }
}

class ServerLimit : public testing::TestWithParam<const char*> {};

TEST_P(ServerLimit, HoldsWhileAGigabyteIsWritten) {
  const ServerProcess server(server_options({"--maxmemory", "100mb", "--maxmemory-policy", GetParam(),
                                             "--io-threads", std::to_string(kIoThreads)}));
  RawConnection control = server.connect();
  constexpr int kWriters = 4;
  std::atomic<int> writing = kWriters;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i, connection = server.connect()]() mutable {
      write_mixed_values(std::move(connection), static_cast<unsigned>(i), (1LL << 30) / kWriters);
      --writing;
    });
  }
  long long most = 0;
  while (writing > 0) most = std::max(most, info_number(control, "memory", "used_memory"));
  for (std::thread& writer : writers) writer.join();

  // A thread tells what it holds every 16 KiB; each may be in one command: its bytes as received, and the
  // entry.
  constexpr long long kCommand = 2 * static_cast<long long>(kLargestValue) + 16 * kKiB;
  RecordProperty("most_over_limit", std::to_string(most - kLimit));
  EXPECT_LE(most, kLimit + (16 * kKiB + kCommand) * kIoThreads);
  const long long used = info_number(control, "memory", "used_memory");
  EXPECT_GE(used, kLimit - 64 * kKiB * kIoThreads - kCommand) << "more was evicted than need be";
  EXPECT_LE(used, kLimit + 16 * kKiB * kIoThreads);
  EXPECT_GT(info_number(control, "stats", "evicted_keys"), 1000);
}

INSTANTIATE_TEST_SUITE_P(Policies, ServerLimit,
                         testing::Values("allkeys-lru", "allkeys-lfu", "allkeys-random"),
                         [](const auto& policy) {
                           std::string name = policy.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// `count` keys with a hundred bytes each.
void fill(RawConnection& control, int count) {
  constexpr int kBatch = 1000;
  const std::string value(100, 'v');
  for (int from = 0; from < count; from += kBatch) {
    std::string batch;
    for (int i = from; i < from + kBatch; ++i)
      batch += encode_command({"SET", "key:" + std::to_string(i), value});
    control.send(batch);
    for (int i = 0; i < kBatch; ++i) ASSERT_EQ(control.read_reply(), "+OK\r\n");
  }
}

TEST(ServerLimitLowered, IsReachedWithoutWritersWhileOthersAreServed) {
  using Clock = std::chrono::steady_clock;
  constexpr long long kLow = 20'000 * kKiB;
  const ServerProcess server(
      server_options({"--maxmemory-policy", "allkeys-lru", "--io-threads", "1", "--memory-line", "off"}));
  RawConnection control = server.connect();
  fill(control, 1'000'000);
  ASSERT_EQ(control.call({"CONFIG", "SET", "maxmemory", std::to_string(kLow)}), "+OK\r\n");
  const auto begin = Clock::now();
  auto longest = Clock::duration::zero();
  ASSERT_TRUE(eventually([&] {
    const auto asked = Clock::now();
    const bool reached = info_number(control, "memory", "used_memory") <= kLow;
    longest = std::max(longest, Clock::now() - asked);
    return reached;
  }));
  EXPECT_LE(Clock::now() - begin, std::chrono::seconds(4));
  EXPECT_LE(longest, std::chrono::milliseconds(100));
  EXPECT_GE(info_number(control, "memory", "used_memory"), kLow - 64 * kKiB);
}

double cpu_seconds(RawConnection& control) {
  return std::stod(info_field(control, "cpu", "used_cpu_user")) +
         std::stod(info_field(control, "cpu", "used_cpu_sys"));
}

TEST(ServerExpiry, AThousandDueAmongAMillionGoInTwoSecondsAtLittleCpu) {
  using Clock = std::chrono::steady_clock;
  constexpr int kLater = 1'000'000, kDue = 1'000;
  const ServerProcess server(server_options({"--io-threads", "1"}));
  RawConnection control = server.connect();
  for (int i = 0; i < kLater;) {
    std::string batch;
    for (int n = 0; n < 1000; ++n, ++i) {
      batch +=
          encode_command({"SET", "later:" + std::to_string(i), "v", "EX", std::to_string(3600 + i % 10000)});
    }
    control.send(batch);
    for (int n = 0; n < 1000; ++n) ASSERT_EQ(control.read_reply(), "+OK\r\n");
  }
  std::string batch;
  for (int i = 0; i < kDue; ++i)
    batch += encode_command({"SET", "due:" + std::to_string(i), "v", "PX", "500"});
  control.send(batch);
  for (int i = 0; i < kDue; ++i) ASSERT_EQ(control.read_reply(), "+OK\r\n");
  const auto due = Clock::now() + std::chrono::milliseconds(500);

  ASSERT_TRUE(eventually([&] { return info_number(control, "stats", "expired_keys") == kDue; }));
  EXPECT_LE(Clock::now(), due + std::chrono::seconds(2));
  EXPECT_EQ(parse_reply(control.call({"DBSIZE"})).text, std::to_string(kLater));

  // What an idle server takes shows only in time that passes.
  const auto begin = Clock::now();
  const double cpu_before = cpu_seconds(control);
  std::this_thread::sleep_for(std::chrono::seconds(3));
  const double cpu = cpu_seconds(control) - cpu_before;
  const double wall = std::chrono::duration<double>(Clock::now() - begin).count();
  RecordProperty("idle_core_percent", std::to_string(100 * cpu / wall));
  EXPECT_LT(cpu / wall, 0.03);
}

}  // namespace
}  // namespace plimsoll::test
