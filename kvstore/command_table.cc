#include "plimsoll/command_table.h"

#include <plimsoll/text/ascii.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

namespace plimsoll {
namespace {

template <class Word>
uint64_t load(const char* p) noexcept {
  Word word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// Eight ASCII letters to lower case at once; other bytes stay. Adding to the low seven bits of each byte
// carries into its top bit when it is at least 'A', or beyond 'Z'; where just one of the two does, the byte
// is a capital and gets bit 5.
constexpr uint64_t lower(uint64_t bytes) noexcept {
  constexpr uint64_t kEach = 0x0101010101010101;
  const uint64_t low = bytes & (0x7F * kEach);
  const uint64_t at_least_a = low + (0x80 - 'A') * kEach;
  const uint64_t beyond_z = low + (0x7F - 'Z') * kEach;
  return bytes | ((at_least_a ^ beyond_z) & ~bytes & (0x80 * kEach)) >> 2;
}

// A name without its case, in two words that overlap. With the size they say everything of a name of up to 16
// bytes.
struct Folded {
  uint64_t first = 0, last = 0;

  explicit Folded(std::string_view name) noexcept {
    const char* p = name.data();
    const size_t n = name.size();
    if (n >= 8) {
      first = lower(load<uint64_t>(p));
      last = lower(load<uint64_t>(p + n - 8));
    } else if (n >= 4) {
      first = lower(load<uint32_t>(p));
      last = lower(load<uint32_t>(p + n - 4));
    } else if (n > 0) {
      const auto byte = [p](size_t i) { return static_cast<uint64_t>(static_cast<unsigned char>(p[i])); };
      first = lower(byte(0) | byte(n / 2) << 8 | byte(n - 1) << 16);
    }
  }

  // Multiplication carries every bit upwards: the high ones are well mixed, and enough of them for any table.
  size_t hash(size_t size) const noexcept {
    return ((first ^ std::rotl(last, 13) ^ size) * 0x9E3779B97F4A7C15) >> 40;
  }
};

constexpr size_t kFoldedWhole = 16;

const KeySpec* sole_key_of(const CommandRow& row) noexcept {
  if (row.keys.size() != 1 || (row.flags & (kWholeStore | kOwnLocks)) != 0) return nullptr;
  const KeySpec& spec = row.keys[0];
  const bool fixed = spec.begin == KeySpec::kBeginIndex && spec.find == KeySpec::kFindRange;
  return fixed && spec.index > 0 && spec.last == 0 ? &spec : nullptr;
}

}  // namespace

CommandTable::~CommandTable() = default;

const CommandTable& CommandTable::builtin() {
  // Never destroyed: stores with static lifetime may outlive any order of destruction.
  alignas(CommandTable) static unsigned char storage[sizeof(CommandTable)];
  static const CommandTable* const table = [] {
    auto* made = new (storage) CommandTable;
    try {
      for (const std::span<const CommandRow> family : builtin_families()) made->add(family);
    } catch (...) {
      made->~CommandTable();
      throw;
    }
    return made;
  }();
  return *table;
}

const Command* CommandTable::find(std::string_view name) const noexcept {
  const Node* node = find_node(name);
  return node == nullptr ? nullptr : &node->command;
}

CommandTable::Node* CommandTable::find_node(std::string_view name) const noexcept {
  if (slots_.empty()) return nullptr;
  const Folded folded(name);
  const size_t mask = slots_.size() - 1;
  for (size_t i = folded.hash(name.size()) & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.node == nullptr) return nullptr;
    if (slot.first != folded.first || slot.last != folded.last || slot.size != name.size()) continue;
    if (name.size() > kFoldedWhole && !ascii_equal_nocase(slot.node->key, name)) continue;
    return const_cast<Node*>(slot.node);
  }
}

const Command* CommandTable::find_subcommand(const Command& container, std::string_view name) noexcept {
  for (const Command& command : container.subcommands) {
    if (ascii_equal_nocase(command.row->name, name)) return &command;
  }
  return nullptr;
}

void CommandTable::add(std::span<const CommandRow> rows) {
  for (const CommandRow& row : rows) add_row(row);
}

// Everything that may throw comes before the first change.
void CommandTable::add_row(const CommandRow& row) {
  Node* const known = find_node(row.name);
  zm::unique_ptr<Node, zm::Tag::server> made;
  if (known == nullptr) {
    made = zm::make_unique<Node, zm::Tag::server>();
    made->key = zm::string<zm::Tag::server>(row.name);
  }
  Node& node = known != nullptr ? *known : *made;
  uint32_t next_id = next_id_;
  zm::string<zm::Tag::server> name(row.name);
  const uint32_t id = next_id++;
  Vector<Command> subcommands = merged_subcommands(node, row, next_id);

  nodes_.reserve(nodes_.size() + 1);
  sorted_.reserve(sorted_.size() + 1);
  by_id_.resize(next_id);
  Vector<Slot> slots;
  if (known == nullptr && (nodes_.size() + 1) * 2 > slots_.size()) make_slots(slots);

  if (known != nullptr) forget(node);
  next_id_ = next_id;
  node.command.row = &row;
  node.command.sole_key = sole_key_of(row);
  node.command.id = id;
  node.command.name = std::move(name);
  node.subcommands = std::move(subcommands);
  if (!slots.empty()) slots_ = std::move(slots);
  if (made != nullptr) {
    insert_slot(slots_, node);
    nodes_.push_back(std::move(made));
  }
  publish(node);
}

CommandTable::Vector<Command> CommandTable::merged_subcommands(const Node& node, const CommandRow& row,
                                                               uint32_t& next_id) const {
  Vector<Command> merged;
  if (row.subcommands.empty()) return merged;
  merged.reserve(row.subcommands.size() + node.subcommands.size());
  for (const CommandRow& subcommand : row.subcommands) {
    Command command;
    command.row = &subcommand;
    command.sole_key = sole_key_of(subcommand);
    command.id = next_id++;
    command.name.reserve(row.name.size() + 1 + subcommand.name.size());
    command.name.append(row.name).append("|").append(subcommand.name);
    merged.push_back(std::move(command));
  }
  const size_t fresh = merged.size();
  for (const Command& old : node.subcommands) {
    const bool replaced =
        std::any_of(merged.begin(), merged.begin() + static_cast<std::ptrdiff_t>(fresh),
                    [&](const Command& command) { return command.row->name == old.row->name; });
    if (!replaced) merged.push_back(old);
  }
  return merged;
}

// Makes a whole node visible: its subcommands know it, the ids lead to it, and it stands in its place by
// name.
void CommandTable::publish(Node& node) noexcept {
  Command& command = node.command;
  for (Command& subcommand : node.subcommands) {
    subcommand.parent = &command;
    by_id_[subcommand.id] = &subcommand;
  }
  command.subcommands = node.subcommands;
  by_id_[command.id] = &command;
  const auto place = std::lower_bound(sorted_.begin(), sorted_.end(), &command,
                                      [](const Command* a, const Command* b) { return a->name < b->name; });
  sorted_.insert(place, &command);  // has its room
}

void CommandTable::forget(const Node& node) noexcept {
  by_id_[node.command.id] = nullptr;
  for (const Command& subcommand : node.subcommands) by_id_[subcommand.id] = nullptr;
  std::erase(sorted_, &node.command);
}

void CommandTable::make_slots(Vector<Slot>& slots) const {
  size_t size = 64;
  while (size < (nodes_.size() + 1) * 2) size *= 2;
  slots.resize(size);
  for (const auto& node : nodes_) insert_slot(slots, *node);
}

void CommandTable::insert_slot(Vector<Slot>& slots, const Node& node) noexcept {
  const Folded folded(node.key);
  const size_t mask = slots.size() - 1;
  size_t i = folded.hash(node.key.size()) & mask;
  while (slots[i].node != nullptr) i = (i + 1) & mask;
  slots[i] = {folded.first, folded.last, node.key.size(), &node};
}

bool CommandTable::rename(std::string_view from, std::string_view to) {
  Node* const node = find_node(from);
  if (node == nullptr) return false;
  const Node* const other = to.empty() ? nullptr : find_node(to);
  if (other != nullptr && other != node) return false;

  zm::string<zm::Tag::server> key(to);
  Vector<Slot> slots(slots_.size());
  node->key.swap(key);
  if (to.empty()) {
    forget(*node);
    nodes_.erase(
        std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& owned) { return owned.get() == node; }));
  }
  for (const auto& kept : nodes_) insert_slot(slots, *kept);
  slots_ = std::move(slots);
  return true;
}

}  // namespace plimsoll
