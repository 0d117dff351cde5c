#include "support/resp_reply.h"

#include <gtest/gtest.h>

namespace plimsoll::test {
namespace {

const std::string kReplies[] = {
    "+OK\r\n",
    "-ERR no\r\n",
    ":-7\r\n",
    "$-1\r\n",
    "$0\r\n\r\n",
    "$5\r\na\r\nbc\r\n",
    "*-1\r\n",
    "*0\r\n",
    "*2\r\n*1\r\n:1\r\n$1\r\nx\r\n",
    "_\r\n",
    "#t\r\n",
    ",1.5\r\n",
    "(12345678901234567890\r\n",
    "!6\r\nERR no\r\n",
    "=7\r\ntxt:abc\r\n",
    "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n",
    "~1\r\n+x\r\n",
    ">2\r\n+message\r\n+x\r\n",
    "|1\r\n+ttl\r\n:3\r\n*1\r\n:5\r\n",
};

TEST(ReplyScanner, findsTheEndOfEveryKindHoweverItArrives) {
  for (const std::string& reply : kReplies) {
    const std::string stream = reply + "+next\r\n";
    ReplyScanner scanner;
    for (size_t have = 0; have < reply.size(); ++have) {
      ASSERT_FALSE(scanner.complete(stream.substr(0, have))) << reply << " at " << have;
    }
    EXPECT_EQ(scanner.complete(stream), reply.size()) << reply;
  }
}

TEST(ReplyScanner, refusesWhatIsNoReply) {
  EXPECT_THROW(ReplyScanner().complete("hello\r\n"), RespError);
  EXPECT_THROW(ReplyScanner().complete("$x\r\n"), RespError);
  EXPECT_THROW(ReplyScanner().complete("*-2\r\n"), RespError);
  EXPECT_THROW(ReplyScanner().complete("*1\r\nx\r\n"), RespError);
}

TEST(ParseReply, rendersBackTheSameBytes) {
  for (const std::string& reply : kReplies) {
    if (reply[0] == '|') continue;  // two elements on the wire: the attribute and what it describes
    EXPECT_EQ(render(parse_reply(reply)), reply);
  }
}

TEST(ParseReply, refusesShortAndLongInput) {
  EXPECT_THROW(parse_reply("*2\r\n:1\r\n"), RespError);
  EXPECT_THROW(parse_reply("$3\r\nab\r\n"), RespError);
  EXPECT_THROW(parse_reply("$1\r\nabc\r\n"), RespError);
  EXPECT_THROW(parse_reply("+a\r\n+b\r\n"), RespError);
}

TEST(EncodeCommand, isAnArrayOfBulks) {
  EXPECT_EQ(encode_command({"GET", ""}), "*2\r\n$3\r\nGET\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace plimsoll::test
