// Finds the process's memory cgroup the way cgroups(7) describes: its path in each hierarchy from
// /proc/self/cgroup, where hierarchies are mounted from /proc/self/mountinfo.
#include <zmalloc/process_memory.h>

#include <algorithm>
#include <cstring>

#include "proc_file.h"

namespace zm {
namespace {

constexpr std::size_t kPathSize = 1024;

// Version 1 writes "no limit" as the largest multiple of the page size below 2^63.
constexpr std::uint64_t kNoLimitFrom = std::uint64_t{1} << 62;

struct Path {
  std::array<char, kPathSize> text{};
  bool known = false;

  std::string_view view() const noexcept { return text.data(); }

  bool assign(std::string_view source) noexcept {
    if (source.size() >= kPathSize || !source.starts_with('/')) return false;
    text[source.copy(text.data(), source.size())] = '\0';
    return known = true;
  }
};

// One hierarchy: where the process is in it, where it is mounted, and which of its groups is the mount's top.
struct Hierarchy {
  Path group;
  Path mount_point;
  Path mount_root;

  bool usable() const noexcept { return group.known && mount_point.known && mount_root.known; }
};

struct Hierarchies {
  Hierarchy v1;
  Hierarchy v2;
};

bool has_word(std::string_view comma_separated, std::string_view word) noexcept {
  while (!comma_separated.empty()) {
    const std::size_t comma = comma_separated.find(',');
    if (comma_separated.substr(0, comma) == word) return true;
    comma_separated.remove_prefix(comma == std::string_view::npos ? comma_separated.size() : comma + 1);
  }
  return false;
}

// mountinfo writes blanks, tabs, newlines and backslashes as three octal digits.
bool assign_unescaped(Path* path, std::string_view escaped) noexcept {
  std::array<char, kPathSize> plain;
  std::size_t length = 0;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (length == plain.size()) return false;
    std::uint64_t code = 0;
    const bool escape = escaped[i] == '\\' && i + 3 < escaped.size() &&
                        detail::parse_number(escaped.substr(i + 1, 3), &code, 8);
    plain[length++] = escape ? static_cast<char>(code) : escaped[i];
    if (escape) i += 3;
  }
  return path->assign(std::string_view(plain.data(), length));
}

// "4:memory,other:/path" in version 1, "0::/path" in version 2.
void take_group(std::string_view line, Hierarchies* found) noexcept {
  const std::size_t first = line.find(':');
  const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
  if (second == std::string_view::npos) return;
  const std::string_view controllers = line.substr(first + 1, second - first - 1);
  const std::string_view path = line.substr(second + 1);
  if (has_word(controllers, "memory")) found->v1.group.assign(path);
  if (controllers.empty() && line.substr(0, first) == "0") found->v2.group.assign(path);
}

// Whether the group is top or below it. "/.." is where groups outside the process's cgroup namespace are.
bool is_below(std::string_view group, std::string_view top) noexcept {
  if (group.starts_with("/..")) return false;
  if (top == "/") return true;
  return group.starts_with(top) && (group.size() == top.size() || group[top.size()] == '/');
}

// A hierarchy may be mounted several times, each showing another subtree. The one to read shows the process's
// group and as many of its ancestors as can be: their limits bind too. A mount over another hides it.
bool shows_more(const Path& root, const Path& point, const Hierarchy& known) noexcept {
  if (!known.mount_point.known || known.mount_point.view() == point.view()) return true;
  if (!is_below(known.group.view(), root.view())) return false;
  return !is_below(known.group.view(), known.mount_root.view()) ||
         root.view().size() < known.mount_root.view().size();
}

// "id parent major:minor root mount_point options [optional ...] - type source super_options"
void take_mount(std::string_view line, Hierarchies* found) noexcept {
  const std::size_t separator = line.find(" - ");
  if (separator == std::string_view::npos) return;
  std::string_view after = line.substr(separator + 3);
  const std::string_view type = detail::next_word(&after);
  detail::next_word(&after);  // source
  const std::string_view super_options = detail::next_word(&after);
  Hierarchy* hierarchy = nullptr;
  if (type == "cgroup2") hierarchy = &found->v2;
  if (type == "cgroup" && has_word(super_options, "memory")) hierarchy = &found->v1;
  if (hierarchy == nullptr) return;
  std::string_view before = line.substr(0, separator);
  for (int column = 0; column < 3; ++column) detail::next_word(&before);
  Path root;
  Path point;
  if (!assign_unescaped(&root, detail::next_word(&before))) return;
  if (!assign_unescaped(&point, detail::next_word(&before))) return;
  if (!shows_more(root, point, *hierarchy)) return;
  hierarchy->mount_root = root;
  hierarchy->mount_point = point;
}

bool read_value(const char* directory, std::string_view group, const char* file, std::uint64_t* value,
                bool* unlimited) noexcept {
  std::array<char, 3 * kPathSize> path;
  const int length = std::snprintf(path.data(), path.size(), "%s%.*s/%s", directory,
                                   static_cast<int>(group.size()), group.data(), file);
  if (length < 0 || static_cast<std::size_t>(length) >= path.size()) return false;
  bool good = false;
  *unlimited = false;
  const int error = detail::read_lines(path.data(), [&](std::string_view line) {
    if (good) return;
    *unlimited = detail::trimmed(line) == "max";
    good = *unlimited || detail::parse_number(detail::trimmed(line), value);
  });
  return error == 0 && good;
}

struct Files {
  const char* limit;
  const char* usage;
};
constexpr Files kVersion1{"memory.limit_in_bytes", "memory.usage_in_bytes"};
constexpr Files kVersion2{"memory.max", "memory.current"};

// The group's path below the mount point: what the mount shows is the subtree at mount_root. A process
// outside that subtree (a container that joined another namespace) is bound by the mount's top as far as can
// be seen.
std::string_view path_below_mount(const Hierarchy& hierarchy) noexcept {
  std::string_view group = hierarchy.group.view();
  const std::string_view top = hierarchy.mount_root.view();
  if (!is_below(group, top)) return {};
  if (top != "/") group.remove_prefix(top.size());
  while (group.ends_with('/')) group.remove_suffix(1);
  return group;
}

// Limits bind from every ancestor, so the smallest of the path counts.
int read_hierarchy(const Hierarchy& hierarchy, const Files& files, const char* root,
                   CgroupMemory* memory) noexcept {
  std::array<char, 2 * kPathSize> top;
  const int length = std::snprintf(top.data(), top.size(), "%s%s", root, hierarchy.mount_point.text.data());
  if (length < 0 || static_cast<std::size_t>(length) >= top.size()) return ENAMETOOLONG;
  const std::string_view own = path_below_mount(hierarchy);
  std::string_view binding = own;
  for (std::string_view group = own;; group = group.substr(0, group.rfind('/'))) {
    std::uint64_t limit = 0;
    bool unlimited = false;
    if (read_value(top.data(), group, files.limit, &limit, &unlimited) && !unlimited &&
        limit < kNoLimitFrom && (!memory->limited || limit < memory->limit)) {
      memory->limited = true;
      memory->limit = limit;
      binding = group;
    }
    if (group.empty()) break;
  }
  bool unlimited = false;
  memory->usage_known =
      read_value(top.data(), binding, files.usage, &memory->usage, &unlimited) && !unlimited;
  const int written = std::snprintf(memory->directory.data(), memory->directory.size(), "%s%.*s", top.data(),
                                    static_cast<int>(binding.size()), binding.data());
  return written < 0 || static_cast<std::size_t>(written) >= memory->directory.size() ? ENAMETOOLONG : 0;
}

}  // namespace

int read_cgroup_memory(CgroupMemory* memory, const char* proc_self, const char* root) noexcept {
  Hierarchies found;
  std::array<char, 4096> path;
  if (std::strlen(proc_self) + 16 > path.size()) return ENAMETOOLONG;
  std::snprintf(path.data(), path.size(), "%s/cgroup", proc_self);
  if (const int error =
          detail::read_lines(path.data(), [&](std::string_view line) { take_group(line, &found); })) {
    return error;
  }
  std::snprintf(path.data(), path.size(), "%s/mountinfo", proc_self);
  if (const int error =
          detail::read_lines(path.data(), [&](std::string_view line) { take_mount(line, &found); })) {
    return error;
  }
  // The memory controller is in one hierarchy only; where version 1 has it, version 2's files do not exist.
  CgroupMemory result{};
  int error = ENOENT;
  if (found.v1.usable()) {
    result.version = 1;
    error = read_hierarchy(found.v1, kVersion1, root, &result);
  } else if (found.v2.usable()) {
    result.version = 2;
    error = read_hierarchy(found.v2, kVersion2, root, &result);
  }
  if (error == 0) *memory = result;
  return error;
}

int read_cgroup_usage(const CgroupMemory& group, std::uint64_t* bytes) noexcept {
  bool unlimited = false;
  const char* file = (group.version == 1 ? kVersion1 : kVersion2).usage;
  return read_value(group.directory.data(), {}, file, bytes, &unlimited) && !unlimited ? 0 : ENOENT;
}

int read_cgroup_file_cache(const CgroupMemory& group, std::uint64_t* bytes) noexcept {
  std::array<char, kPathSize + 16> path;
  const int length = std::snprintf(path.data(), path.size(), "%s/memory.stat", group.directory.data());
  if (length < 0 || static_cast<std::size_t>(length) >= path.size()) return ENAMETOOLONG;
  // Version 1 counts the group alone under the bare names, with what is below it under these.
  const bool v1 = group.version == 1;
  const std::array<std::string_view, 2> names = {v1 ? "total_inactive_file" : "inactive_file",
                                                 v1 ? "total_active_file" : "active_file"};
  std::uint64_t sum = 0;
  std::size_t found = 0;
  const int error = detail::read_lines(path.data(), [&](std::string_view line) {
    const std::string_view name = detail::next_word(&line);
    std::uint64_t value = 0;
    if (name != names[0] && name != names[1]) return;
    if (!detail::parse_number(detail::trimmed(line), &value)) return;
    sum = detail::saturating_add(sum, value);
    ++found;
  });
  if (error != 0) return error;
  if (found != names.size()) return EBADMSG;
  *bytes = sum;
  return 0;
}

}  // namespace zm
