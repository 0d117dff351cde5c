#include "admin/redaction.h"

#include <plimsoll/text/ascii.h>

#include "config.h"

namespace plimsoll::server {

namespace {

// HELLO protover AUTH user password
bool is_hello_secret(Args args, size_t i) noexcept {
  for (size_t before = 1; before <= 2; ++before) {
    if (i >= 2 + before && ascii_equal_nocase(args[i - before], "AUTH")) return true;
  }
  return false;
}

// CONFIG SET name value ...
bool is_option_secret(Args args, size_t i) noexcept {
  if (i < 3 || i % 2 == 0) return false;
  const size_t option = Config::find(args[i - 1]);
  return option != kOptionCount && (Config::row(static_cast<Opt>(option)).flags & kSensitive) != 0;
}

}  // namespace

bool is_secret(const Command& command, Args args, size_t i) noexcept {
  const std::string_view name = command.name;
  if (name == "auth") return i >= 1;
  if (name == "hello") return is_hello_secret(args, i);
  if (name == "config|set") return is_option_secret(args, i);
  if (name == "acl|setuser") return i >= 2;
  return false;
}

}  // namespace plimsoll::server
