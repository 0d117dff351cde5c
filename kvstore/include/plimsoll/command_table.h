#pragma once

#include <zmalloc/allocator.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/command.h"

namespace plimsoll {

// A row under the name it is called by. Subcommands are commands of their own, with their container as
// parent.
struct Command {
  const CommandRow* row = nullptr;
  const Command* parent = nullptr;
  uint32_t id = 0;  // dense, from 0 to CommandTable::size(): an index for per-command statistics
  zm::string<zm::Tag::server>
      name;  // "get"; for a subcommand "object|encoding"; as errors show it, renamed or not
  std::span<const Command> subcommands;  // the row's, and those of a row it replaced
  const KeySpec* sole_key = nullptr;     // of a row that names one key, at a fixed place, and locks its shard
};

// The commands a store answers to. Filled once, before stores use it; then read by any thread.
class CommandTable {
 public:
  CommandTable() = default;
  CommandTable(const CommandTable&) = delete;
  CommandTable& operator=(const CommandTable&) = delete;
  ~CommandTable();

  // The commands of libplimsoll: strings, the keyspace, COMMAND, ECHO, PING, SELECT, ...
  static const CommandTable& builtin();
  // The rows that builtin() holds, by family; for a table that has more.
  static std::span<const std::span<const CommandRow>> builtin_families() noexcept;

  // `rows` must outlive the table. A name that is taken is replaced; of a container, the subcommands it had
  // stay where the new row has none of that name. Throws std::bad_alloc and has then added some of the rows,
  // each whole.
  void add(std::span<const CommandRow> rows);

  // Redis's rename-command: an empty new name removes the command. False if there is no such command or the
  // new name is taken.
  bool rename(std::string_view from, std::string_view to);

  // ASCII case is ignored. Null if unknown. For a container, find_subcommand goes on.
  const Command* find(std::string_view name) const noexcept;
  static const Command* find_subcommand(const Command& container, std::string_view name) noexcept;

  uint32_t size() const noexcept { return next_id_; }  // commands and subcommands
  // Top-level commands by name.
  std::span<const Command* const> commands() const noexcept { return sorted_; }
  // Every command and subcommand by id; null for ids of replaced and removed ones.
  const Command* by_id(uint32_t id) const noexcept { return by_id_[id]; }

 private:
  template <class T>
  using Vector = zm::vector<T, zm::Tag::server>;

  struct Node {
    zm::string<zm::Tag::server> key;  // what it is called by: the name, unless renamed
    Command command;
    Vector<Command> subcommands;
  };
  // Open addressing. A name of up to 16 bytes is compared by the two words alone: see Folded in
  // command_table.cc.
  struct Slot {
    uint64_t first = 0, last = 0;
    size_t size = 0;
    const Node* node = nullptr;
  };

  Node* find_node(std::string_view name) const noexcept;
  void add_row(const CommandRow& row);
  Vector<Command> merged_subcommands(const Node& node, const CommandRow& row, uint32_t& next_id) const;
  void publish(Node& node) noexcept;
  void forget(const Node& node) noexcept;
  void make_slots(Vector<Slot>& slots) const;
  static void insert_slot(Vector<Slot>& slots, const Node& node) noexcept;

  Vector<zm::unique_ptr<Node, zm::Tag::server>> nodes_;
  Vector<const Command*> sorted_;
  Vector<const Command*> by_id_;
  Vector<Slot> slots_;  // a power of two, at most half full
  uint32_t next_id_ = 0;
};

}  // namespace plimsoll
