#pragma once

#include <zmalloc/allocator.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/command.h"

namespace plimsoll {

// A row under the name it is called by. Subcommands are commands of their own, with their container as parent.
struct Command {
  const CommandRow* row = nullptr;
  const Command* parent = nullptr;
  uint32_t id = 0;  // dense, from 0 to CommandTable::size(): an index for per-command statistics
  zm::string<zm::Tag::server> name;       // "get"; for a subcommand "object|encoding", as INFO and errors show it
  std::span<const Command> subcommands;   // in the row's order
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

  // `rows` must outlive the table. A name that is taken is replaced. Throws std::bad_alloc.
  void add(std::span<const CommandRow> rows);

  // Redis's rename-command: an empty new name removes the command. False if there is no such command or the new name is taken.
  bool rename(std::string_view from, std::string_view to);

  // ASCII case is ignored. Null if unknown. For a container, find_subcommand goes on.
  const Command* find(std::string_view name) const noexcept;
  static const Command* find_subcommand(const Command& container, std::string_view name) noexcept;

  uint32_t size() const noexcept { return next_id_; }  // commands and subcommands
  // Top-level commands by name.
  std::span<const Command* const> commands() const noexcept { return sorted_; }
  // Every command and subcommand by id; null for ids of replaced ones.
  const Command* by_id(uint32_t id) const noexcept { return by_id_[id]; }

 private:
  using Owned = zm::unique_ptr<Command, zm::Tag::server>;
  template <class T>
  using Vector = zm::vector<T, zm::Tag::server>;

  void index(const Command* command);
  void rebuild_index();
  void adopt_subcommands(Command& command);

  Vector<Owned> owned_;
  Vector<Vector<Command>> subcommand_storage_;
  Vector<const Command*> sorted_;
  Vector<const Command*> by_id_;
  Vector<const Command*> slots_;  // open addressing, a power of two, at most half full
  uint32_t next_id_ = 0;
};

}  // namespace plimsoll
