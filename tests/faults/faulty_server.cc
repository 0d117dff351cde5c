#include "faulty_server.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>

#include "support/resp_reply.h"

namespace plimsoll::test {
namespace {

constexpr uint64_t kEveryCall = 300;  // so many are tried one by one, later ones
constexpr uint64_t kStepShare = 16;   // at growing distances: by this part of the number
constexpr uint64_t kRow = 40;         // refused in a row, in the second round
constexpr const char* kTags[] = {"string", "client", "client_input", "client_output",
                                 "config", "server", "other"};
constexpr uint64_t kKeptByControl = 4096;  // what a connection that has asked more may hold more
// PEXPIRETIME of what examples let expire at a time of their own.
constexpr const char* kAbsoluteExpiry = ":4102444800000\r\n";
constexpr int kMostAttempts = 200;  // to get an answer while calls are being refused

ServerProcess::Options options(const FaultySetup& setup) {
  ServerProcess::Options options;
  // The build puts it beside the other.
  options.program = environment_or("PLIMSOLL_SERVER_UNDER_TEST", "plimsoll-server") + "-faults";
  options.configuration = "# a comment\nsave 60 2\nmaxmemory-samples 7\n";
  options.arguments = {"--io-threads",
                       std::to_string(setup.io_threads),
                       "--memory-line",
                       setup.memory_line,
                       "--enable-debug-command",
                       "yes",
                       "--hz",
                       "100",
                       "--slowlog-log-slower-than",
                       "0",
                       "--latency-monitor-threshold",
                       "1",
                       "--loglevel",
                       "debug"};
  return options;
}

// Asks until the answer is as wanted or ten seconds have passed.
bool eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace

std::string command(const Words& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return bytes;
}

std::string name_of(const FaultySetup& setup) {
  return std::to_string(setup.io_threads) + (setup.memory_line == "off" ? "" : "_below_a_line");
}

std::ostream& operator<<(std::ostream& out, const FaultySetup& setup) {
  return out << setup.io_threads << " I/O threads, memory-line " << setup.memory_line;
}

FaultyServer::FaultyServer(const FaultySetup& setup) : process_(options(setup)) {
  connect();
}

void FaultyServer::connect() {
  for (int attempt = 0; attempt < kMostAttempts && process_.running(); ++attempt) {
    try {
      control_.emplace(process_.connect());
      return;
    } catch (const ConnectionError&) {
    }
  }
}

std::string FaultyServer::ask(const Words& words) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    try {
      return control_->call(words);
    } catch (const ConnectionError&) {
      if (!process_.running()) break;
      connect();
    }
  }
  ADD_FAILURE() << "no answer to " << words[0] << "; the log:\n" << process_.log();
  return "";
}

void FaultyServer::refuse(uint64_t n, uint64_t count) {
  ASSERT_EQ(ask({"DEBUG", "FAIL-ALLOCATION", std::to_string(n), std::to_string(count)}), "+OK\r\n");
}

long FaultyServer::end_refusals() {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const std::string reply = ask({"DEBUG", "FAIL-ALLOCATION", "OFF"});
    if (reply.starts_with(":")) return std::stol(reply.substr(1));
    if (!reply.starts_with("-OOM")) break;
  }
  ADD_FAILURE() << "calls can't be granted again";
  return 0;
}

void FaultyServer::make_keys() {
  std::string lines = command({"FLUSHALL"}) + command({"SET", "K", "41"});
  for (const std::string_view line : example_keys()) lines += command(words_of(line));
  control_->send(lines);
  for (size_t i = 0; i < example_keys().size() + 2; ++i) ASSERT_EQ(control_->read_reply(), "+OK\r\n");
}

std::map<std::string, std::string> FaultyServer::data() {
  constexpr const char* kDatabases[] = {"0", "1"};
  // A time to live that a command gives is another one each time.
  const auto expiry = [](const std::string& reply) {
    return reply == ":-1\r\n" || reply == kAbsoluteExpiry ? reply : std::string("relative");
  };
  std::map<std::string, std::string> data;
  for (const char* database : kDatabases) {
    ask({"SELECT", database});
    const RespReply keys = parse_reply(ask({"KEYS", "*"}));
    std::string commands;
    for (const RespReply& key : keys.children)
      commands += command({"GET", key.text}) + command({"PEXPIRETIME", key.text});
    if (!commands.empty()) control_->send(commands);
    for (const RespReply& key : keys.children) {
      std::string value = control_->read_reply();
      data[std::string(database) + ":" + key.text] = value + expiry(control_->read_reply());
    }
  }
  ask({"SELECT", "0"});
  return data;
}

std::map<std::string, uint64_t> FaultyServer::memory() {
  constexpr std::string_view kTag = "plimsoll_tag_";
  std::map<std::string, uint64_t> bytes;
  std::istringstream lines(ask({"INFO", "everything"}));
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (line.starts_with(kTag))
      bytes[line.substr(kTag.size(), colon - kTag.size())] = std::stoull(line.substr(colon + 1));
    if (line.starts_with("used_memory:")) bytes["used_memory"] = std::stoull(line.substr(colon + 1));
  }
  return bytes;
}

void FaultyServer::expect_alive(const std::string& where) {
  ASSERT_TRUE(process_.running()) << where << "; the log:\n" << process_.log();
  ASSERT_EQ(ask({"ECHO", where}), "$" + std::to_string(where.size()) + "\r\n" + where + "\r\n");
  ASSERT_EQ(client().call({"PING"}), "+PONG\r\n") << where;
}

void ServerFaults::SetUp() {
  server_.ask({"FLUSHALL"});
  files_before_ = files();
  memory_before_ = server_.memory();
  ASSERT_GT(memory_before_.size(), 15u);
}

long ServerFaults::files() {
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(server_.process().pid()) + "/fd");
  return std::distance(begin(open), end(open));
}

void ServerFaults::TearDown() {
  if (ended_) return;
  ASSERT_TRUE(server_.process().running()) << server_.process().log();
  server_.ask({"FLUSHALL"});
  std::map<std::string, uint64_t> memory;
  const bool back = eventually([&] {
    memory = server_.memory();
    return std::all_of(std::begin(kTags), std::end(kTags), [&](const char* tag) {
      return memory[tag] <= memory_before_[tag] + (tag == kTags[0] ? 0 : kKeptByControl);
    });
  });
  for (const char* tag : kTags) {
    EXPECT_TRUE(back) << tag << ": " << memory_before_[tag] << " before, " << memory[tag] << " now";
  }
  EXPECT_TRUE(eventually([&] { return files() <= files_before_; }))
      << files() << " files, " << files_before_ << " before";
  EXPECT_TRUE(eventually([&] {
    return server_.ask({"INFO", "clients"}).find("\nconnected_clients:1\r") != std::string::npos;
  })) << "closed connections are counted";
  uint64_t sum = 0;
  for (const auto& [tag, bytes] : memory) sum += tag == "used_memory" ? 0 : bytes;
  EXPECT_EQ(sum, memory["used_memory"]);
  EXPECT_EQ(server_.process().stop(), 0);
  EXPECT_EQ(server_.process().log().find("bug"), std::string::npos) << server_.process().log();
}

void ServerFaults::may_keep_memory_of_now() {
  for (const auto& [tag, bytes] : server_.memory())
    memory_before_[tag] = std::max(memory_before_[tag], bytes);
}

void ServerFaults::refuse_each(const std::string& where, const std::function<void()>& prepare,
                               const std::function<void()>& attempt) {
  prepare();
  attempt();
  may_keep_memory_of_now();
  for (const uint64_t count : {uint64_t{1}, kRow}) {
    long refused = 1;
    for (uint64_t n = 1; refused != 0; n += 1 + (n > kEveryCall ? n / kStepShare : 0)) {
      prepare();
      server_.refuse(n, count);
      try {
        attempt();
      } catch (const ConnectionTimeout&) {
        ADD_FAILURE() << where << ", call " << n << ": a client waits forever";
      } catch (const ConnectionError&) {
      }
      refused = server_.end_refusals();
      server_.expect_alive(where + ", call " + std::to_string(n));
      if (HasFailure()) return;
    }
  }
}

}  // namespace plimsoll::test
