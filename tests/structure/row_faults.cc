#include "row_faults.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace plimsoll::test {
namespace {

// The groups of Redis's documentation.
constexpr std::array<std::string_view, 16> kGroups = {
    "generic",    "string", "list",      "set",         "sorted-set", "hash",   "pubsub", "transactions",
    "connection", "server", "scripting", "hyperloglog", "geo",        "stream", "bitmap", "cluster"};

bool is_version(std::string_view text) {
  const auto dots = std::count(text.begin(), text.end(), '.');
  return dots == 2 && std::isdigit(static_cast<unsigned char>(text.front())) != 0 &&
         text.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_lower_name(std::string_view name) {
  return !name.empty() && std::none_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isupper(c) != 0 || std::isspace(c) != 0 || c == '|';
  });
}

class RowCheck {
 public:
  RowCheck(const Command& command, std::vector<std::string>& faults) : command_(command), faults_(faults) {}

  void run() {
    check_documentation();
    check_arity();
    check_flags();
    check_keys();
    require(row().handler != nullptr || !command_.subcommands.empty(), "can't be run and has no subcommand");
  }

 private:
  const CommandRow& row() const { return *command_.row; }

  void require(bool holds, std::string_view fault) {
    if (!holds) faults_.push_back(std::string(command_.name) + ": " + std::string(fault));
  }

  void check_documentation() {
    require(is_lower_name(row().name), "name is not one lower-case word");
    require(!row().summary.empty(), "no summary");
    require(!row().summary.ends_with('.'), "summary ends with a full stop");
    require(is_version(row().since.empty() ? "-" : row().since), "since is no version");
    require(std::find(kGroups.begin(), kGroups.end(), row().group) != kGroups.end(),
            "group is none of Redis's");
    require((row().deprecated_since == nullptr) == (row().replaced_by == nullptr), "half a deprecation");
  }

  // Names before the first argument: 2 for a subcommand.
  int names() const { return command_.parent == nullptr ? 1 : 2; }

  void check_arity() {
    require(row().arity != 0 && std::abs(row().arity) >= names(), "arity does not count the name");
    const bool takes_arguments = row().arity != names() && command_.subcommands.empty();
    require(takes_arguments || row().syntax.empty() || !command_.subcommands.empty(),
            "syntax of arguments it does not take");
  }

  void check_flags() {
    require((row().flags & (kWrite | kReadonly)) != (kWrite | kReadonly), "both reads only and writes");
    require((row().flags & kDenyOom) == 0 || (row().flags & kWrite) != 0,
            "refused over the memory limit, yet writes nothing");
    require((row().flags & (kWholeStore | kOwnLocks)) != (kWholeStore | kOwnLocks),
            "locks everything and nothing");
  }

  void check_keys() {
    for (const KeySpec& spec : row().keys) {
      const unsigned access = spec.flags & (kKeyRO | kKeyRW | kKeyOW | kKeyRM);
      require(access != 0 && (access & (access - 1)) == 0,
              "a key is read, changed, overwritten or removed: one of these");
      require(spec.begin != KeySpec::kBeginKeyword || !spec.keyword.empty(), "keys behind no keyword");
      require(spec.begin != KeySpec::kBeginIndex || spec.index >= names(),
              "a key stands where the name does");
      require((access & kKeyRO) != 0 || (row().flags & kWrite) != 0, "changes keys without the flag write");
    }
  }

  const Command& command_;
  std::vector<std::string>& faults_;
};

}  // namespace

std::vector<std::string> row_faults(const CommandTable& table) {
  std::vector<std::string> faults;
  for (uint32_t id = 0; id < table.size(); ++id) {
    if (const Command* command = table.by_id(id)) RowCheck(*command, faults).run();
  }
  return faults;
}

std::vector<std::string> commands_without_syntax(const CommandTable& table) {
  std::vector<std::string> names;
  for (uint32_t id = 0; id < table.size(); ++id) {
    const Command* command = table.by_id(id);
    if (command == nullptr || !command->row->syntax.empty() || !command->subcommands.empty()) continue;
    const int own_words = command->parent == nullptr ? 1 : 2;
    if (std::abs(command->row->arity) > own_words) names.emplace_back(command->name);
  }
  return names;
}

}  // namespace plimsoll::test
