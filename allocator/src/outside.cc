// What the kernel counts for this process beside the ledger of line.h.
#include <zmalloc/line.h>
#include <zmalloc/process_memory.h>

#include <algorithm>
#include <cstdio>

#include "proc_file.h"

namespace zm {
namespace {

struct Resident {
  std::uint64_t all = 0;        // of every mapping
  std::uint64_t anonymous = 0;  // not of files
  std::uint64_t uncovered = 0;
  std::uint64_t uncovered_anonymous = 0;
};

int read_mappings(Resident* resident) noexcept {
  return read_smaps(-1, [resident](const SmapsMapping& mapping) {
    const std::uint64_t rss = mapping.bytes[SmapsField::rss];
    const std::uint64_t anonymous = mapping.bytes[SmapsField::anonymous];
    resident->all += rss;
    resident->anonymous += anonymous;
    if (line::covers(reinterpret_cast<const void*>(mapping.start))) return;
    resident->uncovered += rss;
    resident->uncovered_anonymous += anonymous;
  });
}

std::uint64_t page_tables() noexcept {
  std::uint64_t bytes = 0;
  detail::read_lines("/proc/self/status", [&](std::string_view text) {
    if (!text.starts_with("VmPTE:")) return;
    text.remove_prefix(6);
    std::uint64_t kilobytes = 0;
    if (detail::parse_number(detail::next_word(&(text = detail::trimmed(text))), &kilobytes))
      bytes = kilobytes * 1024;
  });
  return bytes;
}

}  // namespace

int read_cgroup_file_cache(const CgroupMemory& group, std::uint64_t* bytes) noexcept {
  std::array<char, 1100> path;
  const int length = std::snprintf(path.data(), path.size(), "%s/memory.stat", group.directory.data());
  if (length <= 0 || static_cast<std::size_t>(length) >= path.size()) return ENAMETOOLONG;
  // Version 1 counts the group alone under these names, and what is below it too under others.
  const std::string_view prefix = group.version == 1 ? "total_" : "";
  std::uint64_t sum = 0;
  const int error = detail::read_lines(path.data(), [&](std::string_view text) {
    const std::string_view name = detail::next_word(&text);
    if (!name.starts_with(prefix)) return;
    const std::string_view bare = name.substr(prefix.size());
    std::uint64_t value = 0;
    if ((bare == "inactive_file" || bare == "active_file") &&
        detail::parse_number(detail::next_word(&text), &value)) {
      sum += value;
    }
  });
  if (error == 0) *bytes = sum;
  return error;
}

int line::measure_outside(std::size_t* bytes) noexcept {
  CgroupMemory group;
  std::uint64_t cache = 0;
  const bool in_group = read_cgroup_memory(&group) == 0 && group.limited && group.usage_known &&
                        read_cgroup_file_cache(group, &cache) == 0;
  Resident resident;
  if (const int error = read_mappings(&resident)) return error;
  if (!in_group) {
    *bytes = resident.uncovered + page_tables();
    return 0;
  }
  // What the group holds beyond the pages seen here: page tables, socket buffers, other processes.
  const std::uint64_t held = group.usage - std::min(group.usage, cache);
  *bytes = resident.uncovered_anonymous + (held - std::min(held, resident.anonymous));
  return 0;
}

}  // namespace zm
