#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "servers.h"

namespace plimsoll::test {
namespace {

// The lines that do not depend on what commands the servers have run.
std::vector<std::string> comparable(const std::string& info) {
  std::vector<std::string> names = field_names(info);
  std::erase_if(names, [](const std::string& name) {
    for (const char* prefix : {"plimsoll_", "cmdstat_", "errorstat_", "latency_percentiles_"}) {
      if (name.starts_with(prefix)) return true;
    }
    return false;
  });
  return names;
}

TEST(Info, HasTheFieldsOfRedisInTheirOrder) {
  const auto redis = start_redis(), plimsoll = start_plimsoll();
  Client reference(*redis), tested(*plimsoll);
  for (const char* section : {"server", "clients", "memory", "persistence", "stats", "replication", "cpu",
                              "modules", "commandstats", "errorstats", "latencystats", "cluster", "keyspace",
                              "default", "all", "everything", "SERVER", "nosuch"}) {
    EXPECT_EQ(comparable(reference.text({"INFO", section})), comparable(tested.text({"INFO", section})))
        << section;
  }
  EXPECT_EQ(comparable(reference.text({"INFO"})), comparable(tested.text({"INFO"})));
  EXPECT_EQ(comparable(reference.text({"INFO", "cpu", "server", "nosuch", "cpu"})),
            comparable(tested.text({"INFO", "cpu", "server", "nosuch", "cpu"})));
}

long long sum_of(const std::map<std::string, std::string>& fields, const std::string& prefix) {
  long long sum = 0;
  for (const auto& [name, value] : fields) {
    if (name.starts_with(prefix)) sum += std::stoll(value);
  }
  return sum;
}

TEST(Info, TagsSumToUsedMemoryAndTheBreakdownToRss) {
  const auto server = start_plimsoll({"--enable-debug-command", "yes"});
  Client client(*server);
  client.call({"DEBUG", "POPULATE", "1000"});
  const auto memory = client.info("memory");
  EXPECT_EQ(sum_of(memory, "plimsoll_tag_"), std::stoll(memory.at("used_memory")));
  EXPECT_EQ(sum_of(memory, "plimsoll_breakdown_"), std::stoll(memory.at("used_memory_rss")));
  EXPECT_EQ(memory.at("plimsoll_breakdown_dataset"), memory.at("plimsoll_tag_string"));
  EXPECT_GT(std::stoll(memory.at("plimsoll_breakdown_dataset")), 1000 * 20);
  EXPECT_EQ(memory.at("used_memory_dataset"), memory.at("plimsoll_tag_string"));
  EXPECT_EQ(std::stoll(memory.at("used_memory_overhead")) + std::stoll(memory.at("used_memory_dataset")),
            std::stoll(memory.at("used_memory")));
  EXPECT_GT(std::stod(memory.at("used_memory_dataset_perc")), 1);
  EXPECT_LE(std::stod(memory.at("used_memory_dataset_perc")), 100);
}

// A sample of the process that was taken after this call.
std::map<std::string, std::string> freshly_sampled(Client& client) {
  using Clock = std::chrono::steady_clock;
  const auto called = Clock::now();
  std::map<std::string, std::string> memory;
  EXPECT_TRUE(eventually([&] {
    const auto asked = Clock::now();
    memory = client.info("memory");
    const std::chrono::milliseconds age(std::stoll(memory.at("plimsoll_smaps_age_ms")));
    return age.count() >= 0 && asked - age - std::chrono::milliseconds(1) > called;
  }));
  return memory;
}

double unexplained(const std::map<std::string, std::string>& memory) {
  return std::abs(std::stod(memory.at("plimsoll_breakdown_rest"))) / std::stod(memory.at("used_memory_rss"));
}

// What the allocator has mapped and not touched is much of a small server.
TEST(Info, TheBreakdownExplainsASmallServersRss) {
  const auto server = start_plimsoll({"--enable-debug-command", "yes"});
  Client client(*server);
  if (client.info("memory").at("mem_allocator").find("jemalloc") == std::string::npos) {
    GTEST_SKIP() << "this allocator tells nothing of its pages";
  }
  auto memory = freshly_sampled(client);
  EXPECT_LT(std::abs(std::stod(memory.at("plimsoll_breakdown_rest"))), 1'000'000);
  ASSERT_EQ(client.text({"DEBUG", "POPULATE", "50000", "key", "1000"}), "OK");
  memory = freshly_sampled(client);
  EXPECT_LT(unexplained(memory), 0.02) << memory.at("plimsoll_breakdown_rest");
}

// A gigabyte, and then what a client announced and has not sent.
TEST(Info, TheBreakdownExplainsRss) {
  const auto server = start_plimsoll({"--enable-debug-command", "yes"});
  Client client(*server);
  client.raw().set_deadline(std::chrono::seconds(120));
  ASSERT_EQ(client.text({"DEBUG", "POPULATE", "1000", "key", "450"}), "OK");
  if (client.info("memory").at("mem_allocator").find("jemalloc") == std::string::npos) {
    GTEST_SKIP() << "this allocator tells nothing of its pages";
  }
  ASSERT_EQ(client.text({"DEBUG", "POPULATE", "2000000", "key", "450"}), "OK");
  auto memory = freshly_sampled(client);
  EXPECT_GT(std::stoll(memory.at("used_memory_rss")), 950'000'000);
  EXPECT_LT(unexplained(memory), 0.03) << memory.at("plimsoll_breakdown_rest");
  EXPECT_LT(std::stoll(memory.at("plimsoll_breakdown_allocator_metadata")),
            std::stoll(memory.at("used_memory_rss")) / 64)
      << "jemalloc keeps as much for each slab as if it were a page";

  Client announcing(*server);
  announcing.raw().send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$300000000\r\nstart");
  ASSERT_TRUE(eventually(
      [&] { return std::stoll(client.info("memory").at("plimsoll_line_unfilled")) > 290'000'000; }));
  memory = freshly_sampled(client);
  EXPECT_LT(unexplained(memory), 0.03) << memory.at("plimsoll_breakdown_rest");

  // The same after much of it was replaced by other sizes.
  ASSERT_EQ(client.text({"FLUSHALL", "SYNC"}), "OK");
  ASSERT_EQ(client.text({"DEBUG", "POPULATE", "2000000", "other", "90"}), "OK");
  memory = freshly_sampled(client);
  EXPECT_LT(unexplained(memory), 0.03) << memory.at("plimsoll_breakdown_rest");
}

// The spell ends with its cause, whatever took that away.
TEST(Info, TimeOverTheLimitIsCountedWhileItIsExceeded) {
  const auto server = start_plimsoll({"--maxmemory-policy", "noeviction"});
  Client client(*server);
  const auto current = [&] { return std::stoll(client.info("stats").at("current_eviction_exceeded_time")); };
  const auto total = [&] { return std::stoll(client.info("stats").at("total_eviction_exceeded_time")); };
  client.call({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_TRUE(client.raw().call({"SET", "key", "value"}).starts_with("-OOM"));
  EXPECT_TRUE(eventually([&] { return current() > 20; }));
  client.call({"CONFIG", "SET", "maxmemory", "100mb"});
  EXPECT_EQ(current(), 0);
  EXPECT_TRUE(eventually([&] { return total() > 20; })) << "what it lasted is kept";
  const long long lasted = total();
  EXPECT_EQ(client.text({"SET", "key", "value"}), "OK");
  EXPECT_EQ(total(), lasted);
  client.call({"CONFIG", "RESETSTAT"});
  EXPECT_EQ(total(), 0);
}

TEST(Info, SmapsAreSampledOnlyWhileAskedFor) {
  const auto server = start_plimsoll();
  Client client(*server);
  auto memory = freshly_sampled(client);
  EXPECT_GT(std::stoll(memory.at("plimsoll_smaps_rss")), 0);
  EXPECT_GT(std::stoll(memory.at("plimsoll_smaps_private_dirty")), 0);
  EXPECT_EQ(memory.count("plimsoll_smaps_swap"), 1u);
  // Other sections do not ask: after the sample that the last question caused, the age only grows.
  EXPECT_TRUE(eventually([&] { return std::stoll(client.info("server").at("uptime_in_seconds")) >= 3; }));
  EXPECT_GE(std::stoll(client.info("memory").at("plimsoll_smaps_age_ms")), 900);
}

TEST(Info, APeakBetweenTwoCommandsOfOneWriteCounts) {
  const auto server = start_plimsoll();
  Client client(*server);
  client.raw().send(encode_command({"SETRANGE", "k", "90000000", "x"}) + encode_command({"DEL", "k"}));
  EXPECT_EQ(client.raw().read_reply(), ":90000001\r\n");
  EXPECT_EQ(client.raw().read_reply(), ":1\r\n");
  const auto memory = client.info("memory");
  EXPECT_GT(std::stoll(memory.at("used_memory_peak")), 90'000'000);
  EXPECT_LT(std::stoll(memory.at("used_memory")), 90'000'000);
}

TEST(Info, CountsCommandsErrorsAndClients) {
  const auto server = start_plimsoll({"--latency-tracking-info-percentiles", "50 99.9"});
  Client client(*server), other(*server);
  client.call({"CONFIG", "RESETSTAT"});
  client.call({"SET", "k", "text"});
  client.call({"GET", "k"});
  client.call({"GET", "missing"});
  client.call({"INCR", "k"});
  client.call({"GET"});
  client.call({"CLIENT", "ID"});
  const auto stats = client.info("everything");
  EXPECT_TRUE(stats.at("cmdstat_get").starts_with("calls=2,")) << stats.at("cmdstat_get");
  EXPECT_TRUE(stats.at("cmdstat_get").ends_with("rejected_calls=1,failed_calls=0"))
      << stats.at("cmdstat_get");
  EXPECT_TRUE(stats.at("cmdstat_incr").ends_with("rejected_calls=0,failed_calls=1"))
      << stats.at("cmdstat_incr");
  EXPECT_TRUE(stats.at("cmdstat_client|id").starts_with("calls=1,"));
  EXPECT_EQ(stats.at("errorstat_ERR"), "count=2");
  EXPECT_TRUE(stats.at("latency_percentiles_usec_get").starts_with("p50="));
  EXPECT_NE(stats.at("latency_percentiles_usec_get").find(",p99.9="), std::string::npos);
  EXPECT_EQ(stats.at("keyspace_hits"), "1");
  EXPECT_EQ(stats.at("keyspace_misses"), "1");
  EXPECT_EQ(stats.at("total_error_replies"), "2");
  EXPECT_EQ(stats.at("db0"), "keys=1,expires=0,avg_ttl=0");
  EXPECT_GE(std::stoll(stats.at("connected_clients")), 2);
}

#ifdef NDEBUG
// A thousand clients, INFO's median: it looks at no client and no key.
TEST(Info, CostsLittleWithAThousandClients) {
  const auto server = start_plimsoll();
  Client client(*server);
  std::vector<Client> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.emplace_back(*server);
    clients.back().call({"PING"});
  }
  client.call({"CONFIG", "RESETSTAT"});
  for (int i = 0; i < 500; ++i) client.call({"INFO"});
  const std::string percentiles = client.info("latencystats").at("latency_percentiles_usec_info");
  EXPECT_LT(std::stod(percentiles.substr(percentiles.find('=') + 1)), 200) << percentiles;
}
#endif

TEST(MemoryStats, HasTheKeysOfRedis) {
  const auto redis = start_redis(), plimsoll = start_plimsoll();
  Client reference(*redis), tested(*plimsoll);
  for (Client* client : {&reference, &tested}) {
    client->call({"HELLO", "3"});
    client->call({"SET", "k", "v"});
    client->call({"SELECT", "5"});
    client->call({"SET", "k", "v"});
  }
  const auto keys = [](const RespReply& map) {
    std::vector<std::string> names;
    for (size_t i = 0; i < map.children.size(); i += 2) names.push_back(map.children[i].text);
    return names;
  };
  const RespReply ours = tested.call({"MEMORY", "STATS"});
  EXPECT_EQ(keys(reference.call({"MEMORY", "STATS"})), keys(ours));
  for (size_t i = 0; i < ours.children.size(); i += 2) {
    if (ours.children[i].text == "keys.count") {
      EXPECT_EQ(ours.children[i + 1].text, "2");
    }
  }
  const bool has_statistics = tested.info("memory").at("mem_allocator").find("jemalloc") != std::string::npos;
  const RespReply allocator = tested.call({"MEMORY", "MALLOC-STATS"});
  EXPECT_EQ(allocator.type, has_statistics ? '=' : '$');
  if (!has_statistics) {
    EXPECT_EQ(allocator.text, "Stats not supported for the current allocator");
  }
  EXPECT_EQ(tested.call({"MEMORY", "PURGE"}).text, "OK");
}

}  // namespace
}  // namespace plimsoll::test
