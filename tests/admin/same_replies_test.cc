// The commands of same_replies.txt to redis-server and to plimsoll-server: each reply must be the same bytes.

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "servers.h"
#include "support/text.h"

namespace plimsoll::test {
namespace {

std::vector<std::vector<std::string>> commands_of_file() {
  std::ifstream file(std::string(PLIMSOLL_ADMIN_TESTS) + "/same_replies.txt");
  std::vector<std::vector<std::string>> commands;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line.starts_with("==")) continue;
    std::vector<std::string> words;
    for (const Word& word : split_words(line)) words.push_back(word.text);
    commands.push_back(words);
  }
  return commands;
}

class SameReplies : public testing::TestWithParam<const char*> {};

TEST_P(SameReplies, AsRedis) {
  const std::vector<std::string> arguments = {"--enable-debug-command", "yes"};
  const auto redis = start_redis(arguments), plimsoll = start_plimsoll(arguments);
  Client reference(*redis), tested(*plimsoll);
  reference.call({"HELLO", GetParam()});
  tested.call({"HELLO", GetParam()});
  const auto commands = commands_of_file();
  EXPECT_GT(commands.size(), 200u);
  for (const auto& command : commands) {
    EXPECT_EQ(escaped(reference.raw().call(command)), escaped(tested.raw().call(command)))
        << command_line(command);
  }
}

INSTANTIATE_TEST_SUITE_P(Protocols, SameReplies, testing::Values("2", "3"),
                         [](const auto& protocol) { return std::string("resp") + protocol.param; });

}  // namespace
}  // namespace plimsoll::test
