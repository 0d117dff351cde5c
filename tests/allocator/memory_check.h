// What every test of accounting asks: the sums agree, and a scope leaves no byte behind.
#pragma once

#include <gtest/gtest.h>
#include <zmalloc/zm.h>

#include <numeric>
#include <string>
#include <string_view>

namespace zm::test {

inline std::size_t sum_of_tags() {
  TagBytes bytes;
  all_tag_bytes(bytes);
  return std::accumulate(bytes.begin(), bytes.end(), std::size_t{0});
}

inline bool on_backend(std::string_view name) {
  const std::string_view version = backend_version();
  return version == name || version.starts_with(std::string(name) + "-");
}

// The process-wide sums before and after a test are the same to the byte, and so is every tag.
class AccountingTest : public ::testing::Test {
 protected:
  void SetUp() override { begin_account(); }

  void TearDown() override {
    TagBytes after;
    all_tag_bytes(after);
    for (std::size_t i = 0; i < kTagCount; ++i) {
      EXPECT_EQ(after[i], before_[i]) << tag_name(static_cast<Tag>(i));
    }
    EXPECT_EQ(used_memory(), used_before_);
    EXPECT_EQ(sum_of_tags(), used_memory());
  }

  // What is held now is not the test's.
  void begin_account() {
    all_tag_bytes(before_);
    used_before_ = used_memory();
  }

  // Bytes charged to the tag since then.
  std::size_t grown(Tag tag) const { return tag_bytes(tag) - before_[static_cast<std::size_t>(tag)]; }
  std::size_t grown() const { return used_memory() - used_before_; }

 private:
  TagBytes before_{};
  std::size_t used_before_ = 0;
};

}  // namespace zm::test
