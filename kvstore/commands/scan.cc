// Finding keys: SCAN, KEYS, RANDOMKEY.

#include <plimsoll/text/glob.h>

#include <charconv>
#include <optional>

#include "arguments.h"
#include "commands/families.h"
#include "engine.h"

namespace plimsoll {
namespace {

// A cursor as C's strtoul() reads it, since Redis does: a sign is allowed, blanks in front are not, and what
// follows a NUL byte does not count. An empty text is 0.
bool parse_cursor(std::string_view text, uint64_t& cursor) noexcept {
  text = text.substr(0, text.find('\0'));
  cursor = 0;
  if (text.empty()) return true;
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  if (text.empty()) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    if (__builtin_mul_overflow(cursor, 10u, &cursor)) return false;
    if (__builtin_add_overflow(cursor, static_cast<unsigned>(c - '0'), &cursor)) return false;
  }
  if (negative) cursor = 0 - cursor;
  return true;
}

struct KeyFilter {
  std::string_view pattern = "*";
  std::optional<std::string_view> type;

  bool accepts(const Entry& entry) const noexcept {
    return (pattern == "*" || glob_match(pattern, entry.key())) &&
           (!type || ascii_equal_nocase(*type, type_name(entry.type())));
  }
};

void scan(Call& call) {
  uint64_t cursor;
  if (!parse_cursor(call.arg(1), cursor)) return call.reply().error("ERR invalid cursor");
  KeyFilter filter;
  int64_t count = 10;
  ArgumentReader arguments(call, 2);
  while (arguments.more()) {
    if (arguments.accept("COUNT", 1)) {
      count = arguments.integer();
      if (count < 1) arguments.fail(errors::kSyntax);
    } else if (arguments.accept("MATCH", 1)) {
      filter.pattern = arguments.text();
    } else if (arguments.accept("TYPE", 1)) {
      filter.type = arguments.text();
    } else {
      arguments.fail(errors::kSyntax);
    }
  }
  if (arguments.failed()) return;

  OutputBuffer keys;
  Reply key_reply(keys, call.reply().resp_version());
  size_t found = 0;
  cursor = call.engine().scan(call.session().database(), cursor, static_cast<size_t>(count), call.now_ms(),
                              [&](const Entry& entry) {
                                if (!filter.accepts(entry)) return;
                                key_reply.bulk(entry.key());
                                ++found;
                              });
  Reply& reply = call.reply();
  reply.array(2);
  char digits[24];
  reply.bulk(
      {digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, cursor).ptr - digits)});
  reply.array(found);
  keys.move_to(reply.out());
}

void keys(Call& call) {
  const KeyFilter filter{call.arg(1), {}};
  zm::vector<const Entry*, zm::Tag::command> found;
  call.engine().for_each(call.session().database(), call.now_ms(), [&](const Entry& entry) {
    if (filter.accepts(entry)) found.push_back(&entry);
  });
  call.reply().array(found.size());
  for (const Entry* entry : found) call.reply().bulk(entry->key());
}

void randomkey(Call& call) {
  zm::string<zm::Tag::other> key;
  if (!call.engine().random_key(call.session().database(), call.now_ms(), key)) return call.reply().null();
  call.reply().bulk(key);
}

constexpr CommandRow kRows[] = {
    {.name = "scan",
     .arity = -2,
     .flags = kReadonly | kOwnLocks,
     .acl = kAclKeyspace,
     .handler = scan,
     .since = "2.8.0",
     .group = "generic",
     .complexity = "O(1) a call, O(N) for a whole iteration over N keys",
     .summary = "Goes through the keys step by step",
     .syntax = "cursor:integer [MATCH pattern:pattern] [COUNT count:integer] [TYPE type]",
     .tips = "nondeterministic_output request_policy:special"},
    {.name = "keys",
     .arity = 2,
     .flags = kReadonly | kWholeStore,
     .acl = kAclKeyspace | kAclDangerous,
     .handler = keys,
     .since = "1.0.0",
     .group = "generic",
     .complexity = "O(N) where N is the number of keys in the database",
     .summary = "All keys that match a pattern",
     .syntax = "pattern:pattern",
     .tips = "request_policy:all_shards nondeterministic_output_order"},
    {.name = "randomkey",
     .arity = 1,
     .flags = kReadonly | kOwnLocks,
     .acl = kAclKeyspace,
     .handler = randomkey,
     .since = "1.0.0",
     .group = "generic",
     .complexity = "O(1)",
     .summary = "Some key of the database",
     .tips = "request_policy:all_shards nondeterministic_output"},
};

}  // namespace

std::span<const CommandRow> scan_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
