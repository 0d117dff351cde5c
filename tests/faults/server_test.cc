// A whole server, with each of its calls for memory refused in turn: it lives, answers what it can, closes a
// connection at worst, and goes on as if nothing had been.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "commands.h"
#include "examples.h"
#include "support/raw_connection.h"
#include "support/resp_reply.h"
#include "support/server_process.h"
#include "support/text.h"

namespace plimsoll::test {
namespace {

constexpr uint64_t kEveryCall = 300;  // so many are tried one by one, later ones
constexpr uint64_t kStepShare = 16;   // at growing distances: by this part of the number
constexpr uint64_t kRow = 40;         // refused in a row, in the second round
constexpr int kMostAttempts = 100;    // to get an answer while calls are being refused

ServerProcess::Options options() {
  ServerProcess::Options options;
  options.program = environment_or("PLIMSOLL_SERVER_WITH_FAULTS", "plimsoll-server-faults");
  options.configuration = "# a comment\nsave 60 2\nmaxmemory-samples 7\n";
  options.arguments = {"--io-threads",
                       "1",
                       "--enable-debug-command",
                       "yes",
                       "--slowlog-log-slower-than",
                       "0",
                       "--latency-monitor-threshold",
                       "1",
                       "--loglevel",
                       "warning"};
  return options;
}

std::string command(const Words& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return bytes;
}

class Server {
 public:
  Server() : process_(options()) { connect(); }

  RawConnection client() { return process_.connect(); }

  // A reply on the connection of this object, which is made again when it was closed.
  std::string ask(const Words& words) {
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

  void refuse(uint64_t n, uint64_t count) {
    ASSERT_EQ(ask({"DEBUG", "FAIL-ALLOCATION", std::to_string(n), std::to_string(count)}), "+OK\r\n");
  }

  // Grants everything from now on, and returns how many calls were refused.
  long end_refusals() {
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
      const std::string reply = ask({"DEBUG", "FAIL-ALLOCATION", "OFF"});
      if (reply.starts_with(":")) return std::stol(reply.substr(1));
      if (!reply.starts_with("-OOM")) break;
    }
    ADD_FAILURE() << "calls can't be granted again";
    return 0;
  }

  void make_keys() {
    std::string lines = command({"FLUSHALL"}) + command({"SET", "K", "41"});
    for (const std::string_view line : example_keys()) lines += command(words_of(line));
    control_->send(lines);
    for (size_t i = 0; i < example_keys().size() + 2; ++i) ASSERT_EQ(control_->read_reply(), "+OK\r\n");
  }

  // It answers old connections and new ones.
  void expect_alive(const std::string& where) {
    ASSERT_TRUE(process_.running()) << where << "; the log:\n" << process_.log();
    ASSERT_EQ(ask({"ECHO", where}), "$" + std::to_string(where.size()) + "\r\n" + where + "\r\n");
    ASSERT_EQ(client().call({"PING"}), "+PONG\r\n") << where;
  }

  // A line of INFO.
  uint64_t info(const std::string& field) {
    const std::string text = ask({"INFO", "everything"});
    const size_t at = text.find("\n" + field + ":");
    EXPECT_NE(at, std::string::npos) << field;
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + field.size() + 2));
  }

  ServerProcess& process() { return process_; }

 private:
  void connect() {
    for (int attempt = 0; attempt < kMostAttempts && process_.running(); ++attempt) {
      try {
        control_.emplace(process_.connect());
        return;
      } catch (const ConnectionError&) {
      }
    }
  }

  ServerProcess process_;
  std::optional<RawConnection> control_;
};

class ServerFaults : public testing::Test {
 protected:
  // `attempt` with the n-th call for memory refused, for n from 1 until none is; then with kRow calls from
  // the n-th on. `prepare` comes before each, with memory enough. Whatever `attempt` throws as
  // ConnectionError is a connection that was closed.
  void refuse_each(const std::string& where, const std::function<void()>& prepare,
                   const std::function<void()>& attempt) {
    for (const uint64_t count : {uint64_t{1}, kRow}) {
      long refused = 1;
      for (uint64_t n = 1; refused != 0; n += 1 + (n > kEveryCall ? n / kStepShare : 0)) {
        prepare();
        server_.refuse(n, count);
        try {
          attempt();
        } catch (const ConnectionError&) {
        }
        refused = server_.end_refusals();
        server_.expect_alive(where + ", call " + std::to_string(n));
        if (HasFatalFailure() || HasNonfatalFailure()) return;
      }
    }
  }

  // What a command may answer while memory is short: what it always answers, or that.
  static void expect_answer(const std::string& reply, const std::string& usual) {
    if (!reply.starts_with("-OOM")) {
      EXPECT_EQ(reply, usual);
    }
  }

  Server server_;
};

TEST(ServerExamples, AreThereForEveryCommand) {
  CommandTable table;
  server::add_commands(table);
  const std::span<const std::string_view> examples[] = {library_examples(), server_examples()};
  EXPECT_THAT(commands_without_example(table, examples), testing::IsEmpty())
      << "tests/faults/examples.cc lacks a line for it";
}

TEST_F(ServerFaults, ExamplesAnswerAsTheySay) {
  for (const auto& lines : {library_examples(), server_examples()}) {
    for (const std::string_view line : lines) {
      server_.make_keys();
      const std::string reply = server_.client().call(words_of(line));
      EXPECT_EQ(reply.starts_with("-"), meant_to_fail(line)) << line << ": " << reply;
    }
  }
}

TEST_F(ServerFaults, Commands) {
  for (const auto& lines : {library_examples(), server_examples()}) {
    for (const std::string_view line : lines) {
      const Words words = words_of(line);
      std::optional<RawConnection> client;
      const auto prepare = [&] {
        server_.make_keys();
        client.emplace(server_.client());
        client->call({"PING"});
      };
      refuse_each(std::string(line), prepare, [&] {
        const RespReply reply = parse_reply(client->call(words));
        if (reply.is_error() && !meant_to_fail(line)) {
          EXPECT_TRUE(reply.text.starts_with("OOM") || reply.text.starts_with("ERR"))
              << line << ": " << reply.text;
        }
      });
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace plimsoll::test
