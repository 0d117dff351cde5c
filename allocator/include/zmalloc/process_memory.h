// What the kernel counts: memory of a process, of the machine and of a cgroup, read from /proc and cgroupfs.
// Nothing here knows or uses the accounting allocator; no function allocates or throws.
//
// Functions return 0 or an errno value: ENOENT or ESRCH when there is no such process, EACCES or EPERM when
// it is another user's, EBADMSG when the file is there and does not hold what was asked for. Outputs are
// written only on success. Figures are bytes. proc_root is "/proc" or a directory laid out like it. pid -1 is
// the calling process.
//
// Cost: smaps_rollup walks the process's page tables, some 4 ms per resident GB, and smaps takes longer
// still; the kernel holds the address space's lock meanwhile. Not for a hot path.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>

namespace zm {

enum class SmapsField : std::uint8_t {
#define ZM_SMAPS_FIELD(identifier, name, combine) identifier,
#include <zmalloc/smaps_fields.def>
#undef ZM_SMAPS_FIELD
};

inline constexpr std::size_t kSmapsFieldCount = 0
#define ZM_SMAPS_FIELD(identifier, name, combine) +1
#include <zmalloc/smaps_fields.def>
#undef ZM_SMAPS_FIELD
    ;

// The field's name in the kernel's files, e.g. "Private_Dirty". Static storage.
std::string_view smaps_field_name(SmapsField field) noexcept;

// Finds a field by its name in the kernel's files, whatever the case, with or without a trailing colon.
bool find_smaps_field(std::string_view name, SmapsField* field) noexcept;

// One figure per field. What the kernel at hand does not print is 0 and not known.
struct SmapsBytes {
  std::array<std::uint64_t, kSmapsFieldCount> values{};
  std::uint32_t known_fields = 0;

  std::uint64_t operator[](SmapsField field) const noexcept {
    return values[static_cast<std::size_t>(field)];
  }
  bool known(SmapsField field) const noexcept {
    return (known_fields >> static_cast<unsigned>(field) & 1) != 0;
  }
  void set(SmapsField field, std::uint64_t bytes) noexcept;

  // Adds the sums and keeps the larger of what does not add up (page sizes). Sums stop at 2^64 - 1.
  void combine(const SmapsBytes& more) noexcept;
};
static_assert(kSmapsFieldCount <= 32);

// One mapping of smaps. name: the file's path, "[heap]", "[stack]", "" for anonymous memory, "[rollup]"; the
// kernel writes a newline in a path as \012 and appends " (deleted)" for a file that is gone. Valid during
// the visit only.
struct SmapsMapping {
  std::uint64_t start;
  std::uint64_t end;
  std::string_view permissions;
  std::string_view name;
  SmapsBytes bytes;
};

// May not throw: it is called from functions that do not.
using VisitMapping = void (*)(void* context, const SmapsMapping& mapping);

// Parses smaps or smaps_rollup line by line. Lines that make no sense (cut off, garbage) are skipped and
// counted; of a line longer than kLongestLine the rest is ignored.
class SmapsParser {
 public:
  static constexpr std::size_t kLongestLine = 6144;  // a path of PATH_MAX bytes and the columns before it

  SmapsParser(VisitMapping visit, void* context) noexcept : visit_(visit), context_(context) {}

  // One line without its newline.
  void take_line(std::string_view line) noexcept;

  // After the last line: visits the last mapping.
  void finish() noexcept;

  std::size_t mappings() const noexcept { return mappings_; }
  std::size_t bad_lines() const noexcept { return bad_lines_; }

 private:
  bool take_header(std::string_view line) noexcept;
  bool take_field(std::string_view name, std::string_view value) noexcept;

  VisitMapping visit_;
  void* context_;
  std::size_t mappings_ = 0;
  std::size_t bad_lines_ = 0;
  bool in_mapping_ = false;
  SmapsMapping mapping_{};
  std::array<char, kLongestLine> header_;  // what mapping_'s views point into
};

// Visits every mapping of the process in address order.
int read_smaps(pid_t pid, VisitMapping visit, void* context, const char* proc_root = "/proc") noexcept;

// Any callable of (const SmapsMapping&); it may not throw either.
template <class Visit, class = std::enable_if_t<std::is_invocable_v<Visit&, const SmapsMapping&>>>
int read_smaps(pid_t pid, Visit&& visit, const char* proc_root = "/proc") noexcept {
  return read_smaps(
      pid,
      [](void* context, const SmapsMapping& mapping) {
        (*static_cast<std::remove_reference_t<Visit>*>(context))(mapping);
      },
      const_cast<void*>(static_cast<const void*>(std::addressof(visit))), proc_root);
}

// The same without any figures, from maps: it costs next to nothing.
int read_mappings(pid_t pid, VisitMapping visit, void* context, const char* proc_root = "/proc") noexcept;
template <class Visit, class = std::enable_if_t<std::is_invocable_v<Visit&, const SmapsMapping&>>>
int read_mappings(pid_t pid, Visit&& visit, const char* proc_root = "/proc") noexcept {
  return read_mappings(
      pid,
      [](void* context, const SmapsMapping& mapping) {
        (*static_cast<std::remove_reference_t<Visit>*>(context))(mapping);
      },
      const_cast<void*>(static_cast<const void*>(std::addressof(visit))), proc_root);
}

// All mappings combined, from smaps.
int read_smaps_totals(pid_t pid, SmapsBytes* totals, const char* proc_root = "/proc") noexcept;

// All mappings combined by the kernel (Linux 4.14 and later): cheaper, without Size and the page sizes.
int read_smaps_rollup(pid_t pid, SmapsBytes* totals, const char* proc_root = "/proc") noexcept;

// The sum over all lines of smaps that start with the prefix and end in kB, e.g. "Private_Dirty:".
int sum_smaps_lines(pid_t pid, std::string_view prefix, std::uint64_t* bytes,
                    const char* proc_root = "/proc") noexcept;

// Resident set size: field 24 of /proc/PID/stat, in pages there. The kernel batches its updates per thread,
// so it can be off by some pages per thread.
int read_resident(pid_t pid, std::uint64_t* bytes, const char* proc_root = "/proc") noexcept;

// Field 24 of the text of a stat file. The process name before it may hold spaces and parentheses.
bool parse_stat_resident_pages(std::string_view stat, std::uint64_t* pages) noexcept;

// The machine's memory; 0 when the system does not say. Ignores cgroups.
std::uint64_t physical_memory() noexcept;

// The memory cgroup that binds the process.
struct CgroupMemory {
  int version;          // 1 or 2
  bool limited;         // some group on the path up to the mount sets a limit
  std::uint64_t limit;  // the smallest of these limits; 0 when not limited
  bool usage_known;     // the root group of version 2 has no usage
  std::uint64_t usage;  // of the group that sets this limit; of the process's own group when not limited
  std::array<char, 1024> directory;  // of that group, NUL-terminated
};

// proc_self: "/proc/self" or a directory that holds files cgroup and mountinfo like its own. root: put before
// the mount points that mountinfo names. ENOENT: no memory cgroup is mounted or the process is in none.
int read_cgroup_memory(CgroupMemory* memory, const char* proc_self = "/proc/self",
                       const char* root = "") noexcept;

// What `usage` says now, of a group that was read before. Cheaper than to look for the group again.
int read_cgroup_usage(const CgroupMemory& group, std::uint64_t* bytes) noexcept;

// Bytes of the group's usage that hold files, which the kernel takes back before it kills anyone.
int read_cgroup_file_cache(const CgroupMemory& group, std::uint64_t* bytes) noexcept;

}  // namespace zm
