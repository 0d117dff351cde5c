#include "info.h"

#include <gtest/gtest.h>

namespace plimsoll::cli {
namespace {

TEST(Info, ReadsFields) {
  const Info info(
      "# Memory\r\nused_memory:10\r\nused_memory_human:10B\r\n\r\n# "
      "Keyspace\r\ndb0:keys=3,expires=1\r\ndb12:keys=4,expires=0\r\n");
  EXPECT_EQ(info.fields().size(), 4u);
  EXPECT_EQ(info.integer("used_memory"), 10);
  EXPECT_EQ(info.text("used_memory_human"), "10B");
  EXPECT_EQ(info.integer("used_memory_human"), std::nullopt);
  EXPECT_EQ(info.integer_or_zero("absent"), 0);
  EXPECT_EQ(info.total_keys(), 7);
}

TEST(Info, SurvivesAnything) {
  EXPECT_TRUE(Info("").fields().empty());
  EXPECT_TRUE(Info("no colon\n\n\r\n#a:b\n").fields().empty());
  EXPECT_EQ(Info(":\nx:").fields().size(), 2u);
  EXPECT_EQ(Info("x:9223372036854775807").integer("x"), std::nullopt);
  EXPECT_EQ(Info("x:-9223372036854775808").integer_or_zero("x"), 0);
  Info("db0:keys=9223372036854775807,\ndb1:keys=9223372036854775807,\n").total_keys();
  EXPECT_EQ(Info("db0:keys=\ndb1:\ndbx:keys=5\ndb2:keys=x,").total_keys(), 0);
}

}  // namespace
}  // namespace plimsoll::cli
