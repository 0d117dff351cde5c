#include "input_buffer.h"

#include <gtest/gtest.h>
#include <zmalloc/counters.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace plimsoll::server {
namespace {

size_t input_bytes() {
  return zm::tag_bytes(zm::Tag::client_input);
}

void append(InputBuffer& buffer, std::string_view bytes) {
  while (!bytes.empty()) {
    size_t room = 0;
    char* place = buffer.extend(bytes.size(), &room);
    ASSERT_GT(room, 0u);
    std::memcpy(place, bytes.data(), room);
    buffer.commit(room);
    bytes.remove_prefix(room);
  }
}

TEST(InputBuffer, OwnsNothingWhileEmpty) {
  const size_t before = input_bytes();
  InputBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.footprint(), 0u);
  EXPECT_EQ(input_bytes(), before);
}

TEST(InputBuffer, KeepsAndConsumes) {
  const size_t before = input_bytes();
  InputBuffer buffer;
  RespParser parser;
  buffer.keep("abc", parser);
  append(buffer, "defgh");
  EXPECT_EQ(buffer.bytes(), "abcdefgh");
  buffer.consume(2);
  EXPECT_EQ(buffer.bytes(), "cdefgh");
  append(buffer, std::string(1000, 'x'));
  EXPECT_EQ(buffer.bytes(), "cdefgh" + std::string(1000, 'x'));
  EXPECT_GE(buffer.footprint(), 1006u);
  buffer.consume(1006);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(input_bytes(), before);
}

TEST(InputBuffer, MayBeginWithNothing) {
  InputBuffer buffer;
  RespParser parser;
  buffer.keep({}, parser);
  append(buffer, "abc");
  EXPECT_EQ(buffer.bytes(), "abc");
}

TEST(InputBuffer, GrowsWithWhatArrivedAndNotWithWhatIsAnnounced) {
  InputBuffer buffer;
  RespParser parser;
  buffer.keep("*1\r\n", parser);
  size_t room = 0;
  buffer.extend(size_t{512} << 20, &room);
  EXPECT_GT(room, 0u);
  EXPECT_LE(buffer.footprint(), 64u * 1024);
}

std::string header(size_t arguments) {
  return "*" + std::to_string(arguments) + "\r\n";
}

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

// Parses what is there, on to the next block where there is one.
ParseResult parse(InputBuffer& buffer) {
  while (true) {
    const ParseResult result = buffer.parser().parse(buffer.bytes(), {});
    if (result != ParseResult::need_more || !buffer.join()) return result;
  }
}

std::vector<std::string> arguments(InputBuffer& buffer) {
  std::vector<std::string> result;
  const RespParser& parser = buffer.parser();
  for (size_t i = 0; i < parser.argument_count(); ++i) {
    result.emplace_back(parser.argument(i, buffer.bytes().data()));
  }
  return result;
}

// A hundred thousand arguments: as they arrive, and as they are taken in behind a pause.
TEST(InputBuffer, HoldsLittleMoreThanALongCommandAndMovesNothingTwice) {
  std::vector<std::string> wanted;
  std::string stream = header(100'001) + bulk("MSET");
  wanted.push_back("MSET");
  for (int i = 0; i < 100'000; ++i) {
    wanted.push_back(std::string(static_cast<size_t>(i % 300), static_cast<char>('a' + i % 26)));
    stream += bulk(wanted.back());
  }
  for (const bool parsed_as_it_comes : {true, false}) {
    InputBuffer buffer;
    RespParser fresh;
    buffer.keep(stream.substr(0, 10), fresh);
    const char* placed = nullptr;
    for (size_t at = 10; at < stream.size();) {
      size_t room = 0;
      char* const place =
          parsed_as_it_comes ? buffer.extend(50'000, &room) : buffer.extend_unparsed(50'000, &room);
      const size_t n = stream.copy(place, room, at);
      buffer.commit(n);
      at += n;
      if (!parsed_as_it_comes) continue;
      const ParseResult result = parse(buffer);
      ASSERT_EQ(result, at < stream.size() ? ParseResult::need_more : ParseResult::command);
      if (buffer.parser().has_placed()) {
        const char* const first = buffer.parser().argument(0, nullptr).data();
        ASSERT_TRUE(placed == nullptr || placed == first) << "what is placed stays";
        placed = first;
      }
      ASSERT_LE(buffer.footprint(), buffer.parser().footprint() + at + at / 4 + 700'000);
    }
    EXPECT_LE(buffer.footprint(),
              buffer.parser().footprint() + stream.size() + stream.size() / 4 + 1'100'000);
    ASSERT_EQ(parse(buffer), ParseResult::command);
    EXPECT_EQ(arguments(buffer), wanted);
    const size_t used = buffer.parser().position();
    buffer.parser().clear();
    buffer.release_placed();
    buffer.consume(used);
    EXPECT_TRUE(buffer.empty());
  }
}

TEST(InputBuffer, ALargeBulkStringGoesToItsOwnBlock) {
  const std::string value(300'000, 'x');
  const std::string stream =
      header(4) + bulk("SET") + bulk("key") + bulk(value) + bulk("NX") + header(1) + bulk("PING");
  const size_t before = input_bytes();
  for (const size_t here : {size_t{40}, size_t{100}, size_t{100'000}}) {
    InputBuffer buffer;
    RespParser fresh;
    buffer.keep(stream.substr(0, here), fresh);
    ASSERT_EQ(parse(buffer), ParseResult::large);
    ASSERT_EQ(buffer.parser().large_size(), value.size());
    EXPECT_EQ(buffer.parser().announced_count(), 4u);
    buffer.begin_large(SharedBytes::allocate(value.size(), zm::Tag::client_input));
    ASSERT_TRUE(buffer.large_under_way());
    size_t at = here;
    while (buffer.large_under_way()) {
      size_t room = 0;
      char* const place = buffer.large_place(&room);
      const size_t n = stream.copy(place, std::min<size_t>(room, 70'000), at);
      buffer.commit_large(n);
      at += n;
    }
    append(buffer, stream.substr(at));
    ASSERT_EQ(parse(buffer), ParseResult::command);
    EXPECT_EQ(arguments(buffer), (std::vector<std::string>{"SET", "key", value, "NX"}));
    ASSERT_EQ(buffer.large_arguments().size(), 1u);
    EXPECT_EQ(buffer.large_arguments()[0].index, 2u);
    const SharedBytes kept = buffer.large_arguments()[0].bytes;
    const size_t used = buffer.parser().position();
    buffer.parser().clear();
    buffer.release_placed();
    buffer.consume(used);
    EXPECT_TRUE(kept.unique());
    EXPECT_EQ(kept.view(), value);
    ASSERT_EQ(parse(buffer), ParseResult::command);
    EXPECT_EQ(arguments(buffer), std::vector<std::string>{"PING"});
  }
  EXPECT_EQ(input_bytes(), before);
}

// The refused command is whole, and the one behind it is found.
void expect_refused_then_ping(InputBuffer& buffer) {
  EXPECT_TRUE(buffer.parser().refused());
  EXPECT_EQ(buffer.parser().argument_count(), 0u);
  const size_t used = buffer.parser().position();
  buffer.parser().clear();
  buffer.release_placed();
  buffer.consume(used);
  ASSERT_EQ(parse(buffer), ParseResult::command);
  EXPECT_EQ(arguments(buffer), std::vector<std::string>{"PING"});
}

TEST(InputBuffer, ARefusedCommandIsPassedOverWithoutMemory) {
  const size_t before = input_bytes();
  const std::string value(300'000, 'x');
  const std::string stream =
      header(5) + bulk("MSET") + bulk("a") + bulk(value) + bulk("b") + bulk(value) + header(1) + bulk("PING");
  InputBuffer buffer;
  RespParser fresh;
  buffer.keep(stream.substr(0, 60), fresh);
  ASSERT_EQ(parse(buffer), ParseResult::large);
  buffer.refuse("no");
  size_t at = 60;
  while (at < stream.size()) {
    const ParseResult result = parse(buffer);
    if (result == ParseResult::command) break;
    ASSERT_EQ(result, ParseResult::need_more);
    buffer.consume(0);
    ASSERT_FALSE(buffer.empty()) << "the parser's state stays";
    EXPECT_EQ(buffer.refusal(), "no");
    EXPECT_LT(buffer.footprint(), 40'000u);
    append(buffer, stream.substr(at, 5'000));
    at = std::min(at + 5'000, stream.size());
  }
  append(buffer, stream.substr(at));
  ASSERT_EQ(parse(buffer), ParseResult::command);
  expect_refused_then_ping(buffer);
  buffer.release();
  EXPECT_EQ(input_bytes(), before);
}

// The same when it was taken in unparsed, as several blocks.
TEST(InputBuffer, ARefusedCommandOfSeveralBlocksIsPassedOver) {
  const std::string stream =
      header(2) + bulk("ECHO") + bulk(std::string(2'000'000, 'x')) + header(1) + bulk("PING");
  InputBuffer buffer;
  for (std::string_view rest = stream; !rest.empty();) {
    size_t room = 0;
    char* const place = buffer.extend_unparsed(rest.size(), &room);
    rest.copy(place, room);
    buffer.commit(room);
    rest.remove_prefix(room);
  }
  ASSERT_EQ(parse(buffer), ParseResult::large);
  buffer.refuse("no");
  ParseResult result = ParseResult::need_more;
  for (int blocks = 0; blocks < 100 && result == ParseResult::need_more; ++blocks) {
    result = buffer.parser().parse(buffer.bytes(), {});
    if (result != ParseResult::need_more) break;
    ASSERT_TRUE(buffer.consume(0) || buffer.join());
  }
  ASSERT_EQ(result, ParseResult::command);
  expect_refused_then_ping(buffer);
}

// A large bulk string of which only the line end lies in another block is more than a block has room for in
// front of what it holds.
TEST(InputBuffer, ABlockMayEndRightBehindALargeBulkString) {
  const size_t whole = zm::good_size(100'000);  // so that the block is full
  for (const size_t of_line_end : {0u, 1u}) {
    const std::string value(whole - of_line_end - std::string_view("*2__$4__ECHO__$123456__").size(), 'v');
    const std::string first = header(2) + bulk("ECHO") + "$" + std::to_string(value.size()) + "\r\n" + value +
                              std::string("\r\n", of_line_end);
    const std::string second = std::string("\r\n").substr(of_line_end) + header(1) + bulk("PING");
    RespParser fresh;
    InputBuffer buffer;
    buffer.keep(first, fresh);
    ASSERT_EQ(buffer.room(), 0u);
    size_t room = 0;
    char* const place = buffer.extend_unparsed(16'000, &room);
    ASSERT_GE(room, second.size());
    second.copy(place, second.size());
    buffer.commit(second.size());
    ASSERT_EQ(parse(buffer), ParseResult::large) << of_line_end;
    buffer.begin_large(SharedBytes::allocate(value.size(), zm::Tag::client_input));
    ASSERT_FALSE(buffer.large_under_way());
    while (parse(buffer) == ParseResult::need_more) ASSERT_TRUE(buffer.join());
    ASSERT_EQ(buffer.parser().argument_count(), 2u);
    EXPECT_EQ(buffer.parser().argument(1, buffer.bytes().data()), value);
    buffer.consume(buffer.parser().position());
    buffer.parser().clear();
    buffer.release_placed();
    ASSERT_EQ(parse(buffer), ParseResult::command);
    EXPECT_EQ(buffer.parser().argument(0, buffer.bytes().data()), "PING");
  }
}

TEST(InputBuffer, GivesBackWhatALargeCommandTook) {
  InputBuffer buffer;
  RespParser fresh;
  buffer.keep(header(2) + bulk("ECHO") + "$60000\r\n", fresh);
  ASSERT_EQ(parse(buffer), ParseResult::need_more);
  append(buffer, std::string(60'000, 'x') + "\r\n*");
  ASSERT_EQ(parse(buffer), ParseResult::command);
  const size_t used = buffer.parser().position();
  buffer.parser().clear();
  buffer.release_placed();
  buffer.consume(used);
  EXPECT_EQ(buffer.bytes(), "*");
  EXPECT_LT(buffer.footprint(), 16u * 1024);
}

}  // namespace
}  // namespace plimsoll::server
