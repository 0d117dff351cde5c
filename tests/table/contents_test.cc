#include <gtest/gtest.h>
#include <zmalloc/counters.h>

#include "key_set.h"

namespace plimsoll::test {
namespace {

TEST(TableContents, AreFreedInSlicesWhileTheTableIsUsedAgain) {
  for (uint64_t count : {0u, 1u, 500u, 120000u}) {
    const size_t table_bytes = zm::tag_bytes(zm::Tag::table), entry_bytes = zm::tag_bytes(zm::Tag::string);
    KeySet keys;
    for (uint64_t n = 0; n < count; ++n) keys.add(n);
    TableContents contents = keys.table.detach();
    EXPECT_EQ(keys.table.size(), 0u);
    EXPECT_EQ(keys.table.bytes(), 0u);
    EXPECT_EQ(contents.size(), count);
    keys.add(5);
    EXPECT_EQ(keys.table.check(), "");
    size_t freed = 0;
    bool complete = false;
    while (!complete) {
      size_t now = 0;
      complete = contents.clear_slice(100, [&](Entry* entry) {
        Entry::destroy(entry);
        ++now;
      });
      ASSERT_LE(now, 107u);
      freed += now;
      ASSERT_EQ(contents.size(), count - freed);
      ASSERT_EQ(zm::tag_bytes(zm::Tag::table), table_bytes + contents.bytes() + keys.table.bytes());
    }
    EXPECT_EQ(freed, count);
    EXPECT_EQ(contents.bytes(), 0u);
    EXPECT_TRUE(keys.contains(5));
    keys.clear();
    EXPECT_EQ(zm::tag_bytes(zm::Tag::table), table_bytes);
    EXPECT_EQ(zm::tag_bytes(zm::Tag::string), entry_bytes);
  }
}

TEST(TableContents, CanBeMovedHalfway) {
  KeySet keys;
  for (uint64_t n = 0; n < 50000; ++n) keys.add(n);
  TableContents first = keys.table.detach();
  EXPECT_FALSE(first.clear_slice(20000, Entry::destroy));
  TableContents second = std::move(first);
  EXPECT_EQ(first.size(), 0u);
  EXPECT_TRUE(first.clear_slice(1, [](Entry*) { FAIL(); }));
  EXPECT_TRUE(second.clear_slice(50000, Entry::destroy));
  EXPECT_EQ(second.bytes(), 0u);
}

}  // namespace
}  // namespace plimsoll::test
