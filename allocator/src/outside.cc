// What the kernel counts for this process beside the ledger of line.h.
#include <fcntl.h>
#include <unistd.h>
#include <zmalloc/line.h>
#include <zmalloc/process_memory.h>
#include <zmalloc/region.h>

#include <algorithm>

#include "proc_file.h"

namespace zm {
namespace {

using detail::saturating_add;

struct Resident {
  std::uint64_t anonymous = 0;  // not of files
  std::uint64_t uncovered = 0;
  std::uint64_t uncovered_anonymous = 0;

  void add_uncovered(std::uint64_t bytes, std::uint64_t anonymous_bytes) noexcept {
    uncovered = saturating_add(uncovered, bytes);
    uncovered_anonymous = saturating_add(uncovered_anonymous, anonymous_bytes);
  }
};

bool covers(const SmapsMapping& mapping) noexcept {
  return line::covers(reinterpret_cast<const void*>(mapping.start));
}

// All of it from smaps: some milliseconds for each resident GB.
int read_resident_by_smaps(Resident* resident, const char* proc_root) noexcept {
  const auto add = [resident](const SmapsMapping& mapping) {
    const std::uint64_t anonymous = mapping.bytes[SmapsField::anonymous];
    resident->anonymous = saturating_add(resident->anonymous, anonymous);
    if (!covers(mapping)) resident->add_uncovered(mapping.bytes[SmapsField::rss], anonymous);
  };
  return read_smaps(-1, add, proc_root);
}

// Figures of /proc/self/status, in bytes; 0 where the kernel does not say.
struct Status {
  std::uint64_t anonymous = 0;
  std::uint64_t page_tables = 0;
};

int read_status(Status* status, const char* proc_root) noexcept {
  std::array<char, 4096> path;
  if (!detail::proc_path(path, proc_root, -1, "status")) return ENAMETOOLONG;
  return detail::read_lines(path.data(), [status](std::string_view line) {
    const std::string_view name = detail::next_word(&line);
    if (name == "RssAnon:") detail::parse_kilobytes(line, &status->anonymous);
    if (name == "VmPTE:") detail::parse_kilobytes(line, &status->page_tables);
  });
}

// Looks pages up in /proc/self/pagemap: a word each (Linux, admin-guide/mm/pagemap).
class PageMap {
 public:
  explicit PageMap(const char* proc_root) noexcept {
    std::array<char, 4096> path;
    if (detail::proc_path(path, proc_root, -1, "pagemap")) file_ = open(path.data(), O_RDONLY | O_CLOEXEC);
  }
  ~PageMap() {
    if (file_ >= 0) close(file_);
  }
  PageMap(const PageMap&) = delete;
  PageMap& operator=(const PageMap&) = delete;

  // False when the file does not tell of all the pages.
  bool add(const SmapsMapping& mapping, Resident* resident) const noexcept {
    const std::uint64_t page_bytes = region_page_size();
    for (std::uint64_t page = mapping.start / page_bytes; page < mapping.end / page_bytes;) {
      const std::uint64_t wanted = std::min<std::uint64_t>(mapping.end / page_bytes - page, kBatch);
      std::uint64_t words[kBatch];
      const ssize_t size = static_cast<ssize_t>(wanted * sizeof(words[0]));
      if (pread(file_, words, static_cast<std::size_t>(size), static_cast<off_t>(page * sizeof(words[0]))) !=
          size) {
        return false;
      }
      std::uint64_t present = 0, of_files = 0;
      for (std::uint64_t i = 0; i < wanted; ++i) {
        present += words[i] >> 63;
        of_files += (words[i] >> 63) & (words[i] >> 61 & 1);
      }
      resident->add_uncovered(present * page_bytes, (present - of_files) * page_bytes);
      page += wanted;
    }
    return true;
  }

 private:
  static constexpr std::uint64_t kBatch = 1024;
  int file_ = -1;
};

// Walks only what is not covered, so that it costs as little for a large heap as for a small one. False where
// the kernel does not tell, or where there is so much of it that smaps is cheaper.
bool read_resident_by_pages(Resident* resident, const Status& status, const char* proc_root) noexcept {
  constexpr std::uint64_t kMostUncovered = std::uint64_t{1} << 30;
  if (status.anonymous == 0) return false;
  const PageMap pages(proc_root);
  std::uint64_t walked = 0;
  bool complete = true;
  const auto add = [&](const SmapsMapping& mapping) {
    if (!complete || covers(mapping) || mapping.permissions.starts_with("---") ||
        mapping.name == "[vsyscall]")
      return;
    walked = saturating_add(walked, mapping.end - mapping.start);
    complete = walked <= kMostUncovered && pages.add(mapping, resident);
  };
  resident->anonymous = status.anonymous;
  return read_mappings(-1, add, proc_root) == 0 && complete;
}

// Of the limited group that the process is in, all but file cache, beside the process's own figures of the
// same moment as nearly as can be had: pages come and go between the readings, tens of MB where this thread
// has to wait for its turn of the processor. So they are read again while the process's figure differs before
// and after; of those that differ least, the one by which more lies outside. False where there is no such
// group, or where it does not say; *status is then as it was.
bool read_held_by_group(std::uint64_t* bytes, Status* status, const char* proc_root,
                        const char* root) noexcept {
  constexpr int kMostReadings = 8;
  constexpr std::uint64_t kClose = 64 * 1024;
  std::array<char, 4096> proc_self;
  CgroupMemory group;
  std::uint64_t cache = 0;
  if (!detail::proc_path(proc_self, proc_root, -1, "") ||
      read_cgroup_memory(&group, proc_self.data(), root) != 0 || !group.limited || !group.usage_known ||
      read_cgroup_file_cache(group, &cache) != 0) {
    return false;
  }
  std::uint64_t usage = group.usage, least = UINT64_MAX;
  Status before;
  if (read_status(&before, proc_root) != 0) before = *status;
  for (int i = 0; i < kMostReadings && least > kClose; ++i) {
    std::uint64_t now = 0;
    Status after;
    if (read_cgroup_usage(group, &now) != 0 || read_status(&after, proc_root) != 0) break;
    const std::uint64_t smaller = std::min(before.anonymous, after.anonymous);
    const std::uint64_t apart = std::max(before.anonymous, after.anonymous) - smaller;
    if (apart < least) {
      least = apart;
      usage = now;
      *status = smaller == before.anonymous ? before : after;
    }
    before = after;
  }
  *bytes = usage - std::min(usage, cache);
  return true;
}

}  // namespace

int line::measure_outside(std::size_t* bytes, const char* proc_root, const char* root) noexcept {
  Status status;
  const int status_error = read_status(&status, proc_root);
  std::uint64_t held = 0;
  const bool in_group = read_held_by_group(&held, &status, proc_root, root);
  if (status_error != 0 && !in_group) return status_error;
  Resident resident;
  if (!read_resident_by_pages(&resident, status, proc_root)) {
    resident = {};
    if (const int error = read_resident_by_smaps(&resident, proc_root)) return error;
  }
  // What the group holds beyond the pages seen here: page tables, socket buffers, other processes. It counts
  // page tables itself.
  *bytes = in_group ? saturating_add(resident.uncovered_anonymous, held - std::min(held, resident.anonymous))
                    : saturating_add(resident.uncovered, status.page_tables);
  return 0;
}

}  // namespace zm
