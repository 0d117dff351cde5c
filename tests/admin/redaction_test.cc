#include "admin/redaction.h"

#include <gtest/gtest.h>

#include <vector>

namespace plimsoll::server {
namespace {

// Which arguments are hidden, as a string of x and -.
std::string hidden(std::string_view name, std::vector<std::string_view> args) {
  Command command;
  command.name = name;
  std::string result;
  for (size_t i = 0; i < args.size(); ++i) result += is_secret(command, args, i) ? 'x' : '-';
  return result;
}

TEST(Redaction, HidesPasswordsAlone) {
  EXPECT_EQ(hidden("auth", {"AUTH", "secret"}), "-x");
  EXPECT_EQ(hidden("auth", {"AUTH", "user", "secret"}), "-xx");
  EXPECT_EQ(hidden("hello", {"HELLO", "3", "auth", "user", "secret", "SETNAME", "me"}), "---xx--");
  EXPECT_EQ(hidden("hello", {"HELLO", "3", "SETNAME", "auth"}), "----");
  EXPECT_EQ(hidden("config|set", {"CONFIG", "SET", "requirepass", "secret", "hz", "10", "masterauth", "s"}),
            "---x---x");
  EXPECT_EQ(hidden("acl|setuser", {"ACL", "SETUSER", "me", ">secret"}), "--xx");
  EXPECT_EQ(hidden("set", {"SET", "requirepass", "x"}), "---");
  EXPECT_EQ(hidden("config|get", {"CONFIG", "GET", "requirepass"}), "---");
}

}  // namespace
}  // namespace plimsoll::server
