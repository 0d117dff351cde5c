// Several strings at once: MGET, MSET, MSETNX.

#include <cassert>
#include <span>
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

// Stores all of a command's keys and values, or, when it throws std::bad_alloc, none. First every key gets
// what could fail: room in the table or a block. Then values are put in place of others, which cannot.
class Batch {
 public:
  Batch(const Call& call, Keyspace& keyspace) : call_(call), keyspace_(keyspace) {}
  Batch(const Batch&) = delete;
  ~Batch() {
    for (const Item& item : items()) {
      if (item.way == Way::replaces) Entry::destroy(item.entry);
    }
  }

  void store() {
    if (call_.key_count() > kFew) many_.reserve(call_.key_count());
    try {
      while (count_ < call_.key_count()) prepare();
    } catch (...) {
      take_out_new();
      throw;
    }
    put_values();
    report();
  }

 private:
  enum class Way : uint8_t {
    inserted,  // the key is new, and has its value
    in_place,  // the entry takes the value
    replaces,  // the entry is ours until it stands for the one that is there
    replaced
  };
  struct Item {
    Entry* entry;
    Way way;
  };
  // So many keys are kept on the stack, and looked for among each other.
  static constexpr size_t kFew = 16;

  StringSource value(size_t i) const noexcept { return string_argument(call_, 2 + 2 * i); }
  std::span<Item> items() noexcept { return {many_.empty() ? few_ : many_.data(), count_}; }
  bool inserted(size_t i) noexcept { return items()[i].way == Way::inserted; }

  void add(Item item) {
    if (call_.key_count() > kFew) {
      many_.push_back(item);
    } else {
      few_[count_] = item;
    }
    ++count_;
  }

  // Whether no key before it is the same; not known, and so not said, of many.
  bool is_first(size_t i) const noexcept {
    if (call_.key_count() > kFew) return false;
    for (size_t before = 0; before < i; ++before) {
      if (call_.key(before).hash == call_.key(i).hash) return false;
    }
    return true;
  }

  // An entry takes the first value of its key only: another one could find that it has been replaced.
  void prepare() {
    const size_t i = count_;
    call_.prefetch_ahead(i);
    const Key key = call_.key(i);
    Found found = keyspace_.find_for_write(key);
    if (is_first(i) && Keyspace::takes_in_place(found, value(i).bytes))
      return add({found.entry, Way::in_place});
    Entry* const entry = Entry::make_string(key.bytes, value(i), kNoExpiry);
    if (found) return add({entry, Way::replaces});
    keyspace_.put(key, found, entry);  // destroys it if it throws
    add({entry, Way::inserted});
  }

  void take_out_new() noexcept {
    for (size_t i = 0; i < count_; ++i) {
      if (!inserted(i)) continue;
      Found found = keyspace_.peek(call_.key(i));
      keyspace_.erase(found);
    }
  }

  // In the order of the command, whose last value for a key stays.
  void put_values() noexcept {
    for (size_t i = 0; i < count_; ++i) {
      Item& item = items()[i];
      if (item.way == Way::in_place) Keyspace::store_in_place(*item.entry, value(i).bytes);
      if (item.way != Way::replaces) continue;
      item.way = Way::replaced;
      Found found = keyspace_.peek(call_.key(i));
      assert(found);
      keyspace_.put(call_.key(i), found, item.entry);
    }
  }

  void report() {
    for (size_t i = 0; i < count_; ++i)
      report_set(call_, call_.key(i).bytes, value(i).bytes, kNoExpiry, inserted(i));
  }

  const Call& call_;
  Keyspace& keyspace_;
  size_t count_ = 0;
  Item few_[kFew];
  zm::vector<Item, zm::Tag::command> many_;  // instead, where a command has more keys
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
