// What the kernel counts for this process beside the ledger of line.h.
#include <zmalloc/line.h>
#include <zmalloc/process_memory.h>

#include <algorithm>

#include "proc_file.h"

namespace zm {
namespace {

using detail::saturating_add;

struct Resident {
  std::uint64_t anonymous = 0;  // not of files
  std::uint64_t uncovered = 0;
  std::uint64_t uncovered_anonymous = 0;
};

int read_resident_parts(Resident* resident, const char* proc_root) noexcept {
  const auto add = [resident](const SmapsMapping& mapping) {
    const std::uint64_t rss = mapping.bytes[SmapsField::rss];
    const std::uint64_t anonymous = mapping.bytes[SmapsField::anonymous];
    resident->anonymous = saturating_add(resident->anonymous, anonymous);
    if (line::covers(reinterpret_cast<const void*>(mapping.start))) return;
    resident->uncovered = saturating_add(resident->uncovered, rss);
    resident->uncovered_anonymous = saturating_add(resident->uncovered_anonymous, anonymous);
  };
  return read_smaps(-1, add, proc_root);
}

// Of the limited group that the process is in, all but file cache. False where there is none, or where it
// does not say.
bool read_held_by_group(std::uint64_t* bytes, const char* proc_root, const char* root) noexcept {
  std::array<char, 4096> proc_self;
  CgroupMemory group;
  std::uint64_t cache = 0;
  if (!detail::proc_path(proc_self, proc_root, -1, "") ||
      read_cgroup_memory(&group, proc_self.data(), root) != 0 || !group.limited || !group.usage_known ||
      read_cgroup_file_cache(group, &cache) != 0) {
    return false;
  }
  *bytes = group.usage - std::min(group.usage, cache);
  return true;
}

// 0 where the kernel does not say.
int read_page_tables(std::uint64_t* bytes, const char* proc_root) noexcept {
  std::array<char, 4096> path;
  if (!detail::proc_path(path, proc_root, -1, "status")) return ENAMETOOLONG;
  *bytes = 0;
  return detail::read_lines(path.data(), [bytes](std::string_view line) {
    if (detail::next_word(&line) == "VmPTE:") detail::parse_kilobytes(line, bytes);
  });
}

}  // namespace

int line::measure_outside(std::size_t* bytes, const char* proc_root, const char* root) noexcept {
  std::uint64_t held = 0;
  const bool in_group = read_held_by_group(&held, proc_root, root);
  Resident resident;
  if (const int error = read_resident_parts(&resident, proc_root)) return error;
  if (in_group) {
    // What the group holds beyond the pages seen here: page tables, socket buffers, other processes.
    *bytes = saturating_add(resident.uncovered_anonymous, held - std::min(held, resident.anonymous));
    return 0;
  }
  std::uint64_t page_tables = 0;
  if (const int error = read_page_tables(&page_tables, proc_root)) return error;
  *bytes = saturating_add(resident.uncovered, page_tables);
  return 0;
}

}  // namespace zm
