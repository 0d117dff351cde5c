#include <gtest/gtest.h>
#include <resp_client/connection.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

#include "child_program.h"
#include "support/server_process.h"

namespace plimsoll::test {
namespace {

class InteractiveTest : public testing::Test {
 protected:
  InteractiveTest()
      : server_({.program = "redis-server", .arguments = {}}),
        prompt_("redis " + server_.socket_path() + "> ") {}

  std::unique_ptr<TerminalProgram> start(const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments = {PLIMSOLL_CLI_PROGRAM, "-s", server_.socket_path()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    auto program = std::make_unique<TerminalProgram>(
        arguments,
        std::vector<std::pair<std::string, std::string>>{
            {"HOME", home_.path()}, {"TERM", "xterm"}, {"LC_ALL", "C"}, {"PLIMSOLLCLI_HISTFILE", ""}});
    program->expect(prompt_);
    return program;
  }

  // Hints come and go between the letters typed: a test that looks for those does without.
  std::unique_ptr<TerminalProgram> start_without_hints() {
    auto program = start();
    program->type(":set nohints\r");
    program->expect(prompt_);
    return program;
  }

  client::Connection connect() const {
    client::Endpoint endpoint;
    endpoint.unix_socket = server_.socket_path();
    return client::Connection::open(endpoint);
  }

  std::string history() const {
    std::ifstream file(home_.file(".plimsollcli_history"));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  TempDirectory home_;
  ServerProcess server_;
  std::string prompt_;
};

TEST_F(InteractiveTest, AnswersCommands) {
  auto program = start();
  program->type("set greeting \"hello world\"\r");
  program->expect("\nOK\n");
  program->expect(prompt_);
  program->type("get greeting\r");
  program->expect("\n\"hello world\"\n");
  program->expect(prompt_);
  program->type("incr greeting\r");
  program->expect("(error) ERR value is not an integer");
  program->expect(prompt_);
  program->type("2 incr n\r");
  program->expect("(integer) 1\n(integer) 2\n");
  program->expect(prompt_);
  program->type("get \"open\r");
  program->expect("Invalid argument(s)\n");
  program->expect(prompt_);
  program->type("quit\r");
  EXPECT_EQ(program->wait(), 0);
}

TEST_F(InteractiveTest, ThePromptTellsTheState) {
  auto program = start();
  const std::string base = prompt_.substr(0, prompt_.size() - 2);
  program->type("select 3\r");
  program->expect("\n" + base + "[3]> ");
  program->type("multi\r");
  program->expect("\n" + base + "[3](TX)> ");
  program->type("select 5\r");
  program->expect("QUEUED\n");
  program->expect(base + "[5](TX)> ");
  program->type("discard\r");
  program->expect("\n" + base + "[3]> ");
  program->type("\x04");
  EXPECT_EQ(program->wait(), 0);
}

// The hint is grey, stands after the cursor, and is no part of what is sent.
TEST_F(InteractiveTest, ShowsHints) {
  auto program = start();
  program->type("set");
  program->expect_raw("\x1b[90m key value [NX|XX]");
  program->type(" k v");
  program->expect_raw("\x1b[90m [NX|XX] [GET]");
  program->type("\r");
  program->expect("\nOK\n");
  program->expect(prompt_);
  EXPECT_EQ(connect().call({"GET", "k"}).text, "v");
  program->type(":set nohints\r");
  program->expect(prompt_);
  program->type("get");
  program->type(" k\r");
  const std::string seen = program->expect_raw("\"v\"");
  EXPECT_EQ(seen.find("\x1b[90m"), std::string::npos) << seen;
}

TEST_F(InteractiveTest, CompletesCommandsAndTokens) {
  auto program = start_without_hints();
  program->type("getra\t");
  program->expect("getrange ");
  program->type("k 0 -1\r");
  program->expect("\n\"\"\n");
  program->expect(prompt_);
  program->type("set k v keept\t\r");
  program->expect("set k v keepttl ");
  program->expect("\nOK\n");
  program->expect(prompt_);
  program->type("client no-\t\t");
  program->expect("client no-evict");
  program->type("\x15");  // clears the line
  program->type("lpus\t\t");
  program->expect("lpush   lpushx\n");
  program->expect(prompt_ + "lpush");
  program->type(" l x\r");
  program->expect("(integer) 1\n");
}

TEST_F(InteractiveTest, EditsTheLine) {
  auto program = start();
  program->type("xecho one two");
  program->type("\x01\x04");        // to the start, delete
  program->type("\x05\x17\x7f\r");  // to the end, delete a word and the blank
  program->expect("\n\"one\"\n");
  program->expect(prompt_);
  program->type("echo \xc3\xa9\xe2\x82\xac\r");
  program->expect("\"\\xc3\\xa9\\xe2\\x82\\xac\"");
}

TEST_F(InteractiveTest, RemembersAcrossSessions) {
  {
    auto program = start();
    program->type("echo first\r");
    program->expect("\n\"first\"\n");
    program->expect(prompt_);
    program->type("auth secret\r");
    program->expect("(error)");
    program->expect(prompt_);
    program->type("\x1b[A\r");  // up
    program->expect("\n\"first\"\n");
    program->expect(prompt_);
    program->type("\x04");
    EXPECT_EQ(program->wait(), 0);
  }
  EXPECT_EQ(history(), "echo first\necho first\n");
  auto program = start();
  program->type("\x1b[A\r");
  program->expect("\n\"first\"\n");
}

TEST_F(InteractiveTest, AnInterruptDropsTheLineThenEndsTheSession) {
  auto program = start_without_hints();
  program->type("set k ");
  program->expect("set k ");
  program->type("\x03");
  program->expect(prompt_);
  program->type("ping\r");
  program->expect("\nPONG\n");
  program->expect(prompt_);
  program->type("\x03");
  EXPECT_EQ(program->wait(), 0);
}

TEST_F(InteractiveTest, AnInterruptEndsAStreamOrAWait) {
  auto program = start();
  program->type("subscribe news\r");
  program->expect("3) (integer) 1\n");
  program->type("\x03");
  program->expect(prompt_);
  program->type("monitor\r");
  program->expect("\nOK\n");
  program->type("\x03");
  program->expect(prompt_);
  program->type("blpop list 0\r");
  client::Connection watcher = connect();
  while (watcher.call({"INFO", "clients"}).text.find("blocked_clients:1") == std::string::npos)
    std::this_thread::yield();
  program->type("\x03");
  program->expect(prompt_);
  program->type("-1x ping\r");
  program->expect("(error)");
  program->expect(prompt_);
  program->type("ping\r");
  program->expect("\nPONG\n");
}

TEST_F(InteractiveTest, ReconnectsWhenTheServerClosed) {
  auto program = start();
  program->type("select 4\r");
  program->expect("[4]> ");
  connect().call({"CLIENT", "KILL", "TYPE", "normal"});
  program->type("set here 1\r");
  program->expect("\nOK\n");
  client::Connection other = connect();
  other.select(4);
  EXPECT_EQ(other.call({"GET", "here"}).text, "1");
}

TEST_F(InteractiveTest, SaysWhenThereIsNoServer) {
  auto program = start();
  server_.stop();
  program->type("ping\r");
  program->expect("Could not connect to Redis at " + server_.socket_path());
  program->expect("not connected> ");
  program->type("\x04");
  EXPECT_EQ(program->wait(), 0);
}

TEST_F(InteractiveTest, Help) {
  auto program = start();
  program->type("help get\r");
  program->expect("\n  GET key\n  summary: Get the value of a key\n  since: 1.0.0\n  group: string\n\n");
  program->expect(prompt_);
  program->type("help\r");
  program->expect("help <command>");
}

TEST_F(InteractiveTest, SurvivesResizingAndSuspension) {
  auto program = start_without_hints();
  program->type("ping");
  program->expect("ping");
  program->resize(40, 10);
  program->signal(SIGCONT);
  program->type(" x\r");
  program->expect("\n\"x\"\n");
}

TEST_F(InteractiveTest, PrintsPushes) {
  auto program = start({"-3"});
  program->type("client tracking on\r");
  program->expect("\nOK\n");
  program->expect(prompt_);
  program->type("get watched\r");
  program->expect("(nil)\n");
  program->expect(prompt_);
  connect().call({"SET", "watched", "1"});
  program->type("ping\r");
  program->expect("-> invalidate: \"watched\"\n");
  program->expect("PONG\n");
}

TEST_F(InteractiveTest, TellsHowLongSlowCommandsTook) {
  auto program = start();
  program->type("blpop nothing 0.6\r");
  program->expect("(nil)\n(0.");
}

TEST_F(InteractiveTest, DocsAreAskedForAfterAuthentication) {
  ServerProcess guarded({.program = "redis-server", .arguments = {"--requirepass", "x"}});
  TerminalProgram program({PLIMSOLL_CLI_PROGRAM, "-s", guarded.socket_path()},
                          {{"HOME", home_.path()}, {"TERM", "xterm"}});
  program.expect("> ");
  program.type("auth x\r");
  program.expect("\nOK\n");
  program.expect("> ");
  // The first question was refused a moment ago; it is asked again.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (true) {
    program.type("help get\r");
    const std::string seen = program.expect("> ");
    if (seen.find("GET key") != std::string::npos) break;
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << seen;
  }
}

TEST_F(InteractiveTest, AsksForAPassword) {
  ServerProcess guarded({.program = "redis-server", .arguments = {"--requirepass", "opensesame"}});
  TerminalProgram program({PLIMSOLL_CLI_PROGRAM, "-s", guarded.socket_path(), "--askpass", "ping"},
                          {{"REDISCLI_AUTH", "wrong"}});
  program.expect("Please input password: ");
  program.type("opensesame\r");
  const std::string seen = program.expect("PONG");
  EXPECT_EQ(seen.find("opensesame"), std::string::npos);
  EXPECT_EQ(program.wait(), 0);
}

}  // namespace
}  // namespace plimsoll::test
