// The harness itself: that it reads its files, and that it fails when replies differ.
#include <gtest/gtest.h>

#include <stdexcept>

#include "case_file.h"
#include "comparison.h"
#include "coverage.h"
#include "differences.h"
#include "generator.h"
#include "random_runner.h"
#include "script_runner.h"

namespace plimsoll::wire {
namespace {

Rules rules(const std::string& text) {
  return parse_cases("== x\n" + text + " PING\n", "f")[0].steps[0].rules;
}

bool same(std::string_view a, std::string_view b, const std::string& text = "") {
  return !difference(a, b, rules(text)).has_value();
}

TEST(HarnessComparison, isByteExactWithoutRules) {
  EXPECT_TRUE(same("$5\r\nhello\r\n", "$5\r\nhello\r\n"));
  EXPECT_FALSE(same("$5\r\nhello\r\n", "$5\r\nhellO\r\n"));
  EXPECT_FALSE(same("+OK\r\n", "$2\r\nOK\r\n"));
  EXPECT_FALSE(same("$-1\r\n", "*-1\r\n"));
}

TEST(HarnessComparison, showsWhereTheBytesPart) {
  const std::string why = *difference("$2\r\nab\r\n", "$2\r\nac\r\n", {});
  EXPECT_NE(why.find("first differing byte: 5"), std::string::npos) << why;
}

TEST(HarnessComparison, unorderedSortsSetsButKeepsPairs) {
  EXPECT_TRUE(same("*2\r\n:1\r\n:2\r\n", "*2\r\n:2\r\n:1\r\n", "@unordered"));
  EXPECT_FALSE(same("*2\r\n:1\r\n:2\r\n", "*2\r\n:2\r\n:2\r\n", "@unordered"));
  EXPECT_TRUE(same("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n", "%2\r\n+b\r\n:2\r\n+a\r\n:1\r\n", "@unordered"));
  EXPECT_FALSE(same("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n", "%2\r\n+b\r\n:1\r\n+a\r\n:2\r\n", "@unordered"));
}

TEST(HarnessComparison, nearAllowsOnlyTheToleranceAndNoOtherSign) {
  EXPECT_TRUE(same(":100\r\n", ":103\r\n", "@near 3"));
  EXPECT_FALSE(same(":100\r\n", ":104\r\n", "@near 3"));
  EXPECT_FALSE(same(":1\r\n", ":-1\r\n", "@near 3"));
  EXPECT_FALSE(same(":1\r\n", "$1\r\n1\r\n", "@near 3"));
  EXPECT_FALSE(same("$1\r\na\r\n", "$1\r\nb\r\n", "@near 3"));
}

TEST(HarnessComparison, typeAndShapeIgnoreContentsButNotErrors) {
  EXPECT_TRUE(same("$1\r\na\r\n", "$2\r\nbc\r\n", "@type"));
  EXPECT_FALSE(same("$1\r\na\r\n", "$-1\r\n", "@type"));
  EXPECT_FALSE(same("-ERR a\r\n", "-ERR b\r\n", "@type"));
  EXPECT_TRUE(same("*2\r\n:1\r\n+a\r\n", "*2\r\n:9\r\n+b\r\n", "@shape"));
  EXPECT_FALSE(same("*2\r\n:1\r\n+a\r\n", "*1\r\n:9\r\n", "@shape"));
  EXPECT_FALSE(same("-ERR a\r\n", "-ERR b\r\n", "@shape"));
}

TEST(HarnessComparison, keysFieldsMasksAndDrops) {
  EXPECT_TRUE(same("%1\r\n+a\r\n:1\r\n", "%1\r\n+a\r\n:2\r\n", "@keys"));
  EXPECT_FALSE(same("%1\r\n+a\r\n:1\r\n", "%1\r\n+b\r\n:1\r\n", "@keys"));
  EXPECT_TRUE(same("$5\r\na:1\r\n\r\n", "$6\r\na:22\r\n\r\n", "@fields"));
  EXPECT_FALSE(same("$5\r\na:1\r\n\r\n", "$5\r\nb:1\r\n\r\n", "@fields"));
  EXPECT_TRUE(same("$5\r\na:1\r\n\r\n", "$10\r\na:2\r\nx_b:1\r\n", "@fields @drop ^x_"));
  EXPECT_TRUE(same("$4\r\nid=1\r\n", "$5\r\nid=22\r\n", "@mask id=[0-9]+"));
  EXPECT_FALSE(same("$4\r\nid=1\r\n", "$5\r\nix=22\r\n", "@mask id=[0-9]+"));
}

TEST(HarnessCases, readScriptsRulesAndDirectives) {
  const auto scripts = parse_cases(
      "# note\n== first one\n!server --databases 3\n!resp 3\nSET k \"a b\"\n@near 2 @unordered TTL k\n"
      "!send \"PING\\r\\n\"\n!read 2\n!until \":1\\r\\n\" EXISTS k\n!let id CLIENT ID\n!use b\n== "
      "second\nPING\n=> \"+X\\r\\n\"\n",
      "f");
  ASSERT_EQ(scripts.size(), 2u);
  EXPECT_EQ(scripts[0].name, "first_one");
  EXPECT_TRUE(scripts[0].own_server);
  EXPECT_EQ(scripts[0].server_arguments, (std::vector<std::string>{"--databases", "3"}));
  EXPECT_EQ(scripts[0].protocol, 3);
  ASSERT_EQ(scripts[0].steps.size(), 7u);
  EXPECT_EQ(scripts[0].steps[0].command(), "SET k \"a b\"");
  EXPECT_EQ(scripts[0].steps[0].line, 5);
  EXPECT_EQ(scripts[0].steps[1].rules.near, 2);
  EXPECT_EQ(scripts[0].steps[3].count, 2);
  EXPECT_EQ(scripts[1].steps[0].expected, "+X\r\n");
}

TEST(HarnessCases, refuseWhatTheyCannotReadWithPlace) {
  for (const char* text :
       {"PING\n", "== x\n@what PING\n", "== x\n!what\n", "== x\n@near\n", "== x\n\"open\n",
        "== x\n=> \"+OK\"\n", "== x\n== x\n", "== x\n!use\n", "== x\n!use a b\n", "== x\n@near 3\n"}) {
    EXPECT_THROW(parse_cases(text, "f"), std::runtime_error) << text;
  }
  try {
    parse_cases("== x\nPING\n!what\n", "f");
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("f.txt:3:"), std::string::npos) << error.what();
  }
}

TEST(HarnessDifferences, needPatternAndReason) {
  const Differences differences = Differences::parse("CLIENT SETINFO*\tadded in 7.2\n");
  EXPECT_NE(differences.find("client setinfo lib-name x"), nullptr);
  EXPECT_EQ(differences.find("CLIENT LIST"), nullptr);
  EXPECT_THROW(Differences::parse("CLIENT SETINFO*\n"), std::runtime_error);
  EXPECT_THROW(Differences::parse("CLIENT SETINFO*\t\n"), std::runtime_error);
  EXPECT_THROW(Differences::parse("\treason\n"), std::runtime_error);
}

// Two servers that do not agree: the tested one keeps fewer databases than the reference.
class HarnessFailure : public testing::Test {
 protected:
  static RunResult run(const std::string& text, const Differences& differences = {},
                       Delivery delivery = Delivery::kStepwise) {
    ServerPair pair({}, {"--databases", "2"});
    const auto scripts = parse_cases("== x\n" + text, "f");
    return ScriptRunner(pair, differences, {.delivery = delivery}).run(scripts[0]);
  }
};

TEST_F(HarnessFailure, aDifferingReplyIsAMismatchInEveryDelivery) {
  for (const Delivery delivery : {Delivery::kStepwise, Delivery::kOneWrite, Delivery::kFragments}) {
    const auto mismatches = run("SELECT 1\nSELECT 2\nPING\n", {}, delivery).mismatches;
    ASSERT_EQ(mismatches.size(), 1u);
    EXPECT_NE(mismatches[0].find("f.txt:3: SELECT 2"), std::string::npos) << mismatches[0];
  }
}

TEST_F(HarnessFailure, soAreAMissingReplyAnUnmetConditionAndALostConnection) {
  EXPECT_EQ(run("QUIT\nPING\n").mismatches.size(), 1u);
  EXPECT_EQ(run("SELECT 2\n!scan SCAN 0\n").mismatches.size(), 1u);
  EXPECT_EQ(run("!send \"SELECT 2\\r\\n\"\n!read\n").mismatches.size(), 1u);
  EXPECT_EQ(run("!send \"SELECT 2\\r\\nQUIT\\r\\n\"\n!closed\n").mismatches.size(), 1u);
}

TEST_F(HarnessFailure, aListedDifferenceIsPassedOverAndStaleOnesAreFound) {
  const Differences differences =
      Differences::parse("SELECT 2\tfewer databases\nSELECT 1\tnone\nECHO *\tnever run\n");
  const auto result = run("SELECT 1\nSELECT 2\n", differences);
  EXPECT_TRUE(result.mismatches.empty());
  EXPECT_EQ(result.differing_listed, std::vector<std::string>{"SELECT 2"});

  ServerPair pair({}, {"--databases", "2"});
  const auto scripts = parse_cases("== x\nSELECT 1\nSELECT 2\n", "f");
  const auto stale = stale_differences(scripts, differences, [&](const Script& script, RunOptions options) {
    return ScriptRunner(pair, differences, options).run(script);
  });
  EXPECT_EQ(stale, (std::vector<std::string>{"SELECT 1", "ECHO *"}));
}

TEST_F(HarnessFailure, theRandomTestFindsADisagreementAndNamesItsSeed) {
  ServerPair pair({}, {"--databases", "2"});
  const auto wrong = RandomRunner(pair, {}, {.seed = 7, .commands = 20'000}).run();
  ASSERT_TRUE(wrong);
  EXPECT_NE(wrong->find("PLIMSOLL_WIRE_SEED=7"), std::string::npos) << *wrong;
  EXPECT_EQ(*wrong, *RandomRunner(pair, {}, {.seed = 7, .commands = 20'000}).run())
      << "a seed must repeat a run";
}

TEST(HarnessGenerator, usesOnlyRegisteredCommandsAndRepeatsBySeed) {
  Generator first(3, {"get", "object", "object|freq"}), second(3, {"get", "object", "object|freq"});
  for (int i = 0; i < 2000; ++i) {
    const GeneratedCommand command = first.next();
    EXPECT_EQ(command.argv, second.next().argv);
    const std::string_view syntax = command.shape->syntax;
    EXPECT_TRUE(syntax.starts_with("GET ") || syntax.starts_with("OBJECT")) << syntax;
  }
  EXPECT_THROW(Generator(1, {"nothing"}), std::invalid_argument);
}

TEST(HarnessCoverage, countsCasesShapesAndSubcommands) {
  const auto scripts = parse_cases("== x\nCLIENT ID\nDEBUG SLEEP 0\n", "f");
  const std::vector<std::string> registered = {"client", "client|id", "client|list", "debug", "get", "lpush"};
  const auto covered = covered_commands(scripts, registered);
  for (const char* name : {"client", "client|id", "debug", "get"}) EXPECT_TRUE(covered.count(name)) << name;
  for (const char* name : {"client|list", "lpush"}) EXPECT_FALSE(covered.count(name)) << name;
}

}  // namespace
}  // namespace plimsoll::wire
