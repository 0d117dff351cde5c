#include <gtest/gtest.h>
#include <resp_client/connection.h>

#include <string>
#include <string_view>
#include <vector>

#include "child_program.h"
#include "support/server_process.h"

// The same command lines through the real redis-cli and ours, against one redis-server: what they print and
// how they end must be the same.
namespace plimsoll::test {
namespace {

using Words = std::vector<std::string>;

class CompareTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = new ServerProcess({.program = "redis-server", .arguments = {"--enable-debug-command", "yes"}});
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  void SetUp() override { flush(); }

  static client::Connection connect() {
    client::Endpoint endpoint;
    endpoint.unix_socket = server_->socket_path();
    return client::Connection::open(endpoint);
  }

  static void flush() { connect().call({"FLUSHALL"}); }

  static ProgramResult run(const char* program, const Words& arguments, const std::string& input) {
    ProgramCall call{{program, "-s", server_->socket_path()}, input};
    call.arguments.insert(call.arguments.end(), arguments.begin(), arguments.end());
    return run_program(call);
  }

  static std::string shown(const Words& arguments) {
    std::string out;
    for (const std::string& each : arguments) out += "[" + each + "] ";
    return out;
  }

  // Compares the database left behind, too: what was sent must have been the same.
  static void compare(const Words& arguments, const std::string& input = "") {
    SCOPED_TRACE(shown(arguments) + "<" + input);
    flush();
    const ProgramResult theirs = run("redis-cli", arguments, input);
    const std::string their_data = digest();
    flush();
    const ProgramResult ours = run(PLIMSOLL_CLI_PROGRAM, arguments, input);
    EXPECT_EQ(without_client_id(ours.output), without_client_id(theirs.output));
    EXPECT_EQ(ours.errors, theirs.errors);
    EXPECT_EQ(ours.status, theirs.status);
    EXPECT_NE(theirs.status, -1);
    EXPECT_EQ(digest(), their_data);
  }

  // HELLO names the connection, and each program has its own.
  static std::string without_client_id(std::string text) {
    for (const std::string_view before : {"\nid ", "\"id\" => (integer) ", "\"id\",", "\"id\":"}) {
      const std::size_t at = text.find(before);
      if (at == std::string::npos) continue;
      const std::size_t digits = at + before.size();
      const std::size_t end = text.find_first_not_of("0123456789", digits);
      text.erase(digits, end - digits);
    }
    return text;
  }

  static std::string digest() { return connect().call({"DEBUG", "DIGEST"}).text; }

  // In every output mode and both protocols.
  static void compare_modes(const Words& command, const std::string& input = "") {
    for (const Words& mode : {Words{}, Words{"--raw"}, Words{"--no-raw"}, Words{"--csv"}, Words{"--json"},
                              Words{"--quoted-json"}, Words{"-d", "<,>", "-D", "<.>"}, Words{"-e"}}) {
      const bool json = !mode.empty() && mode[0].find("json") != std::string::npos;
      for (const char* protocol : {"-2", "-3"}) {
        Words arguments = mode;
        if (!json || protocol == std::string("-2")) arguments.push_back(protocol);
        arguments.insert(arguments.end(), command.begin(), command.end());
        compare(arguments, input);
      }
    }
  }

  static inline ServerProcess* server_ = nullptr;
};

TEST_F(CompareTest, EveryReplyType) {
  for (const char* type :
       {"string", "integer", "double", "null", "array", "set", "map", "push", "verbatim", "true", "false"})
    compare_modes({"debug", "protocol", type});
  compare({"-2", "debug", "protocol", "bignum"});
  compare({"-2", "debug", "protocol", "attrib"});
}

TEST_F(CompareTest, Pushes) {
  for (const char* mode : {"--raw", "--no-raw", "--csv"}) {
    compare({"-3", mode, "--show-pushes", "yes", "debug", "protocol", "push"});
    compare({"-3", mode, "--show-pushes", "no", "debug", "protocol", "push"});
  }
}

TEST_F(CompareTest, NestedReplies) {
  compare_modes({"eval", "return {{},{1,{2,3}},{'a',{ok='fine'},{err='bad thing'},false},{{{1}}}}", "0"});
  compare_modes({"eval", "local t={} for i=1,120 do t[i]={i,{i,'x'}} end return t", "0"});
  compare_modes({"eval", "return {}", "0"});
  compare_modes({"eval", "redis.setresp(3) return {map={a=1,b={1,2}}}", "0"});
  compare_modes({"eval", "redis.setresp(3) return {set={a=true}}", "0"});
  compare_modes({"eval", "redis.setresp(3) return {double=3.5}", "0"});
  compare_modes(
      {"eval", "redis.setresp(3) return {1,{double=0.1},{map={[1]={double=2}}},nil,true,false}", "0"});
  for (const char* inner :
       {"{}", "{1}", "{1,2}", "{{1,2}}", "{{1},{2}}", "{map={b={1,2}}}", "{map={b={1}}}", "{set={x=true}}",
        "{verbatim_string={format='txt',string='x'}}", "{verbatim_string={format='txt',string='x\\ny'}}",
        "{{verbatim_string={format='txt',string='x\\ny'}}}"})
    compare_modes({"eval", std::string("redis.setresp(3) return {map={a=") + inner + "}}", "0"});
  compare_modes({"command", "info", "get", "nosuch", "client"});
  compare_modes({"command", "docs", "set"});
  compare_modes({"config", "get", "maxmemory*"});
}

TEST_F(CompareTest, EveryByte) {
  std::string bytes;
  for (int byte = 1; byte < 256; ++byte) bytes += static_cast<char>(byte);
  compare_modes({"echo", bytes});
  compare_modes({"echo", ""});
  compare_modes({"--quoted-input", "echo", R"("a\x00b\x01\n\"\\\a\b\t\r\xff")"});
  compare_modes({"eval", "return redis.error_reply('ERR \\1\\127\\255 \"quoted\" \\\\')", "0"});
  compare_modes({"eval", "return redis.status_reply('a \"b\" \\\\ \\1 \\255')", "0"});
}

TEST_F(CompareTest, Errors) {
  compare_modes({"nosuch", "a", "b"});
  compare_modes({""});
  compare_modes({"get"});
  compare_modes({"incr", "a", "b"});
  compare_modes({"shutdown", "nosuch"});
}

TEST_F(CompareTest, CommandsPrintedAsTheyAre) {
  for (const Words& command :
       {Words{"info", "nosuch"}, Words{"INFO", "modules"}, Words{"lolwut"}, Words{"memory", "doctor"},
        Words{"latency", "doctor"}, Words{"latency", "graph", "x"}, Words{"client", "list", "id", "99999"},
        Words{"cluster", "info"}, Words{"cluster", "nodes"}, Words{"debug", "htstats"},
        Words{"debug", "htstats", "0"}, Words{"debug", "htstats-key", "nosuch"},
        Words{"latency", "doctor", "x"}, Words{"memory", "doctor", "x"}, Words{"info", "a", "b", "c"}})
    compare_modes(command);
}

TEST_F(CompareTest, OrdinaryCommands) {
  for (const Words& command : {Words{"ping"},
                               Words{"ping", "x y"},
                               Words{"set", "a", "1", "ex", "10"},
                               Words{"get", "a"},
                               Words{"mget", "a", "b"},
                               Words{"lpush", "l", "a", "b"},
                               Words{"lrange", "l", "0", "-1"},
                               Words{"time", "x"},
                               Words{"hset", "h", "a", "1"},
                               Words{"geopos", "g", "x"},
                               Words{"zadd", "z", "1.5", "a"},
                               Words{"keys", "*"},
                               Words{"scan", "0"},
                               Words{"object", "help"},
                               Words{"unsubscribe", "x", "--"},
                               Words{"multi"},
                               Words{"exec"},
                               Words{"select", "5"},
                               Words{"dbsize"},
                               Words{"hello", "9"},
                               Words{"auth", "x"},
                               Words{"reset"}})
    compare({command});
  compare_modes({"multi"});
  compare_modes({"eval", "return redis.call('set','k','v')", "0"});
}

TEST_F(CompareTest, Repetition) {
  compare({"-r", "3", "incr", "n"});
  compare({"-r", "0", "incr", "n"});
  compare({"-r", "3", "-i", "0.01", "incr", "n"});
  compare({"-r", "3", "-D", "|", "incr", "n"});
  compare({"-r", "3", "-e", "nosuch"});
}

TEST_F(CompareTest, Databases) {
  compare({"-n", "3", "set", "a", "b"});
  compare({"-n", "99", "set", "a", "b"});
  compare({"-n", "99", "-3", "set", "a", "b"});
}

TEST_F(CompareTest, Passwords) {
  compare({"-a", "wrong", "ping"});
  compare({"-a", "wrong", "--no-auth-warning", "ping"});
  compare({"--pass", "wrong", "--user", "nobody", "ping"});
  compare({"-u", "redis://nobody:wrong@localhost:1/3", "ping"});
  for (const char* password : {"wrong", "right"}) {
    connect().call({"ACL", "SETUSER", "joe", "on", ">right", "~*", "+@all"});
    compare({"--user", "joe", "-a", password, "-n", "2", "acl", "whoami"});
    compare({"-u", std::string("redis://joe:") + password + "@x/2", "acl", "whoami"});
  }
}

TEST_F(CompareTest, PasswordFromTheEnvironment) {
  for (const char* password : {"wrong", "right"}) {
    ServerProcess guarded({.program = "redis-server", .arguments = {"--requirepass", "right"}});
    ProgramResult results[2];
    for (int i = 0; i < 2; ++i) {
      ProgramCall call{
          {i == 0 ? "redis-cli" : PLIMSOLL_CLI_PROGRAM, "-s", guarded.socket_path(), "-n", "1", "-3", "ping"},
          ""};
      call.environment = {{"REDISCLI_AUTH", password}};
      results[i] = run_program(call);
    }
    EXPECT_EQ(results[1].output, results[0].output);
    EXPECT_EQ(results[1].errors, results[0].errors);
    EXPECT_EQ(results[1].status, results[0].status);
  }
}

TEST_F(CompareTest, ArgumentsFromStandardInput) {
  compare({"-x", "set", "k"}, "hello\nworld\n");
  compare({"-x", "set", "k"}, std::string("a\0b", 3));
  compare({"-x", "set", "k"}, "");
  compare({"-X", "T", "set", "T", "v"}, "tagged");
  compare({"-X", "T", "set", "k", "v"}, "tagged");
  compare({"-X", "T", "set", "T", "T"}, "tagged");
  compare({"-x", "-X", "T", "set", "k", "T"}, "tagged");
  compare({"-x", "set", "k"}, std::string(3'000'000, 'x'));
}

TEST_F(CompareTest, CommandsFromStandardInput) {
  const std::string lines =
      "ping\nset a \"x y\"\nget a\nbad \"quote\nget 'a'\n\n   \n3 incr n\n0 incr n\n-1 incr n\n1x incr n\n2\n"
      "nosuch\nset b \"\\x00\\xff\"\nget b\nselect 3\nset c 1\nmulti\nset d 1\nselect 5\nexec\nset e 1\n"
      "multi\nselect 6\ndiscard\nset f 1\nselect 99\nset g 1\nget \"a\"b\nhello 3\nhset h a 1\nhgetall "
      "h\nreset\nset i 1\n"
      "exit\nset never 1\n";
  for (const char* mode : {"--raw", "--no-raw", "--csv", "--json"}) compare({mode}, lines);
  compare({"--no-raw"}, "set a 1\r\nget a\r\nget a");
  compare({"--no-raw"}, "quit\nset a 1\n");
  compare({}, "");
  compare({"-n", "4", "--no-raw"}, "set a 1\nselect 2\nset b 1\n");
}

// -e is for the one command given.
TEST_F(CompareTest, FailingCommandsFromStandardInput) {
  compare({"-e"}, "set a 1\nnosuch\nset b 1\n");
}

TEST_F(CompareTest, LostConnections) {
  compare({"client", "kill", "type", "normal", "skipme", "no"});
  compare({"quit"});
}

TEST_F(CompareTest, Nobody) {
  for (const Words& arguments : {Words{"-p", "1", "ping"}, Words{"-s", "/nonexistent/socket", "ping"},
                                 Words{"-h", "nosuch.invalid", "ping"}}) {
    for (const char* input : {"", "ping\nping\n"}) {
      Words theirs = {"redis-cli"};
      Words ours = {PLIMSOLL_CLI_PROGRAM};
      theirs.insert(theirs.end(), arguments.begin(), arguments.end() - (*input != '\0'));
      ours.insert(ours.end(), arguments.begin(), arguments.end() - (*input != '\0'));
      const ProgramResult expected = run_program({theirs, input});
      const ProgramResult got = run_program({ours, input});
      EXPECT_EQ(got.output, expected.output) << shown(ours);
      EXPECT_EQ(got.errors, expected.errors) << shown(ours);
      EXPECT_EQ(got.status, expected.status) << shown(ours);
    }
  }
}

TEST_F(CompareTest, BadOptions) {
  compare({"--bad", "ping"});
  compare({"-p"});
  compare({"-2", "-3", "ping"});
  compare({"-c", "ping"});
  compare({"-u", "http://x", "ping"});
}

TEST_F(CompareTest, HelpOnEveryCommand) {
  client::Connection connection = connect();
  const resp::Value names = connection.call({"COMMAND", "LIST"});
  ASSERT_GT(names.elements.size(), 200u);
  std::size_t compared = 0;
  for (const resp::Value& name : names.elements) {
    if (compared++ % 5 != 0) continue;  // each is two programs to start
    Words arguments = {"help", name.text.substr(0, name.text.find('|'))};
    if (arguments[1] != name.text) arguments.push_back(name.text.substr(arguments[1].size() + 1));
    // redis-cli prints its help with colours and carriage returns even into a file.
    const std::string theirs = without_escapes(run("redis-cli", arguments, "").output);
    EXPECT_EQ(run(PLIMSOLL_CLI_PROGRAM, arguments, "").output, theirs) << name.text;
    EXPECT_NE(theirs.find("summary:"), std::string::npos) << name.text;
  }
}

}  // namespace
}  // namespace plimsoll::test
