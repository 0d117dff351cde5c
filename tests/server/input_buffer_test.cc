#include "input_buffer.h"

#include <gtest/gtest.h>
#include <zmalloc/counters.h>

#include <algorithm>
#include <cstring>
#include <string>

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
  EXPECT_LE(buffer.footprint(), 4 * InputBuffer::kFirstGrowth);
}

// As a large value arrives: asked for whole, read in pieces.
TEST(InputBuffer, GrowsInFewStepsAndHoldsAboutTwiceWhatArrivedAtMost) {
  constexpr size_t kValue = size_t{64} << 20;
  constexpr size_t kPiece = 512 * 1024;
  InputBuffer buffer;
  RespParser parser;
  buffer.keep("*", parser);
  int steps = 0;
  while (buffer.size() < kValue) {
    const size_t before = buffer.footprint();
    size_t room = 0;
    buffer.extend(kValue - buffer.size(), &room);
    steps += buffer.footprint() != before;
    ASSERT_LE(buffer.footprint(), 2 * buffer.size() + buffer.size() / 4 + 4 * InputBuffer::kFirstGrowth);
    buffer.commit(std::min(room, kPiece));
  }
  EXPECT_LE(steps, 11) << "doubling from 64 KiB to 64 MiB";
  EXPECT_LE(buffer.footprint(), kValue + kValue / 8);
}

TEST(InputBuffer, GivesBackWhatALargeCommandTook) {
  InputBuffer buffer;
  RespParser parser;
  buffer.keep("a", parser);
  append(buffer, std::string(8 << 20, 'x'));
  buffer.consume(8 << 20);
  EXPECT_EQ(buffer.bytes(), "x");
  EXPECT_LT(buffer.footprint(), 64u * 1024);
}

}  // namespace
}  // namespace plimsoll::server
