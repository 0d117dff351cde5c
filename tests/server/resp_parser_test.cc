#include "resp_parser.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace plimsoll::server {
namespace {

using Command = std::vector<std::string>;

// A copy in a heap block of just its size, so that a sanitizer sees every read past the end.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view bytes) : size_(bytes.size()), data_(new char[bytes.size()]) {
    std::memcpy(data_.get(), bytes.data(), size_);
  }
  std::string_view view() const { return {data_.get(), size_}; }

 private:
  size_t size_;
  std::unique_ptr<char[]> data_;
};

struct Outcome {
  std::vector<Command> commands;
  std::string error;  // empty if there was none
  bool operator==(const Outcome&) const = default;
};

Command arguments_of(const RespParser& parser, const char* base) {
  Command command;
  for (size_t i = 0; i < parser.argument_count(); ++i) command.emplace_back(parser.argument(i, base));
  return command;
}

// What parse_short_command() says of bytes that RespParser begins with: nothing, or what RespParser says.
void expect_same_when_short(std::string_view bytes, const ParserLimits& limits) {
  ArgumentViews arguments{"before"};
  const size_t taken = parse_short_command(bytes, limits, arguments);
  ASSERT_EQ(arguments.front(), "before");
  if (taken == 0) {
    EXPECT_EQ(arguments.size(), 1u);
    return;
  }
  RespParser parser;
  ASSERT_EQ(parser.parse(bytes, limits), ParseResult::command);
  EXPECT_EQ(parser.position(), taken);
  EXPECT_EQ(Command(arguments.begin() + 1, arguments.end()), arguments_of(parser, bytes.data()));
}

// Feeds `bytes` in pieces that end where `next_end(from)` says; each piece arrives at a new address.
template <class NextEnd>
Outcome feed(std::string_view bytes, NextEnd next_end, const ParserLimits& limits = {}) {
  Outcome outcome;
  RespParser parser;
  std::string pending;
  for (size_t from = 0; from < bytes.size();) {
    const size_t end = std::min(next_end(from), bytes.size());
    pending += bytes.substr(from, end - from);
    from = end;
    while (true) {
      const ExactCopy copy(pending);
      if (parser.untouched()) expect_same_when_short(copy.view(), limits);
      const ParseResult result = parser.parse(copy.view(), limits);
      if (result == ParseResult::error) {
        outcome.error = parser.error();
        return outcome;
      }
      if (result == ParseResult::need_more) break;
      outcome.commands.push_back(arguments_of(parser, copy.view().data()));
      pending.erase(0, parser.position());
      parser.clear();
    }
  }
  return outcome;
}

Outcome feed_whole(std::string_view bytes, const ParserLimits& limits = {}) {
  return feed(
      bytes, [&](size_t) { return bytes.size(); }, limits);
}

Outcome feed_bytewise(std::string_view bytes, const ParserLimits& limits = {}) {
  return feed(
      bytes, [](size_t from) { return from + 1; }, limits);
}

void expect_outcome(std::string_view bytes, const Outcome& expected, const ParserLimits& limits = {}) {
  EXPECT_EQ(feed_whole(bytes, limits), expected) << bytes.substr(0, 80);
  EXPECT_EQ(feed_bytewise(bytes, limits), expected) << bytes.substr(0, 80);
}

TEST(RespParser, ReadsArraysOfBulks) {
  expect_outcome("*1\r\n$4\r\nPING\r\n", {{{"PING"}}, ""});
  expect_outcome("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\nbc\r\n*1\r\n$4\r\nPING\r\n",
                 {{{"SET", "k", "a\r\nbc"}, {"PING"}}, ""});
  expect_outcome("*2\r\n$0\r\n\r\n$1\r\nx\r\n", {{{"", "x"}}, ""});
}

TEST(ShortCommands, AreTakenWholeAndNotOtherwise) {
  const std::string get = "*2\r\n$3\r\nGET\r\n$12\r\nkey:00000000\r\n";
  ArgumentViews arguments;
  const std::string two = get + get;
  EXPECT_EQ(parse_short_command(two, {}, arguments), get.size());
  EXPECT_EQ(arguments, (ArgumentViews{"GET", "key:00000000"}));
  for (size_t n = 0; n < get.size(); ++n) {
    const ExactCopy part(get.substr(0, n));
    EXPECT_EQ(parse_short_command(part.view(), {}, arguments), 0u) << n << " bytes";
  }
  EXPECT_EQ(parse_short_command(get, {.authenticated = false}, arguments), 0u);
  for (const char* other :
       {"PING\r\n", "*0\r\n", "*-1\r\n", "*01\r\n$1\r\na\r\n", "*1\r\n$-1\r\n", "*1\r\n$01\r\na\r\n",
        "*1\r\n:1\r\na\r\n", "*1\r\n$1 \r\na\r\n", "*99999\r\n$1\r\na\r\n", "*4294967297\r\n$1\r\na\r\n"}) {
    EXPECT_EQ(parse_short_command(other, {}, arguments), 0u) << other;
  }
  EXPECT_EQ(arguments.size(), 2u);
  const std::string value(99'999, 'v');
  const std::string set = "*2\r\n$4\r\nECHO\r\n$99999\r\n" + value + "\r\n";
  EXPECT_EQ(parse_short_command(set, {}, arguments), set.size());
  EXPECT_EQ(arguments.back(), value);
}

TEST(RespParser, EmptyCommandsHaveNoArguments) {
  expect_outcome("*0\r\n*-1\r\n\r\nPING\r\n", {{{}, {}, {}, {"PING"}}, ""});
}

TEST(RespParser, DoesNotLookAtWhatStandsForLineEnds) {
  expect_outcome("*1\rx$4\r\nPINGyz*1\r\n$1\rzaxy", {{{"PING"}, {"a"}}, ""});
}

TEST(RespParser, ReadsInlineCommands) {
  expect_outcome("PING\r\nGET  a \nSET k \"v w\\x41\\n\" '\\'q'\r\n",
                 {{{"PING"}, {"GET", "a"}, {"SET", "k", "v wA\n", "'q"}}, ""});
  expect_outcome("foo\"bar\"\r\n\"\" x\n", {{{"foobar"}, {"", "x"}}, ""});
}

TEST(RespParser, AnInlineNulByteHidesTheLineEnd) {
  expect_outcome(std::string_view("PING\0x\r\n", 8), {{}, ""});
}

TEST(RespParser, RefusesMalformedInput) {
  const std::pair<std::string, std::string> cases[] = {
      {"*x\r\n", "invalid multibulk length"},
      {"*\r\n", "invalid multibulk length"},
      {"*01\r\n", "invalid multibulk length"},
      {"*+1\r\n", "invalid multibulk length"},
      {"*1 \r\n", "invalid multibulk length"},
      {"*2147483648\r\n", "invalid multibulk length"},
      {"*99999999999999999999\r\n", "invalid multibulk length"},
      {"*1\r\n:5\r\n", "expected '$', got ':'"},
      {"*1\r\n$-1\r\n", "invalid bulk length"},
      {"*1\r\n$\r\n", "invalid bulk length"},
      {"*1\r\n$4x\r\n", "invalid bulk length"},
      {"*1\r\n$536870913\r\n", "invalid bulk length"},
      {"\"PING\r\n", "unbalanced quotes in request"},
      {"SET \"a\"b\r\n", "unbalanced quotes in request"},
      {"'a\r\n", "unbalanced quotes in request"},
  };
  for (const auto& [bytes, error] : cases) expect_outcome(bytes, {{}, error});
}

TEST(RespParser, AnswersWhatCameBeforeAnError) {
  expect_outcome("PING\r\n*1\r\n$4\r\nECHO\r\n*1\r\n!\r\n", {{{"PING"}, {"ECHO"}}, "expected '$', got '!'"});
}

TEST(RespParser, BoundsLinesWithoutEnd) {
  const size_t most = ParserLimits::kInlineBytes;
  EXPECT_EQ(feed_whole(std::string(most, 'a')), Outcome{});
  EXPECT_EQ(feed_whole(std::string(most + 1, 'a')).error, "too big inline request");
  EXPECT_EQ(feed_whole("*" + std::string(most - 1, '1')), Outcome{});
  EXPECT_EQ(feed_whole("*" + std::string(most, '1')).error, "too big mbulk count string");
  EXPECT_EQ(feed_whole("*1\r\n$" + std::string(most - 1, '1')), Outcome{});
  EXPECT_EQ(feed_whole("*1\r\n$" + std::string(most, '1')).error, "too big bulk count string");
}

TEST(RespParser, ALongInlineLineThatEndsIsRead) {
  const std::string argument(200'000, 'x');
  EXPECT_EQ(feed_whole("ECHO " + argument + "\r\n"), (Outcome{{{"ECHO", argument}}, ""}));
}

TEST(RespParser, LimitsUnauthenticatedClients) {
  ParserLimits limits;
  limits.authenticated = false;
  expect_outcome("*10\r\n", {}, limits);
  expect_outcome("*11\r\n", {{}, "unauthenticated multibulk length"}, limits);
  expect_outcome("*1\r\n$16384\r\n", {}, limits);
  expect_outcome("*1\r\n$16385\r\n", {{}, "unauthenticated bulk length"}, limits);
}

TEST(RespParser, TheLargestBulkIsConfigured) {
  ParserLimits limits;
  limits.max_bulk = 4;
  expect_outcome("*1\r\n$4\r\nPING\r\n", {{{"PING"}}, ""}, limits);
  expect_outcome("*1\r\n$5\r\nPINGS\r\n", {{}, "invalid bulk length"}, limits);
}

TEST(RespParser, CountsAreNotTrustedWithMemory) {
  RespParser parser;
  const ExactCopy copy("*2147483647\r\n$536870912\r\n");
  EXPECT_EQ(parser.parse(copy.view(), {}), ParseResult::large);
  EXPECT_LT(parser.footprint(), 64u * 1024);
}

TEST(RespParser, SaysHowMuchIsNeeded) {
  RespParser parser;
  const ExactCopy copy("*2\r\n$3\r\nSET\r\n$100\r\nabc");
  EXPECT_EQ(parser.parse(copy.view(), {}), ParseResult::need_more);
  EXPECT_EQ(parser.needed(), 19u + 102);
}

TEST(RespParser, KeepsLittleMemory) {
  RespParser parser;
  std::string bytes = "*100000\r\n";
  for (int i = 0; i < 100'000; ++i) bytes += "$1\r\nx\r\n";
  ASSERT_EQ(parser.parse(bytes, {}), ParseResult::command);
  EXPECT_EQ(parser.argument_count(), 100'000u);
  parser.clear();
  EXPECT_LT(parser.footprint(), 64u * 1024);
}

TEST(RespParser, StateMovesWithSwap) {
  RespParser first;
  EXPECT_EQ(first.parse("*2\r\n$3\r\nGET\r\n", {}), ParseResult::need_more);
  RespParser second;
  second.swap(first);
  EXPECT_TRUE(first.fresh());
  const std::string_view all = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
  ASSERT_EQ(second.parse(all, {}), ParseResult::command);
  EXPECT_EQ(arguments_of(second, all.data()), (Command{"GET", "k"}));
}

// However input is cut into pieces, the outcome is the same; and garbage is never more than an error.
TEST(RespParser, FragmentsDoNotChangeTheOutcome) {
  std::mt19937_64 random(20);
  const std::string alphabet("*$0123456789\r\n\"' xPINGSET-+\\\0", 30);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes;
    while (random() % 12 != 0) {
      switch (random() % 4) {
        case 0:
          bytes += "*2\r\n$3\r\nGET\r\n$2\r\nab\r\n";
          break;
        case 1:
          bytes += "SET a 'b c'\r\n";
          break;
        case 2:
          bytes += "*1\r\n$" + std::to_string(random() % 12) + "\r\n";
          break;
        default:
          for (size_t n = random() % 8; n > 0; --n) bytes += alphabet[random() % alphabet.size()];
      }
    }
    const Outcome whole = feed_whole(bytes);
    EXPECT_EQ(feed_bytewise(bytes), whole);
    EXPECT_EQ(feed(bytes, [&](size_t from) { return from + 1 + random() % 7; }), whole);
  }
}

}  // namespace
}  // namespace plimsoll::server
