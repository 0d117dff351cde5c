#pragma once

#include <zmalloc/allocator.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "plimsoll/change.h"
#include "plimsoll/command_table.h"
#include "plimsoll/reply.h"
#include "plimsoll/session.h"
#include "plimsoll/shared_bytes.h"

namespace plimsoll {

class Engine;
class Store;

using Args = std::span<const std::string_view>;

// A key of a command with its hash, taken once.
struct Key {
  std::string_view bytes;
  uint64_t hash = 0;
};

// An argument that lies in a block of its own, which a value can keep instead of copying the bytes.
struct SharedArgument {
  size_t index;
  SharedBytes bytes;
};

// A command line on its way through the store: arguments, the command they name, its keys and the shards these are in.
// Reusable. The arguments' bytes must outlive it.
class Invocation {
 public:
  Args args;
  const Command* command = nullptr;  // null: unknown command, unknown subcommand or wrong arity; run() answers the error
  uint64_t shards = 0;               // bit i: shard i holds one of the keys
  std::span<const SharedArgument> shared_args;  // by index, for who has such; resolve() sets none
  int64_t now_ms = 0;                // since the Unix epoch, for who knows it; 0, as resolve() sets it: the store's clock is asked

  size_t key_count() const noexcept { return key_count_; }
  Key key(size_t i) const noexcept { return {args[place(i).argument], place(i).hash}; }
  uint64_t key_hash(size_t i) const noexcept { return place(i).hash; }

 private:
  friend class Engine;
  struct KeyPlace {
    uint64_t hash;
    uint32_t argument;
    uint32_t flags;  // KeyFlag bits
  };
  static constexpr size_t kInlineKeys = 4;
  const KeyPlace& place(size_t i) const noexcept { return key_count_ <= kInlineKeys ? inline_[i] : many_[i]; }

  size_t key_count_ = 0;
  KeyPlace inline_[kInlineKeys];
  zm::vector<KeyPlace, zm::Tag::command> many_;
};

// What a handler sees of the command it runs. A handler reads its arguments, changes the keyspace and writes exactly one
// reply. It may throw std::bad_alloc as long as it has changed nothing: its reply is then taken back, memory is reclaimed
// and it runs again. So it allocates first, replies of unbounded size included, and changes last.
class Call {
 public:
  Call(Store& store, Engine& engine, Session& session, const Invocation& invocation, Reply& reply, int64_t now_ms)
      : store_(store), engine_(engine), session_(session), invocation_(invocation), reply_(reply), now_ms_(now_ms) {}

  Store& store() const noexcept { return store_; }
  Engine& engine() const noexcept { return engine_; }  // libplimsoll's own handlers only
  Session& session() const noexcept { return session_; }
  const Command& command() const noexcept { return *invocation_.command; }
  Reply& reply() const noexcept { return reply_; }
  int64_t now_ms() const noexcept { return now_ms_; }

  Args args() const noexcept { return invocation_.args; }
  size_t argc() const noexcept { return invocation_.args.size(); }
  std::string_view arg(size_t i) const noexcept { return invocation_.args[i]; }
  const SharedBytes* shared_arg(size_t i) const noexcept;  // the block that holds it and nothing else, or null

  // The keys in the order of the row's specifications.
  size_t key_count() const noexcept { return invocation_.key_count(); }
  Key key(size_t i = 0) const noexcept { return invocation_.key(i); }

  // For a handler that goes through its keys one by one and is at the i-th: requests the cache lines of keys that are as far
  // ahead as fits. Those of the first kLinesAhead and kEntriesAhead were requested before it ran.
  void prefetch_ahead(size_t i) const noexcept;
  static constexpr size_t kLinesAhead = 32, kEntriesAhead = 16;

  // Reports one mutation of a key of the session's database to the change sink. Without `effect` the command itself, as it
  // was called, is its own effect.
  void changed(std::string_view key, ChangeClass change_class, std::string_view event,
               std::initializer_list<std::string_view> effect = {}) const {
    changed_in(session_.database(), key, change_class, event, effect);
  }
  void changed_in(int database, std::string_view key, ChangeClass change_class, std::string_view event,
                  std::initializer_list<std::string_view> effect = {}) const;

  // Reports another event of a mutation that changed() reports ("expire" beside "set"): it carries no effect and counts as no
  // change of its own.
  void also(std::string_view key, ChangeClass change_class, std::string_view event) const noexcept {
    also_in(session_.database(), key, change_class, event);
  }
  void also_in(int database, std::string_view key, ChangeClass change_class, std::string_view event) const noexcept;

 private:
  Store& store_;
  Engine& engine_;
  Session& session_;
  const Invocation& invocation_;
  Reply& reply_;
  int64_t now_ms_;
};

}  // namespace plimsoll
