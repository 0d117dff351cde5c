#include <gtest/gtest.h>
#include <sys/wait.h>

#include "servers.h"

namespace plimsoll::test {
namespace {

TEST(Shutdown, ClosesWithoutAReplyAndEndsWell) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"SHUTDOWN"}, {"SHUTDOWN", "NOSAVE"}, {"shutdown", "now", "force", "save"}}) {
    const auto server = start_plimsoll();
    Client client(*server);
    client.raw().send(encode_command(command));
    EXPECT_EQ(client.raw().read_until_closed(), "");
    EXPECT_TRUE(eventually([&] { return !server->running(); }));
    const int status = server->stop();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    const std::string log = server->log(), line = "User requested shutdown...";
    EXPECT_NE(log.find(line), std::string::npos) << log;
    EXPECT_EQ(log.find(line), log.rfind(line)) << log;
  }
}

TEST(Shutdown, SaveIsRefused) {
  const auto server = start_plimsoll();
  Client client(*server);
  EXPECT_EQ(client.text({"SHUTDOWN", "SAVE"}), "ERR Errors trying to SHUTDOWN. Check logs.");
  EXPECT_EQ(client.text({"PING"}), "PONG");
  EXPECT_NE(server->log().find("no persistence"), std::string::npos);
}

TEST(Debug, IsRefusedUnlessAllowed) {
  const auto closed = start_plimsoll(), local = start_plimsoll({"--enable-debug-command", "local"});
  Client refused(*closed), allowed(*local);
  EXPECT_TRUE(refused.text({"DEBUG", "SLEEP", "0"}).starts_with("ERR DEBUG command not allowed."));
  EXPECT_EQ(allowed.text({"DEBUG", "SLEEP", "0"}), "OK");
  EXPECT_EQ(allowed.text({"DEBUG", "JMAP"}), "OK");
  EXPECT_EQ(allowed.number({"DEBUG", "STRINGMATCH-LEN", "1000", "*a*a*a*b"}), 0);
  EXPECT_EQ(allowed.number({"DEBUG", "STRINGMATCH-LEN", "1000", "a*a"}), 1);
}

TEST(Debug, SetActiveExpire) {
  const auto server = start_plimsoll({"--enable-debug-command", "yes"});
  Client client(*server);
  ASSERT_EQ(client.text({"DEBUG", "SET-ACTIVE-EXPIRE", "0"}), "OK");
  client.call({"SET", "due", "v", "PX", "1"});
  client.call({"DEBUG", "SLEEP", "0.3"});
  EXPECT_EQ(client.number({"DBSIZE"}), 1) << "nobody looked for it";
  ASSERT_EQ(client.text({"DEBUG", "SET-ACTIVE-EXPIRE", "1"}), "OK");
  EXPECT_TRUE(eventually([&] { return client.number({"DBSIZE"}) == 0; }));
}

TEST(Debug, ChangeReplId) {
  const auto server = start_plimsoll({"--enable-debug-command", "yes"});
  Client client(*server);
  const std::string before = client.info("replication").at("master_replid");
  EXPECT_EQ(before.size(), 40u);
  client.call({"DEBUG", "CHANGE-REPL-ID"});
  EXPECT_NE(client.info("replication").at("master_replid"), before);
}

}  // namespace
}  // namespace plimsoll::test
