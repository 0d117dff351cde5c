// The option memory-line as a client and the kernel see it.

#include <gtest/gtest.h>
#include <zmalloc/process_memory.h>

#include <array>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "server_under_test.h"
#include "support/subprocess.h"

namespace plimsoll::test {
namespace {

constexpr long long kMiB = 1 << 20;
constexpr const char* kBadValue = "argument must be 'auto', 'off', a memory or percent value";

// A figure of /proc/PID/status, in bytes; -1 when it is not there.
long long status_bytes(pid_t pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoll(line.substr(name.size() + 1)) * 1024;
  }
  return -1;
}

// Whether another process's memory counts for a server's line: that of its limited group does.
bool shares_a_limited_group() {
  zm::CgroupMemory group{};
  return zm::read_cgroup_memory(&group) == 0 && group.limited;
}

std::string shown_line(RawConnection& connection) {
  return parse_reply(connection.call({"CONFIG", "GET", "memory-line"})).children.at(1).text;
}

TEST(MemoryLineOption, IsAutoUnlessToldOtherwise) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  EXPECT_EQ(connection.call({"CONFIG", "GET", "memory-line"}), "*2\r\n$11\r\nmemory-line\r\n$4\r\nauto\r\n");
  if (!shares_a_limited_group()) {
    EXPECT_EQ(info_number(connection, "memory", "plimsoll_line_limit"), 0) << "no group limits it";
  }
}

TEST(MemoryLineOption, CanBeGivenAtTheStart) {
  for (const std::string value : {"off", "auto", "90%", "300mb"}) {
    const ServerProcess server(server_options({"--memory-line", value}));
    RawConnection connection = server.connect();
    EXPECT_EQ(shown_line(connection), value);
    EXPECT_EQ(connection.call({"SET", "a", "1"}), "+OK\r\n") << value;
  }
}

TEST(MemoryLineOption, ABadOneAtTheStartIsFatal) {
  const ProgramRun refused = run_program({server_under_test(), "--port", "0", "--memory-line", "101%"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(
      refused.error,
      std::string("\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at "
                  "line 3\n>>> 'memory-line \"101%\"'\n") +
          kBadValue + "\n");
  EXPECT_EQ(run_program({server_under_test(), "--port", "0", "--memory-line"}).exit_code, 1);
}

TEST(MemoryLineOption, CanBeSetWhileItRuns) {
  const ServerProcess server(server_options());
  RawConnection connection = server.connect();
  for (const std::string value : {"300mb", "314572800", "90%", "auto", "off"}) {
    EXPECT_EQ(connection.call({"CONFIG", "SET", "memory-line", value}), "+OK\r\n");
    EXPECT_EQ(shown_line(connection), value);
  }
}

TEST(MemoryLineOption, ABadValueChangesNothing) {
  const ServerProcess server(server_options({"--memory-line", "300mb"}));
  RawConnection connection = server.connect();
  const std::string error =
      std::string("-ERR CONFIG SET failed (possibly related to argument 'memory-line') - ") + kBadValue +
      "\r\n";
  for (const std::string& value :
       {std::string("0"), std::string("-1"), std::string("101%"), std::string("garbage"), std::string(),
        std::string("99999999999gb"), std::string("300mb\0", 6)}) {
    EXPECT_EQ(connection.call({"CONFIG", "SET", "memory-line", value}), error) << value;
    EXPECT_EQ(connection.call({"CONFIG", "SET", "hz", "50", "memory-line", value}), error) << value;
    EXPECT_EQ(shown_line(connection), "300mb") << value;
  }
  EXPECT_EQ(parse_reply(connection.call({"CONFIG", "GET", "hz"})).children.at(1).text, "10");
  EXPECT_EQ(connection.call({"CONFIG", "SET", "memory-line", "200mb", "memory-line", "100mb"}),
            "-ERR CONFIG SET failed (possibly related to argument 'memory-line') - duplicate parameter\r\n");
  EXPECT_EQ(connection.call({"CONFIG", "SET", "memory-line"}),
            "-ERR wrong number of arguments for 'config|set' command\r\n");
  EXPECT_EQ(shown_line(connection), "300mb");
}

// Nobody's data is refused or given up for what clients hold: that is the line's to bound.
TEST(MemoryLineOption, MaxmemoryLeavesOutWhatClientsHold) {
  for (const bool has_line : {true, false}) {
    const ServerProcess server(server_options({"--memory-line", has_line ? "2gb" : "off"}));
    RawConnection control = server.connect();
    RawConnection client = server.connect();
    const long long limit = info_number(control, "memory", "used_memory") + 2 * kMiB;
    client.send("*2\r\n$4\r\nECHO\r\n$5000000\r\n" + std::string(4'000'000, 'x'));
    ASSERT_TRUE(eventually([&] { return info_number(control, "memory", "used_memory") > limit; }));
    ASSERT_EQ(control.call({"CONFIG", "SET", "maxmemory", std::to_string(limit)}), "+OK\r\n");
    const long long left_out = info_number(control, "memory", "mem_not_counted_for_evict");
    EXPECT_EQ(left_out >= 4'000'000, has_line) << left_out;
    EXPECT_EQ(control.call({"SET", "key", "value"}) == "+OK\r\n", has_line);
  }
}

// Long before client-output-pause-timeout. Who reads is not among them, and is refused nothing meanwhile.
TEST(MemoryLineOption, WhoReadsNothingGoesWhenClientsHaveNoMemoryLeft) {
  constexpr int kClients = 200;  // each leaves seven eighths of what there is
  const ServerProcess server(server_options({"--memory-line", "64mb"}));
  RawConnection control = server.connect();
  if (!info_field(control, "memory", "mem_allocator").starts_with("jemalloc")) {
    GTEST_SKIP()
        << "where the heap does not stand in the ledger, the process may be over its line all the time";
  }
  ASSERT_EQ(control.call({"SET", "key", std::string(10'000, 'v')}), "+OK\r\n");
  std::string pipeline;
  for (int i = 0; i < 200; ++i) pipeline += encode_command({"GET", "key"});
  std::vector<RawConnection> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(server.connect());
    clients.back().send(pipeline);
  }
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(control.call({"GET", "key"}).size(), 10'010u);
    return server.log().find("that leaves its replies unread") != std::string::npos;
  })) << info_number(control, "memory", "mem_clients_normal");
  EXPECT_GT(info_number(control, "clients", "connected_clients"), 1);
}

// Values of all sizes, `bytes` of them; how many commands were refused.
long long write_values(RawConnection connection, unsigned seed, long long bytes) {
  constexpr std::array<size_t, 9> kValueSizes = {8, 48, 150, 300, 1'000, 4'000, 14'000, 20'000, 64'000};
  std::mt19937 random(seed);
  long long refused = 0;
  for (long long written = 0, key = 0; written < bytes;) {
    std::string batch;
    for (int i = 0; i < 16; ++i) {
      const std::string value(kValueSizes[random() % kValueSizes.size()], 'v');
      batch += encode_command({"SET", std::to_string(seed) + ":" + std::to_string(key++), value});
      written += static_cast<long long>(value.size());
    }
    connection.send(batch);
    for (int i = 0; i < 16; ++i) refused += connection.read_reply() != "+OK\r\n" ? 1 : 0;
  }
  return refused;
}

TEST(MemoryLineOption, ResidentMemoryStaysBelowItWhileSeveralTimesAsMuchIsWritten) {
  constexpr long long kRoom = 66 * kMiB;
  constexpr int kWriters = 2;
  const ServerProcess server(server_options({"--maxmemory-policy", "allkeys-lru", "--io-threads", "2"}));
  RawConnection control = server.connect();
  if (!info_field(control, "memory", "mem_allocator").starts_with("jemalloc")) {
    GTEST_SKIP() << "only on jemalloc does the heap stand in the ledger";
  }
  if (shares_a_limited_group())
    GTEST_SKIP() << "what else runs in this memory cgroup counts for the line too";
  const long long line = status_bytes(server.pid(), "VmRSS") + kRoom;
  ASSERT_EQ(control.call({"CONFIG", "SET", "memory-line", std::to_string(line)}), "+OK\r\n");

  std::array<long long, kWriters> refused{};
  std::vector<std::thread> writers;
  for (unsigned i = 0; i < kWriters; ++i) {
    writers.emplace_back([&refused, i, connection = server.connect()]() mutable {
      refused[i] = write_values(std::move(connection), i, 5 * kRoom / kWriters);
    });
  }
  for (std::thread& writer : writers) writer.join();

  const long long most = status_bytes(server.pid(), "VmHWM");  // the highest that VmRSS has been
  RecordProperty("memory_line", std::to_string(line));
  RecordProperty("most_resident", std::to_string(most));
  EXPECT_GT(most, 0);
  EXPECT_LE(most, line);
  EXPECT_LE(status_bytes(server.pid(), "VmRSS"), line);
  for (const long long count : refused) EXPECT_EQ(count, 0) << "keys go before a write is refused";
  EXPECT_GT(info_number(control, "stats", "evicted_keys"), 1000);
  EXPECT_GE(info_number(control, "memory", "used_memory"), kRoom / 2) << "more was evicted than need be";
}

}  // namespace
}  // namespace plimsoll::test
