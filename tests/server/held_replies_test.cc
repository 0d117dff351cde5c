#include "held_replies.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "connection.h"

namespace plimsoll::server {
namespace {

// Connections are told apart by their addresses alone.
class HeldRepliesTest : public testing::Test {
 protected:
  static Connection& connection(size_t i) { return *reinterpret_cast<Connection*>((i + 1) * 4096); }

  bool hold(size_t i, const std::string& text, uint64_t now_ns = 0) {
    OutputBuffer replies;
    replies.append(text);
    outputs_[i] = OutputBuffer();
    const bool is_held = held_.hold(connection(i), replies, outputs_[i], now_ns);
    EXPECT_EQ(replies.empty(), is_held);
    return is_held;
  }
  std::string output(size_t i) const {
    std::string text(outputs_[i].size(), '\0');
    outputs_[i].copy_to(text.data());
    return text;
  }
  void take_all() {
    while (held_.next() != nullptr) {
    }
  }

  HeldReplies held_;
  std::vector<OutputBuffer> outputs_ = std::vector<OutputBuffer>(HeldReplies::kMost + 1);
};

TEST_F(HeldRepliesTest, ComeInTheirOrder) {
  ASSERT_TRUE(hold(0, "first"));
  ASSERT_TRUE(hold(1, "second"));
  EXPECT_EQ(output(0), "first");
  EXPECT_EQ(output(1), "second");
  EXPECT_EQ(held_.next(), &connection(0));
  EXPECT_FALSE(held_.empty());
  EXPECT_EQ(held_.next(), &connection(1));
  EXPECT_EQ(held_.next(), nullptr);
  EXPECT_TRUE(held_.empty());
}

TEST_F(HeldRepliesTest, AreFewAndSmall) {
  EXPECT_FALSE(hold(0, std::string(HeldReplies::kLargest + 1, 'x')));
  EXPECT_TRUE(held_.empty());
  for (size_t i = 0; i < HeldReplies::kMost; ++i) {
    EXPECT_FALSE(held_.due(0));
    ASSERT_TRUE(hold(i, std::string(HeldReplies::kLargest, 'x')));
  }
  EXPECT_TRUE(held_.due(0));
  EXPECT_FALSE(hold(HeldReplies::kMost, "x"));
  held_.next();
  EXPECT_FALSE(held_.due(1'000'000'000)) << "they are being taken";
  take_all();
  EXPECT_TRUE(hold(0, "x"));
}

TEST_F(HeldRepliesTest, AreHeldForAShortTime) {
  ASSERT_TRUE(hold(0, "x", 1'000'000));
  ASSERT_TRUE(hold(1, "x", 1'000'000 + HeldReplies::kLongestNs));
  EXPECT_FALSE(held_.due(1'000'000 + HeldReplies::kLongestNs));
  EXPECT_TRUE(held_.due(1'000'001 + HeldReplies::kLongestNs));
}

TEST_F(HeldRepliesTest, WhoGoesIsForgotten) {
  for (size_t i = 0; i < 3; ++i) ASSERT_TRUE(hold(i, "x"));
  held_.forget(connection(1));
  EXPECT_EQ(held_.next(), &connection(0));
  held_.forget(connection(2));
  EXPECT_EQ(held_.next(), nullptr);
}

TEST_F(HeldRepliesTest, ChunksAreUsedAgainUntilTheyRest) {
  const auto recycle = [&] {
    ASSERT_TRUE(hold(0, "x"));
    take_all();
    outputs_[0].consume(1);
    held_.recycle(outputs_[0]);
  };
  recycle();
  const size_t one = zm::tag_bytes(zm::Tag::client_output);
  EXPECT_GE(one, 4096u);
  recycle();
  EXPECT_EQ(zm::tag_bytes(zm::Tag::client_output), one);
  held_.trim();
  EXPECT_EQ(zm::tag_bytes(zm::Tag::client_output), one) << "used since the last time";
  held_.trim();
  EXPECT_LT(zm::tag_bytes(zm::Tag::client_output), 4096u);
}

}  // namespace
}  // namespace plimsoll::server
