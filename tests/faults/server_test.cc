// A whole server, with each of its calls for memory refused in turn: it lives, answers what it can, closes a
// connection at worst, and goes on as if nothing had been.
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

#include "commands.h"
#include "faulty_server.h"
#include "support/resp_reply.h"

namespace plimsoll::test {
namespace {

// What happens on one thread, and what goes from one to another.
class ThreadFaults : public ServerFaults {};

const FaultySetup kBelowALine{1, "64mb"}, kTwoBelowALine{2, "64mb"};
constexpr auto kName = [](const auto& test) { return name_of(test.param); };

INSTANTIATE_TEST_SUITE_P(IoThreads, ServerFaults, testing::Values(FaultySetup{}, kBelowALine), kName);
INSTANTIATE_TEST_SUITE_P(IoThreads, ThreadFaults,
                         testing::Values(FaultySetup{}, FaultySetup{2}, kTwoBelowALine), kName);

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_usual_or_refused(const std::string& reply, const std::string& usual) {
  return reply == usual || reply.starts_with("-OOM");
}

TEST(ServerExamples, AreThereForEveryCommand) {
  CommandTable table;
  server::add_commands(table);
  const std::span<const std::string_view> examples[] = {library_examples(), server_examples()};
  EXPECT_THAT(commands_without_example(table, examples), testing::IsEmpty())
      << "tests/faults/examples.cc lacks a line for it";
}

TEST_P(ServerFaults, EveryDebugSubcommandHasAnExample) {
  std::set<std::string> tried;
  for (const std::string_view line : server_examples()) {
    const Words words = words_of(line);
    if (words[0] == "DEBUG") tried.insert(words.at(1));
  }
  const RespReply help = parse_reply(server_.ask({"DEBUG", "HELP"}));
  for (const RespReply& line : help.children) {
    if (!std::isupper(static_cast<unsigned char>(line.text[0])) || line.text.starts_with("DEBUG ")) continue;
    std::istringstream names(line.text);
    for (std::string name; std::getline(names, name, ',');) {
      name.erase(0, name.find_first_not_of(' '));
      EXPECT_TRUE(tried.contains(name.substr(0, name.find(' ')))) << "examples.cc lacks a line for " << name;
    }
  }
  EXPECT_GT(help.children.size(), 20u);
}

// The program that is not built for tests has nothing that refuses memory, and says so.
TEST(ServerRelease, RefusesNothing) {
  ServerProcess::Options options;
  options.program = environment_or("PLIMSOLL_SERVER_UNDER_TEST", "plimsoll-server");
  options.arguments = {"--enable-debug-command", "yes"};
  ServerProcess server(options);
  const std::string reply = server.connect().call({"DEBUG", "FAIL-ALLOCATION", "1000000"});
#ifdef NDEBUG
  EXPECT_EQ(reply, "-ERR This server was built without zmalloc::faults\r\n");
#else
  EXPECT_EQ(reply, "+OK\r\n");
#endif
}

TEST_P(ServerFaults, ExamplesAnswerAsTheySay) {
  for (const auto& lines : {library_examples(), server_examples()}) {
    for (const std::string_view line : lines) {
      server_.make_keys();
      const std::string reply = server_.client().call(words_of(line));
      EXPECT_EQ(reply.starts_with("-"), meant_to_fail(line)) << line << ": " << reply;
    }
  }
}

// Writes its keys one after another, each as a command by itself would.
bool writes_one_by_one(std::string_view line) {
  return line.starts_with("DEBUG POPULATE");
}

// One line, with its calls for memory refused in turn: what it leaves is what was there before, or what it
// leaves with memory enough.
class CommandUnderFaults {
 public:
  CommandUnderFaults(FaultyServer& server, std::string_view line, const char* protocol)
      : server_(server), line_(line), words_(words_of(line)), protocol_(protocol) {
    prepare();
    before_ = server_.data();
    usual_ = client_->call(words_);
    after_ = server_.data();
  }

  const std::string& usual_reply() const { return usual_; }

  void prepare() {
    server_.make_keys();
    client_.emplace(server_.client());
    client_->call({"HELLO", protocol_});
  }

  void attempt() {
    try {
      check(parse_reply(client_->call(words_)));
    } catch (const ConnectionTimeout&) {
      throw;
    } catch (const ConnectionError&) {  // closed, at worst
      check_data(true);
    }
  }

 private:
  void check(const RespReply& reply) {
    const bool refused = reply.is_error() && !meant_to_fail(line_);
    if (refused) {
      EXPECT_TRUE(reply.text.starts_with("OOM") || reply.text.ends_with("std::bad_alloc"))
          << line_ << ": " << reply.text;
    }
    check_data(refused);
  }

  // What the connection did not live to answer may be done or not.
  void check_data(bool may_be_undone) {
    server_.end_refusals();
    if (writes_one_by_one(line_)) return;
    const auto data = server_.data();
    EXPECT_TRUE(data == after_ || (may_be_undone && data == before_)) << line_ << " left something else";
  }

  FaultyServer& server_;
  const std::string line_;
  const Words words_;
  const char* protocol_;
  std::optional<RawConnection> client_;
  std::string usual_;
  std::map<std::string, std::string> before_, after_;
};

TEST_P(ServerFaults, Commands) {
  for (const auto& lines : {library_examples(), server_examples()}) {
    for (const std::string_view line : lines) {
      CommandUnderFaults second(server_, line, "2"), third(server_, line, "3");
      refuse_each(
          std::string(line), [&] { second.prepare(); }, [&] { second.attempt(); });
      // Where the protocols differ in their replies, they do in how these are made.
      if (HasFailure()) return;
      if (third.usual_reply() == second.usual_reply()) continue;
      refuse_each(
          std::string(line) + " (RESP3)", [&] { third.prepare(); }, [&] { third.attempt(); });
      if (HasFailure()) return;
    }
  }
}

TEST_P(ThreadFaults, ConnectionsAreAcceptedOrClosed) {
  refuse_each(
      "connect", [] {},
      [&] {
        RawConnection first = server_.client(), second = server_.client();
        EXPECT_TRUE(is_usual_or_refused(first.call({"PING"}), "+PONG\r\n"));
        EXPECT_TRUE(is_usual_or_refused(second.call({"PING"}), "+PONG\r\n"));
      });
}

// Every command of a pipeline is answered in its place, up to where the connection is closed.
TEST_P(ThreadFaults, PipelinesAreAnsweredInOrder) {
  std::string pipeline;
  Words usual;
  for (int i = 0; i < 60; ++i) {
    pipeline += command({"ECHO", std::to_string(i)}) + command({"SET", "key:" + std::to_string(i), "value"}) +
                command({"GET", "big"});
    usual.insert(usual.end(), {"$" + std::to_string(i < 10 ? 1 : 2) + "\r\n" + std::to_string(i) + "\r\n",
                               "+OK\r\n", "$100000\r\n" + std::string(100'000, 'v') + "\r\n"});
  }
  refuse_each(
      "pipeline", [&] { server_.make_keys(); },
      [&] {
        RawConnection client = server_.client();
        client.send(pipeline);
        for (const std::string& reply : usual) EXPECT_TRUE(is_usual_or_refused(client.read_reply(), reply));
      });
}

// A command that comes in parts is kept until it is whole.
TEST_P(ServerFaults, CommandsArriveInParts) {
  const std::string large = command({"SET", "arrives", std::string(1'500'000, 'x')});
  const std::string many = command(Words(3000, "ECHO"));
  for (const std::string& whole : {command({"SET", "arrives", "a value"}), large, many}) {
    std::optional<RawConnection> client;
    refuse_each(
        "parts of " + std::to_string(whole.size()),
        [&] {
          client.emplace(server_.client());
          client->call({"PING"});
        },
        [&] {
          const size_t third = whole.size() / 3;
          client->send(whole.substr(0, third));
          server_.ask({"PING"});  // the server has read it by then
          client->send(whole.substr(third, third));
          server_.ask({"PING"});
          client->send(whole.substr(2 * third));
          const std::string reply = client->read_reply();
          EXPECT_TRUE(is_usual_or_refused(reply, "+OK\r\n") || whole == many) << reply;
        });
    if (HasFailure()) return;
  }
}

// A part for which there is no memory is no reason to lose the connection: the command is refused, whole.
TEST_P(ServerFaults, WhatCannotBeKeptIsRefused) {
  const std::string small = command({"SET", "kept", std::string(3000, 'x')});
  const std::string large = command({"SET", "kept", std::string(60'000, 'x')});
  struct Parts {
    const std::string& whole;
    size_t before, upto;  // without memory from this byte to that one
  };
  const Parts all[] = {{small, 0, 20},     {small, 0, 2000},        {small, 0, small.size() - 1},
                       {large, 0, 20'000}, {large, 20'000, 60'000}, {large, 20'000, large.size() - 1}};
  const bool below_a_line = GetParam().memory_line != "off";
  const uint64_t kRefused = below_a_line ? 3 : 2;  // there it tries once more
  // What else the server does may take the refusals. Below a line, where it also asks once more or not as
  // time goes, they may hit even what keeps a refused command's place: then the connection goes.
  constexpr uint64_t kMostRounds = 20, kCalls = 3;
  bool any_refused = false;
  for (uint64_t round = 0; round < kMostRounds && !any_refused; ++round) {
    const uint64_t count = kRefused + (below_a_line ? round : 0);
    for (const auto& [whole, before, upto] : all) {
      for (uint64_t n = 1; n <= kCalls && !HasFailure(); ++n) {
        RawConnection client = server_.client();
        client.call({"PING"});
        if (before != 0) client.send(whole.substr(0, before));
        server_.ask({"PING"});
        server_.refuse(n, count);
        client.send(whole.substr(before, upto - before));
        server_.ask({"PING"});
        server_.end_refusals();
        try {
          client.send(whole.substr(upto));
          const std::string reply = client.read_reply();
          EXPECT_TRUE(is_usual_or_refused(reply, "+OK\r\n")) << reply;
          EXPECT_EQ(client.call({"GET", "none"}), "$-1\r\n") << before << " to " << upto << ", call " << n;
          any_refused |= reply != "+OK\r\n";
        } catch (const ConnectionTimeout&) {
          ADD_FAILURE() << before << " to " << upto << ", call " << n << ": a client waits forever";
        } catch (const ConnectionError&) {
          EXPECT_TRUE(below_a_line) << before << " to " << upto << ", call " << n;
        }
      }
    }
  }
  EXPECT_TRUE(any_refused);
}

// A command of many arguments that is here whole: what refuses memory for the list of them, too.
TEST_P(ServerFaults, LongCommandsAreAnswered) {
  Words mget{"MGET"};
  for (int i = 0; i < 20'000; ++i) mget.push_back("none");
  std::string usual = "*20000\r\n";
  for (int i = 0; i < 20'000; ++i) usual += "$-1\r\n";
  const std::string whole = command({"SET", "before", "v"}) + command(mget) + command({"ECHO", "behind"});
  refuse_each(
      "a long command", [&] { server_.make_keys(); },
      [&] {
        RawConnection client = server_.client();
        client.send(whole);
        EXPECT_TRUE(is_usual_or_refused(client.read_reply(), "+OK\r\n"));
        EXPECT_TRUE(is_usual_or_refused(client.read_reply(), usual));
        EXPECT_TRUE(is_usual_or_refused(client.read_reply(), "$6\r\nbehind\r\n"));
      });
}

// A refusal or two are no reason to refuse a command that has keys to give for it.
TEST_P(ServerFaults, WhatCanEvictIsTriedAgain) {
  constexpr int kManyKeys = 1100;  // so many that no memory for the list of them is kept
  server_.ask({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  Words mset{"MSET"};
  for (int i = 0; i < kManyKeys; ++i) mset.insert(mset.end(), {"mset:" + std::to_string(i), "value"});
  server_.ask(mset);
  may_keep_memory_of_now();
  long refused = 1;
  for (uint64_t n = 1; refused != 0 && !HasFailure(); n += 1 + n / 32) {
    server_.ask({"DEBUG", "POPULATE", "2000", "key", "100"});
    RawConnection client = server_.client();
    client.call({"PING"});
    server_.refuse(n, 2);
    EXPECT_EQ(client.call(mset), "+OK\r\n") << "call " << n;
    refused = server_.end_refusals();
  }
}

// Replies that nobody reads yet, by reference and copied, beyond where commands have to wait.
TEST_P(ServerFaults, RepliesWaitForTheirReader) {
  server_.ask({"CONFIG", "SET", "client-output-pause", "1mb"});
  const std::string mget = command({"MGET", "big", "other", "big", "none", "big"});
  std::string pipeline;
  for (int i = 0; i < 20; ++i) pipeline += mget;
  std::string usual;
  const auto prepare = [&] {
    server_.make_keys();
    usual = server_.ask({"MGET", "big", "other", "big", "none", "big"});
  };
  refuse_each("replies", prepare, [&] {
    RawConnection client = server_.client();
    client.send(pipeline);
    server_.ask({"PING"});
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(is_usual_or_refused(client.read_reply(), usual));
  });
}

// A monitor misses nothing as long as it is connected.
TEST_P(ThreadFaults, MonitorsSeeEveryCommandOrAreClosed) {
  std::optional<RawConnection> monitor, client;
  const auto prepare = [&] {
    monitor.emplace(server_.client());
    ASSERT_EQ(monitor->call({"MONITOR"}), "+OK\r\n");
    client.emplace(server_.client());
    client->call({"PING", "first"});
  };
  const std::string large(20'000, 'x');
  refuse_each("monitor", prepare, [&] {
    client->call({"SET", "key", "value"});
    client->call({"SET", "key", large});
    client->call({"PING", "last"});
    std::string line;
    while (line.find("\"last\"") == std::string::npos) line = monitor->read_reply();
  });
}

// What one connection asks of another, whose thread may be another.
TEST_P(ThreadFaults, ClientsAreKilledPausedAndListed) {
  std::optional<RawConnection> first, second;
  std::string id;
  const auto prepare = [&] {
    first.emplace(server_.client());
    second.emplace(server_.client());
    id = second->call({"CLIENT", "ID"});
    first->call({"PING"});
  };
  refuse_each("clients", prepare, [&] {
    first->call({"CLIENT", "LIST"});
    first->call({"CLIENT", "PAUSE", "5", "WRITE"});
    second->send(command({"SET", "key", "value"}) + command({"PING"}));
    EXPECT_TRUE(is_usual_or_refused(second->read_reply(), "+OK\r\n"));
    EXPECT_TRUE(is_usual_or_refused(second->read_reply(), "+PONG\r\n"));
    const std::string killed = first->call({"CLIENT", "KILL", "ID", id.substr(1, id.size() - 3)});
    EXPECT_TRUE(is_usual_or_refused(killed, ":1\r\n")) << killed;
    if (killed == ":1\r\n") {
      EXPECT_EQ(second->read_until_closed(), "");
    }
  });
}

TEST_P(ServerFaults, SettingsChangeTogetherOrNotAtAll) {
  const Words names = {"maxmemory-samples", "slowlog-max-len", "client-output-buffer-limit",
                       "proc-title-template"};
  const Words first = {"5", "100", "pubsub 32mb 8mb 60", std::string(40, 'a')};
  const Words second = {"9", "50", "pubsub 16mb 4mb 30", std::string(50, 'b')};
  const auto set = [&](const Words& values) {
    Words words = {"CONFIG", "SET"};
    for (size_t i = 0; i < names.size(); ++i) words.insert(words.end(), {names[i], values[i]});
    return words;
  };
  Words get = {"CONFIG", "GET"};
  get.insert(get.end(), names.begin(), names.end());
  ASSERT_EQ(server_.ask(set(second)), "+OK\r\n");
  const std::string after = server_.ask(get);
  ASSERT_EQ(server_.ask(set(first)), "+OK\r\n");
  const std::string before = server_.ask(get);
  ASSERT_NE(before, after);
  std::string reply;
  const auto prepare = [&] { ASSERT_EQ(server_.ask(set(first)), "+OK\r\n"); };
  refuse_each("settings", prepare, [&] {
    reply = "";
    reply = server_.client().call(set(second));
    server_.end_refusals();
    EXPECT_EQ(server_.ask(get), reply == "+OK\r\n" ? after : before) << reply;
  });
}

// Of options whose values are plain: another one.
std::string other_value(const std::string& value) {
  if (value == "yes") return "no";
  if (value == "no") return "yes";
  const bool number = value.size() < 10 && value.find_first_not_of("0123456789") == std::string::npos;
  return number && value > "1" ? std::to_string(std::stoll(value) + 1) : value;
}

// Each that can be set while the server runs, to another value where one is known, and else to what it is.
TEST_P(ServerFaults, EveryOptionIsSetOrStays) {
  const RespReply options = parse_reply(server_.ask({"CONFIG", "GET", "*"}));
  size_t set = 0, changed = 0;
  for (size_t i = 0; i + 1 < options.children.size(); i += 2) {
    const std::string name = options.children[i].text, value = options.children[i + 1].text;
    const auto set_to = [&](const std::string& to) { return server_.ask({"CONFIG", "SET", name, to}); };
    if (set_to(value) != "+OK\r\n") continue;
    const std::string other = set_to(other_value(value)) == "+OK\r\n" ? other_value(value) : value;
    ++set;
    changed += other != value ? 1 : 0;
    std::optional<RawConnection> client;
    const auto prepare = [&] {
      ASSERT_EQ(set_to(value), "+OK\r\n") << name;
      client.emplace(server_.client());
      client->call({"PING"});
    };
    refuse_each("option " + name, prepare, [&] {
      const std::string reply = client->call({"CONFIG", "SET", name, other});
      const long refused = server_.end_refusals();
      const bool done = reply == "+OK\r\n";
      EXPECT_TRUE(done || refused != 0) << name << ": " << reply;
      EXPECT_EQ(parse_reply(server_.ask({"CONFIG", "GET", name})).children.at(1).text, done ? other : value)
          << name;
    });
    EXPECT_EQ(set_to(value), "+OK\r\n") << name;
    if (HasFailure()) return;
  }
  EXPECT_GT(changed, 20u);
  EXPECT_GT(set, options.children.size() / 4) << "most of them can be set";
}

// Sockets are opened before anything changes, and closed when something can't.
TEST_P(ThreadFaults, PortsAreOpenedOrNot) {
  const int port = free_tcp_port();
  const auto listens = [&] {
    try {
      return RawConnection::to_tcp("127.0.0.1", port).call({"PING"}) == "+PONG\r\n";
    } catch (const ConnectionError&) {
      return false;
    }
  };
  const auto close = [&] {
    ASSERT_EQ(server_.ask({"CONFIG", "SET", "port", "0"}), "+OK\r\n");
    while (listens()) std::this_thread::sleep_for(std::chrono::milliseconds(2));  // until the next tick
  };
  refuse_each("port", close, [&] {
    const std::string reply = server_.client().call({"CONFIG", "SET", "port", std::to_string(port)});
    const long refused = server_.end_refusals();
    const bool opened = reply == "+OK\r\n";
    EXPECT_TRUE(opened || refused != 0) << reply;
    EXPECT_EQ(parse_reply(server_.ask({"CONFIG", "GET", "port"})).children.at(1).text,
              opened ? std::to_string(port) : "0");
    for (int i = 0; opened && i < 1000 && !listens(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    EXPECT_EQ(listens(), opened);
  });
  close();
}

// The file is the old one or the new one, and no other stays beside it.
TEST_P(ServerFaults, AConfigurationFileIsRewrittenWholeOrNotAtAll) {
  const std::string path = server_.process().configuration_path();
  const std::string before = read_file(path);
  server_.ask({"CONFIG", "SET", "maxmemory-samples", "9"});
  ASSERT_EQ(server_.ask({"CONFIG", "REWRITE"}), "+OK\r\n");
  const std::string after = read_file(path);
  ASSERT_NE(after, before);
  const auto files = [&] {
    std::filesystem::directory_iterator directory(server_.process().directory());
    return std::distance(begin(directory), end(directory));
  };
  const auto count = files();
  refuse_each(
      "rewrite", [&] { std::ofstream(path) << before; },
      [&] {
        const std::string reply = server_.client().call({"CONFIG", "REWRITE"});
        EXPECT_EQ(read_file(path), reply == "+OK\r\n" ? after : before) << reply;
        EXPECT_EQ(files(), count);
      });
}

TEST_P(ThreadFaults, DueKeysGo) {
  const auto fill = [&] {
    server_.make_keys();
    server_.ask({"CONFIG", "RESETSTAT"});
    for (int i = 0; i < 20; ++i) server_.ask({"SET", "due:" + std::to_string(i), "value", "PX", "1"});
  };
  const std::string left = ":" + std::to_string(example_keys().size() + 1) + "\r\n";
  refuse_each("expiry", fill, [&] {
    while (server_.ask({"DBSIZE"}) != left) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  });
}

// What the server is asked most takes no memory, however many of it come at a time.
TEST_P(ServerFaults, CommandsOnWhatIsThereTakeNone) {
  server_.make_keys();
  const std::pair<Words, std::string> commands[] = {
      {{"SET", "other", "new"}, "+OK\r\n"},
      {{"GET", "other"}, "$3\r\nnew\r\n"},
      {{"SET", "n", "41"}, "+OK\r\n"},
      {{"INCR", "n"}, ":42\r\n"},
      {{"EXISTS", "other"}, ":1\r\n"},
      {{"TTL", "other"}, ":-1\r\n"},
      {{"STRLEN", "other"}, ":3\r\n"},
      {{"MGET", "other", "none"}, "*2\r\n$3\r\nnew\r\n$-1\r\n"},
      {{"MSET", "n", "7", "other", "new"}, "+OK\r\n"},
  };
  std::string batch;
  for (const auto& [words, reply] : commands) batch += command(words);
  RawConnection client = server_.client();
  const auto run = [&] {
    client.send(batch);
    for (const auto& [words, reply] : commands) EXPECT_EQ(client.read_reply(), reply) << words[0];
  };
  run();  // it has its buffers
  server_.refuse(1, 1'000'000);
  run();
  EXPECT_TRUE(client.call({"SET", "other", std::string(300, 'v')}).starts_with("-OOM")) << "one that does";
  run();
  server_.end_refusals();
}

TEST_P(ServerFaults, ManyClientsAtATimeAreServedFromWhatIsThere) {
  constexpr int kClients = 100;
  server_.make_keys();
  std::vector<RawConnection> clients;
  const auto are_connected = [&](int count) {
    return eventually([&] {
      return server_.ask({"INFO", "clients"})
                 .find("\nconnected_clients:" + std::to_string(count + 1) + "\r") != std::string::npos;
    });
  };
  for (int i = 0; i < kClients; ++i) clients.push_back(server_.client());
  ASSERT_TRUE(are_connected(kClients));
  clients.clear();
  ASSERT_TRUE(are_connected(0));
  may_keep_memory_of_now();  // the event loop keeps what it knew descriptors by
  for (int i = 0; i < kClients; ++i) clients.push_back(server_.client());
  ASSERT_TRUE(are_connected(kClients));
  ASSERT_EQ(server_.ask({"CONFIG", "SET", "hz", "1"}), "+OK\r\n");  // ticks give unused buffers back
  server_.refuse(1, 1'000'000);
  for (RawConnection& client : clients) client.send(command({"EXISTS", "K"}));
  for (RawConnection& client : clients) ASSERT_EQ(client.read_reply(), ":1\r\n");
  for (RawConnection& client : clients) ASSERT_EQ(client.call({"EXISTS", "K"}), ":1\r\n");
  for (RawConnection& client : clients) {
    client.send(command({"EXISTS", "K"}));
    client.finish_sending();  // may be seen in a second look only
  }
  for (RawConnection& client : clients) EXPECT_EQ(client.read_until_closed(), ":1\r\n");
  EXPECT_EQ(server_.process().log().find("Closing connection"), std::string::npos) << server_.process().log();
  server_.end_refusals();
}

TEST_P(ServerFaults, KeysAreEvicted) {
  server_.ask({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  const auto fill = [&] {
    server_.ask({"CONFIG", "SET", "maxmemory", "0"});
    server_.ask({"DEBUG", "POPULATE", "2000", "key", "1000"});
    server_.ask({"CONFIG", "SET", "maxmemory", std::to_string(server_.memory()["used_memory"])});
  };
  refuse_each("eviction", fill, [&] {
    RawConnection client = server_.client();
    for (int i = 0; i < 30; ++i) {
      const std::string reply = client.call({"SET", "more:" + std::to_string(i), std::string(20'000, 'v')});
      EXPECT_TRUE(is_usual_or_refused(reply, "+OK\r\n")) << reply;
    }
  });
  server_.ask({"CONFIG", "SET", "maxmemory", "0"});
}

// With nothing to be had at all, it still ends when it is told to.
TEST_P(ThreadFaults, EndsWithoutMemory) {
  server_.make_keys();
  RawConnection idle = server_.client(), asking = server_.client();
  idle.call({"PING"});
  asking.call({"PING"});
  server_.refuse(1, 0);
  try {
    for (int i = 0; i < 10; ++i) asking.call({"SET", "key", std::string(100'000, 'v')});
  } catch (const ConnectionTimeout&) {
    ADD_FAILURE() << "a client waits forever";
  } catch (const ConnectionError&) {
  }
  ended_ = true;
  EXPECT_EQ(server_.process().stop(), 0) << server_.process().log();
}

}  // namespace
}  // namespace plimsoll::test
