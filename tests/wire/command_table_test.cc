// Every row of the tested server's command table against the reference's: arity, flags, key positions, ACL
// categories, tips and key specifications.
#include <gtest/gtest.h>

#include <algorithm>

#include "random_runner.h"
#include "support/text.h"
#include "wire_environment.h"

namespace plimsoll::wire {
namespace {

using test::RespReply;

constexpr size_t kSubcommands = 9;  // where a row of COMMAND INFO lists its subcommands

// A row without its subcommands, which have rows of their own and may be fewer here.
std::string row(test::RawConnection& connection, const std::string& name) {
  RespReply reply = test::parse_reply(connection.call({"COMMAND", "INFO", name}));
  if (reply.children.size() == 1 && reply.children[0].children.size() > kSubcommands) {
    reply.children[0].children[kSubcommands].children.clear();
  }
  return render(reply);
}

bool listed_as_added(std::string name) {
  std::replace(name.begin(), name.end(), '|', ' ');
  return std::any_of(listed_differences().all().begin(), listed_differences().all().end(),
                     [&](const auto& entry) {
                       return test::glob_match(test::lowercase(entry.pattern), name) ||
                              test::lowercase(entry.pattern).starts_with(name);
                     });
}

// A fact of the single command in a COMMAND DOCS reply; empty if it is not there.
std::string fact(const RespReply& docs, std::string_view field) {
  if (docs.children.size() < 2) return "";
  const auto& pairs = docs.children[1].children;
  for (size_t i = 0; i + 1 < pairs.size(); i += 2)
    if (pairs[i].text == field) return pairs[i + 1].text;
  return "";
}

class CommandTable : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (GetParam() != 3) return;
    reference_.call({"HELLO", "3"});
    tested_.call({"HELLO", "3"});
  }

  test::RawConnection reference_ = shared_pair().reference.connect();
  test::RawConnection tested_ = shared_pair().tested.connect();
};

TEST_P(CommandTable, hasTheReferencesRows) {
  const auto known = registered_commands(shared_pair().reference);
  Rules rules;
  rules.unordered = true;
  for (const std::string& name : registered_commands(shared_pair().tested)) {
    if (!std::binary_search(known.begin(), known.end(), name)) {
      EXPECT_TRUE(listed_as_added(name))
          << name << " is no command of Redis 7.0.15 and not in differences.txt";
      continue;
    }
    if (listed_differences().find("COMMAND INFO " + name)) continue;
    const auto why = difference(row(reference_, name), row(tested_, name), rules);
    EXPECT_FALSE(why) << name << "\n" << *why;
  }
}

TEST_P(CommandTable, countsAndListsTheSame) {
  const auto names = registered_commands(shared_pair().tested);
  const auto containers =
      std::count_if(names.begin(), names.end(), [](const auto& n) { return n.find('|') == n.npos; });
  EXPECT_EQ(tested_.call({"COMMAND", "COUNT"}), ":" + std::to_string(containers) + "\r\n");
  EXPECT_EQ(test::parse_reply(tested_.call({"COMMAND"})).children.size(), static_cast<size_t>(containers));
}

// Documentation is our own text; its form and the facts in it are Redis's.
TEST_P(CommandTable, documentsEveryCommand) {
  for (const std::string& name : registered_commands(shared_pair().tested)) {
    if (name.find('|') != name.npos) continue;
    const RespReply docs = test::parse_reply(tested_.call({"COMMAND", "DOCS", name}));
    ASSERT_EQ(docs.children.size(), 2u) << name;
    EXPECT_EQ(docs.children[0].text, name);
    const RespReply original = test::parse_reply(reference_.call({"COMMAND", "DOCS", name}));
    EXPECT_NE(fact(docs, "summary"), "") << name;
    for (const char* field : {"since", "group"}) {
      EXPECT_NE(fact(docs, field), "") << name << " has no " << field;
      if (!original.children.empty()) {
        EXPECT_EQ(fact(docs, field), fact(original, field)) << name;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Protocols, CommandTable, testing::Values(2, 3),
                         [](const auto& protocol) { return "resp" + std::to_string(protocol.param); });

}  // namespace
}  // namespace plimsoll::wire
