#include "assist.h"

#include <gtest/gtest.h>
#include <plimsoll/resp/decoder.h>
#include <resp_client/connection.h>

#include <algorithm>

#include "help.h"
#include "support/server_process.h"
#include "syntax.h"

namespace plimsoll::cli {
namespace {

// The docs of a real server, read once in each protocol.
class AssistTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    test::ServerProcess server({.program = "redis-server", .arguments = {}});
    client::Endpoint endpoint;
    endpoint.unix_socket = server.socket_path();
    client::Connection connection = client::Connection::open(endpoint);
    docs_ = CommandDocs::from_docs(connection.call({"COMMAND", "DOCS"}));
    arities_ = CommandDocs::from_command(connection.call({"COMMAND"}));
    connection.hello(3);
    docs3_ = CommandDocs::from_docs(connection.call({"COMMAND", "DOCS"}));

    test::ServerProcess own({.program = PLIMSOLL_SERVER_PROGRAM, .arguments = {}});
    endpoint.unix_socket = own.socket_path();
    own_docs_ = CommandDocs::from_docs(client::Connection::open(endpoint).call({"COMMAND", "DOCS"}));
  }

  static bool completes(const std::string& line, const std::string& whole) {
    const auto all = completions_for(docs_, line);
    return std::find(all.begin(), all.end(), whole) != all.end();
  }

  static inline CommandDocs docs_, docs3_, arities_, own_docs_;
};

TEST_F(AssistTest, BothProtocolsSayTheSame) {
  ASSERT_GT(docs_.commands().size(), 300u);
  ASSERT_EQ(docs_.commands().size(), docs3_.commands().size());
  for (const auto& [name, doc] : docs_.commands()) {
    ASSERT_TRUE(docs3_.commands().contains(name)) << name;
    EXPECT_EQ(render(doc.arguments), render(docs3_.commands().at(name).arguments)) << name;
  }
}

// Of what concerns the server, our rows have texts of their own.
TEST_F(AssistTest, OurServerTellsTheSameArgumentsOfDataCommands) {
  size_t compared = 0;
  for (const auto& [name, doc] : own_docs_.commands()) {
    if (doc.group == "server" || doc.group == "connection" || doc.group == "cluster") continue;
    ASSERT_TRUE(docs_.commands().contains(name)) << name;
    EXPECT_EQ(render(doc.arguments), render(docs_.commands().at(name).arguments)) << name;
    ++compared;
  }
  EXPECT_GE(compared, 50u);
}

TEST_F(AssistTest, Hints) {
  EXPECT_EQ(hint_for(docs_, "get"), " key");
  EXPECT_EQ(hint_for(docs_, "get "), "key");
  EXPECT_EQ(hint_for(docs_, "GET k"), "");
  EXPECT_EQ(hint_for(docs_, "nosuch "), "");
  EXPECT_EQ(hint_for(docs_, "get \"unbalanced"), "");
  EXPECT_EQ(hint_for(docs_, ""), "");
  EXPECT_EQ(hint_for(docs_, "expire k 5 "), "[NX|XX|GT|LT]");
  EXPECT_EQ(hint_for(docs_, "expire k 5 nx"), "");
  EXPECT_EQ(hint_for(docs_, "copy a b db "), "destination-db [REPLACE]");
  EXPECT_EQ(hint_for(docs_, "copy a b replace "), "[DB destination-db]");
  EXPECT_EQ(hint_for(docs_, "set k v ex"), " seconds [NX|XX] [GET]");
  EXPECT_EQ(hint_for(docs_, "set k v ex 5 "), "[NX|XX] [GET]");
  EXPECT_EQ(hint_for(docs_, "set k v get nx "),
            "[EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]");
  EXPECT_EQ(hint_for(docs_, "mset a 1 "), "[key value ...]");
  EXPECT_EQ(hint_for(docs_, "mset a 1 b "), "value [key value ...]");
  EXPECT_EQ(hint_for(docs_, "del a b c "), "[key ...]");
  EXPECT_EQ(hint_for(docs_, "client setname "), "connection-name");
  EXPECT_EQ(hint_for(docs_, "lmpop 1 a "), "[key ...] LEFT|RIGHT [COUNT count]");
  EXPECT_EQ(hint_for(docs_, "lmpop 1 a left "), "[COUNT count]");
  EXPECT_EQ(hint_for(docs_, "sort k get x "),
            "[BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA] [STORE destination]");
  EXPECT_EQ(hint_for(docs_, "get k too many"), "");
}

TEST_F(AssistTest, Completions) {
  EXPECT_TRUE(completes("ge", "getrange"));
  EXPECT_TRUE(completes("GE", "GETRANGE"));
  EXPECT_TRUE(completes("client k", "client kill"));
  EXPECT_TRUE(completes("set k v K", "set k v KEEPTTL"));
  EXPECT_TRUE(completes("set k v ke", "set k v keepttl"));
  EXPECT_TRUE(completes("set k v ", "set k v EX"));
  EXPECT_TRUE(completes("help @st", "help @string"));
  EXPECT_TRUE(completes("help clie", "help client kill"));
  EXPECT_TRUE(completes("he", "help"));
  EXPECT_EQ(completions_for(docs_, "lpush"), (std::vector<std::string>{"lpush", "lpushx"}));
  EXPECT_TRUE(completions_for(docs_, "nosuch").empty());
  EXPECT_TRUE(completions_for(docs_, "get \"").empty());
}

// Whatever is typed, a completion extends it.
TEST_F(AssistTest, EveryBeginningOfEveryCommandCompletesToIt) {
  for (const auto& [name, doc] : docs_.commands()) {
    for (std::size_t size = 1; size < name.size(); ++size) {
      const std::string typed = name.substr(0, size);
      EXPECT_TRUE(completes(typed, name)) << typed;
    }
    for (const std::string& line : completions_for(docs_, name + " "))
      EXPECT_TRUE(line.starts_with(name + " "));
    hint_for(docs_, name + " a b c d e f");
  }
}

TEST_F(AssistTest, CommonPrefix) {
  EXPECT_EQ(common_prefix({}), "");
  EXPECT_EQ(common_prefix({"get", "getex", "getdel"}), "get");
  EXPECT_EQ(common_prefix({"a", "b"}), "");
}

TEST_F(AssistTest, WithoutDocsThereAreNamesAndCounts) {
  EXPECT_EQ(hint_for(arities_, "get "), "arg");
  EXPECT_EQ(hint_for(arities_, "set k "), "arg [arg [arg ...]]");
  const auto all = completions_for(arities_, "getr");
  EXPECT_EQ(all, std::vector<std::string>{"getrange"});
}

TEST_F(AssistTest, WithoutAnythingThereIsNothing) {
  const CommandDocs none = CommandDocs::from_docs(resp::Value{});
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(hint_for(none, "get "), "");
  EXPECT_EQ(completions_for(none, "ge"), std::vector<std::string>{});
  EXPECT_EQ(help_text(none, {"get"}, false), "The server describes no commands.\n");
}

TEST_F(AssistTest, Help) {
  EXPECT_NE(help_text(docs_, {}, false).find("help <command>"), std::string::npos);
  EXPECT_EQ(help_text(docs_, {"nosuch"}, false), "No help on that.\n");
  EXPECT_NE(help_text(docs_, {"get"}, true).find("\x1b[1mGET\x1b[0m"), std::string::npos);
  EXPECT_NE(help_text(docs_, {"@string"}, false).find("\n  APPEND key value\n"), std::string::npos);
}

// Shapes a server has no business sending.
TEST(CommandDocs, SurviveAnyReply) {
  for (const char* bytes :
       {"*1\r\n:1\r\n", "*2\r\n:1\r\n:2\r\n", "%1\r\n_\r\n_\r\n", "*2\r\n+get\r\n*2\r\n+arguments\r\n:1\r\n",
        "*2\r\n+get\r\n*2\r\n+arguments\r\n*1\r\n*3\r\n+type\r\n+oneof\r\n+name\r\n",
        "*2\r\n+get\r\n*2\r\n+subcommands\r\n*1\r\n+x\r\n", "+OK\r\n",
        "*2\r\n+get\r\n*2\r\n+arguments\r\n*1\r\n*4\r\n+type\r\n+block\r\n+flags\r\n:1\r\n"}) {
    resp::Decoder decoder;
    decoder.feed(bytes);
    const auto value = decoder.next();
    ASSERT_TRUE(value.has_value()) << bytes;
    for (const CommandDocs& docs : {CommandDocs::from_docs(*value), CommandDocs::from_command(*value)}) {
      hint_for(docs, "get a b");
      completions_for(docs, "get a ");
      help_text(docs, {"get"}, false);
    }
  }
}

}  // namespace
}  // namespace plimsoll::cli
