// Parts of strings: APPEND, STRLEN, GETRANGE, SETRANGE.

#include <cstring>

#include "commands/families.h"
#include "commands/key_specs.h"
#include "commands/string_values.h"

namespace plimsoll {
namespace {

// Answers the error if a string of `size` bytes and `more` would be too long.
bool refuse_length(const Call& call, size_t size, size_t more) {
  const size_t largest = call.engine().largest_string();
  if (size <= largest && more <= largest - size) return false;
  call.reply().error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return true;
}

size_t length(const Found& found) noexcept {
  return found ? found->string_size() : 0;
}

// `bytes` over what the value has at `offset`, with zeros before it where it was shorter.
void overwrite(Keyspace& keyspace, const Key& key, Found& found, size_t offset, std::string_view bytes) {
  const size_t old = length(found);
  const size_t end = offset + bytes.size();
  char* const value = keyspace.resize_string(key, found, end > old ? end : old);
  if (!bytes.empty()) std::memcpy(value + offset, bytes.data(), bytes.size());
}

void append(Call& call) {
  const std::string_view bytes = call.arg(2);
  const Key key = call.key();
  Keyspace keyspace(call);
  Found found = keyspace.find_for_write(key);
  if (refuse_other_types(call, found)) return;
  const size_t old = length(found);
  if (found && refuse_length(call, old, bytes.size())) return;
  const bool fresh = !found;
  if (fresh) {
    keyspace.assign_string(key, found, string_argument(call, 2), kNoExpiry);
    call.also(key.bytes, ChangeClass::created, "new");
  } else {
    overwrite(keyspace, key, found, old, bytes);
  }
  call.changed(key.bytes, ChangeClass::string, "append", {"APPEND", key.bytes, bytes});
  call.reply().integer(static_cast<int64_t>(old + bytes.size()));
}

void setrange(Call& call) {
  ArgumentReader arguments(call, 2);
  const int64_t offset = arguments.integer();
  if (offset < 0) arguments.fail("ERR offset is out of range");
  const std::string_view bytes = arguments.text();
  if (arguments.failed()) return;

  const Key key = call.key();
  Keyspace keyspace(call);
  Found found = keyspace.find_for_write(key);
  if (refuse_other_types(call, found)) return;
  const size_t old = length(found);
  if (bytes.empty()) return call.reply().integer(static_cast<int64_t>(old));
  if (refuse_length(call, static_cast<size_t>(offset), bytes.size())) return;
  const bool fresh = !found;
  overwrite(keyspace, key, found, static_cast<size_t>(offset), bytes);
  if (fresh) call.also(key.bytes, ChangeClass::created, "new");
  call.changed(key.bytes, ChangeClass::string, "setrange", {"SETRANGE", key.bytes, call.arg(2), bytes});
  call.reply().integer(static_cast<int64_t>(length(found)));
}

void strlen(Call& call) {
  Keyspace keyspace(call);
  const Found found = keyspace.find_for_read(call.key());
  if (refuse_other_types(call, found)) return;
  call.reply().integer(static_cast<int64_t>(length(found)));
}

struct Range {
  size_t begin = 0;
  size_t length = 0;
};

// Indices from both ends, both included, clipped to `size` bytes.
Range clip(int64_t start, int64_t end, size_t size) noexcept {
  const auto count = static_cast<int64_t>(size);
  if (start < 0 && end < 0 && start > end) return {};
  if (start < 0) start = start + count < 0 ? 0 : start + count;
  if (end < 0) end = end + count < 0 ? 0 : end + count;
  if (end >= count) end = count - 1;
  if (start > end || count == 0) return {};
  return {static_cast<size_t>(start), static_cast<size_t>(end - start + 1)};
}

void getrange(Call& call) {
  ArgumentReader arguments(call, 2);
  const int64_t start = arguments.integer();
  const int64_t end = arguments.integer();
  if (arguments.failed()) return;
  Keyspace keyspace(call);
  const Found found = keyspace.find_for_read(call.key());
  if (refuse_other_types(call, found)) return;
  const Range range = clip(start, end, length(found));
  if (range.length == 0) return call.reply().bulk(std::string_view());
  if (found->encoding() == Encoding::shared)
    return call.reply().bulk(found->shared(), range.begin, range.length);
  DigitBuffer digits;
  call.reply().bulk(string_value(*found.entry, digits).substr(range.begin, range.length));
}

constexpr KeySpec kAppendKey[] = {{.flags = kKeyRW | kKeyInsert}};
constexpr std::string_view kByLength = "O(N) where N is how many bytes are answered";

constexpr CommandRow kRows[] = {
    {.name = "append",
     .arity = 3,
     .flags = kWrite | kDenyOom | kFast,
     .acl = kAclString,
     .keys = kAppendKey,
     .handler = append,
     .since = "2.0.0",
     .group = "string",
     .complexity = "O(1) on average: strings that grow get room to grow further",
     .summary = "Adds to the end of a string, or makes it",
     .syntax = "key value"},
    {.name = "strlen",
     .arity = 2,
     .flags = kReadonly | kFast,
     .acl = kAclString,
     .keys = kInspectKey,
     .handler = strlen,
     .since = "2.2.0",
     .group = "string",
     .complexity = "O(1)",
     .summary = "The length of a string in bytes",
     .syntax = "key"},
    {.name = "getrange",
     .arity = 4,
     .flags = kReadonly,
     .acl = kAclString,
     .keys = kReadKey,
     .handler = getrange,
     .since = "2.4.0",
     .group = "string",
     .complexity = kByLength,
     .summary = "Reads a part of a string",
     .syntax = "key start:integer end:integer"},
    {.name = "substr",
     .arity = 4,
     .flags = kReadonly,
     .acl = kAclString,
     .keys = kReadKey,
     .handler = getrange,
     .since = "1.0.0",
     .group = "string",
     .complexity = kByLength,
     .summary = "Reads a part of a string",
     .syntax = "key start:integer end:integer",
     .deprecated_since = "2.0.0",
     .replaced_by = "`GETRANGE`"},
    {.name = "setrange",
     .arity = 4,
     .flags = kWrite | kDenyOom,
     .acl = kAclString,
     .keys = kUpdateKey,
     .handler = setrange,
     .since = "2.2.0",
     .group = "string",
     .complexity = "O(N) where N is how many bytes are written, zeros before them included",
     .summary = "Overwrites a part of a string, which grows as needed",
     .syntax = "key offset:integer value"},
};

}  // namespace

std::span<const CommandRow> string_range_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
