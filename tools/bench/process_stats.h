#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::bench {

/// What is used here of /proc/PID/stat (proc(5)).
struct ProcStat {
  pid_t pid = 0;
  std::string name;
  char state = 0;
  uint64_t user_ticks = 0;  // fields 14 and 15, in 1 / sysconf(_SC_CLK_TCK) seconds
  uint64_t system_ticks = 0;
};

/// The name may hold any byte, parentheses and spaces too. No value for anything malformed or cut.
std::optional<ProcStat> parse_proc_stat(std::string_view text);

/// Bytes of a `Field:   123 kB` line of smaps_rollup or status.
std::optional<uint64_t> parse_kb_field(std::string_view text, std::string_view field);

/// Bytes resident by /proc/PID/statm (its second field, in pages).
std::optional<uint64_t> parse_statm_resident(std::string_view text, uint64_t page_size);

/// CPU a process has used, its ended threads included.
struct CpuTime {
  uint64_t total_ns = 0;  // the process's CPU clock: exact
  uint64_t user_ns = 0;   // these two from /proc/PID/stat: steps of a clock tick
  uint64_t system_ns = 0;
};

/// The process's CPU time now; no value if there is no such process or it may not be looked at.
std::optional<CpuTime> read_cpu_time(pid_t pid);

/// CPU used between two readings: the exact total, shared out in the proportion of the ticks.
CpuTime cpu_between(const CpuTime& before, const CpuTime& after);

/// Resident bytes: exact from smaps_rollup where it may be read, else statm (off by up to 64 pages a thread).
std::optional<uint64_t> read_rss(pid_t pid);

/// The whole file; no value if it cannot be read.
std::optional<std::string> read_file(const std::string& path);

}  // namespace plimsoll::bench
