// Several strings at once: MGET, MSET, MSETNX.

#include <utility>

#include "commands/families.h"
#include "commands/string_values.h"

namespace plimsoll {
namespace {

void mget(Call& call) {
  Keyspace keyspace(call);
  Reply& reply = call.reply();
  reply.array(call.key_count());
  for (size_t i = 0; i < call.key_count(); ++i) {
    call.prefetch_ahead(i);
    const Found found = keyspace.find_for_read(call.key(i));
    if (found && found->type() == ValueType::string) {
      reply_string(reply, *found.entry);
    } else {
      reply.null();
    }
  }
}

// Stores all of a command's keys and values, or, when it throws std::bad_alloc, none. Every block is made
// first; then the new keys go in, which may fail for want of room in a table and is undone; replacing a value
// cannot fail.
class Batch {
 public:
  Batch(const Call& call, Keyspace& keyspace) : call_(call), keyspace_(keyspace) {}
  Batch(const Batch&) = delete;
  ~Batch() {
    for (Item& item : items_) {
      if (item.entry != nullptr) Entry::destroy(item.entry);
    }
  }

  void store() {
    make_entries();
    insert_new();
    replace_old();
    report();
  }

 private:
  struct Item {
    Entry* entry;  // ours until it is in the keyspace
    bool fresh;
  };

  StringSource value(size_t i) const noexcept { return string_argument(call_, 2 + 2 * i); }

  void make_entries() {
    items_.reserve(call_.key_count());
    for (size_t i = 0; i < call_.key_count(); ++i) {
      items_.push_back({Entry::make_string(call_.key(i).bytes, value(i), kNoExpiry), false});
    }
  }

  void insert_new() {
    for (size_t i = 0; i < items_.size(); ++i) {
      call_.prefetch_ahead(i);
      Found found = keyspace_.find_for_write(call_.key(i));
      if (found) continue;
      Entry* const entry = std::exchange(items_[i].entry, nullptr);  // put() destroys it if it throws
      try {
        keyspace_.put(call_.key(i), found, entry);
      } catch (...) {
        take_out(i);
        throw;
      }
      items_[i].fresh = true;
    }
  }

  void take_out(size_t end) noexcept {
    for (size_t i = 0; i < end; ++i) {
      if (!items_[i].fresh) continue;
      Found found = keyspace_.peek(call_.key(i));
      keyspace_.erase(found);
    }
  }

  void replace_old() noexcept {
    for (size_t i = 0; i < items_.size(); ++i) {
      if (items_[i].entry == nullptr) continue;
      Found found = keyspace_.peek(call_.key(i));
      keyspace_.put(call_.key(i), found, std::exchange(items_[i].entry, nullptr));
    }
  }

  void report() const {
    for (size_t i = 0; i < items_.size(); ++i)
      report_set(call_, call_.key(i).bytes, value(i).bytes, kNoExpiry, items_[i].fresh);
  }

  const Call& call_;
  Keyspace& keyspace_;
  zm::vector<Item, zm::Tag::command> items_;
};

// The row's key specification passes a last key without a value.
bool refuse_odd_arguments(const Call& call) {
  if (call.argc() % 2 == 1) return false;
  zm::string<zm::Tag::command> error("ERR wrong number of arguments for '");
  error.append(call.command().name).append("' command");
  call.reply().error(error);
  return true;
}

void mset(Call& call) {
  if (refuse_odd_arguments(call)) return;
  Keyspace keyspace(call);
  Batch(call, keyspace).store();
  call.reply().ok();
}

void msetnx(Call& call) {
  if (refuse_odd_arguments(call)) return;
  Keyspace keyspace(call);
  for (size_t i = 0; i < call.key_count(); ++i) {
    if (keyspace.find_for_write(call.key(i))) return call.reply().integer(0);
  }
  Batch(call, keyspace).store();
  call.reply().integer(1);
}

constexpr KeySpec kMgetKeys[] = {{.flags = kKeyRO | kKeyAccess, .last = -1}};
constexpr KeySpec kMsetKeys[] = {{.flags = kKeyOW | kKeyUpdate, .last = -1, .step = 2}};
constexpr KeySpec kMsetnxKeys[] = {{.flags = kKeyOW | kKeyInsert, .last = -1, .step = 2}};

constexpr CommandRow kRows[] = {
    {.name = "mget",
     .arity = -2,
     .flags = kReadonly | kFast,
     .acl = kAclString,
     .keys = kMgetKeys,
     .handler = mget,
     .since = "1.0.0",
     .group = "string",
     .complexity = "O(N) where N is the number of keys",
     .summary = "Reads several strings",
     .syntax = "key [key ...]",
     .tips = "request_policy:multi_shard"},
    {.name = "mset",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .acl = kAclString,
     .keys = kMsetKeys,
     .handler = mset,
     .since = "1.0.1",
     .group = "string",
     .complexity = "O(N) where N is the number of keys",
     .summary = "Stores several strings",
     .syntax = "key value [key value ...]",
     .tips = "request_policy:multi_shard response_policy:all_succeeded"},
    {.name = "msetnx",
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .acl = kAclString,
     .keys = kMsetnxKeys,
     .handler = msetnx,
     .since = "1.0.1",
     .group = "string",
     .complexity = "O(N) where N is the number of keys",
     .summary = "Stores several strings if none of the keys exists",
     .syntax = "key value [key value ...]",
     .tips = "request_policy:multi_shard response_policy:agg_min"},
};

}  // namespace

std::span<const CommandRow> string_batch_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
