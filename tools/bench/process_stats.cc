#include "process_stats.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "endpoint.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

std::vector<std::string_view> split_spaces(std::string_view text) {
  static constexpr std::string_view kBlanks = " \t\n";
  std::vector<std::string_view> words;
  while (true) {
    const size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    const size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

std::optional<uint64_t> read_cpu_clock(pid_t pid) {
  clockid_t clock;
  timespec now;
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &now) != 0) return std::nullopt;
  return static_cast<uint64_t>(now.tv_sec) * kSecond + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

std::optional<ProcStat> parse_proc_stat(std::string_view text) {
  const size_t open = text.find('(');
  const size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  const auto before = split_spaces(text.substr(0, open));
  const auto after = split_spaces(text.substr(close + 1));
  // `after` begins with field 3; fields 14 and 15 are utime and stime.
  if (before.size() != 1 || after.size() < 13 || after[0].size() != 1) return std::nullopt;
  const auto pid = parse_unsigned(before[0]);
  const auto user = parse_unsigned(after[11]);
  const auto system = parse_unsigned(after[12]);
  if (!pid || !user || !system) return std::nullopt;
  return ProcStat{static_cast<pid_t>(*pid), std::string(text.substr(open + 1, close - open - 1)), after[0][0],
                  *user, *system};
}

std::optional<uint64_t> parse_kb_field(std::string_view text, std::string_view field) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.size() <= field.size() || line.substr(0, field.size()) != field || line[field.size()] != ':')
      continue;
    const auto words = split_spaces(line.substr(field.size() + 1));
    const auto value = words.size() == 2 && words[1] == "kB" ? parse_unsigned(words[0]) : std::nullopt;
    if (!value || *value > UINT64_MAX / 1024) return std::nullopt;
    return *value * 1024;
  }
  return std::nullopt;
}

std::optional<uint64_t> parse_statm_resident(std::string_view text, uint64_t page_size) {
  const auto words = split_spaces(text);
  const auto pages = words.size() >= 2 ? parse_unsigned(words[1]) : std::nullopt;
  if (!pages || *pages > UINT64_MAX / page_size) return std::nullopt;
  return *pages * page_size;
}

std::optional<CpuTime> read_cpu_time(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto stat = text ? parse_proc_stat(*text) : std::nullopt;
  if (!stat) return std::nullopt;
  const uint64_t tick = kSecond / static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  CpuTime time{0, stat->user_ticks * tick, stat->system_ticks * tick};
  time.total_ns = read_cpu_clock(pid).value_or(time.user_ns + time.system_ns);
  return time;
}

CpuTime cpu_between(const CpuTime& before, const CpuTime& after) {
  const auto difference = [](uint64_t from, uint64_t to) { return to > from ? to - from : 0; };
  CpuTime used{difference(before.total_ns, after.total_ns), 0, 0};
  const uint64_t user = difference(before.user_ns, after.user_ns);
  const uint64_t system = difference(before.system_ns, after.system_ns);
  if (user + system == 0) return used;
  const double share = static_cast<double>(user) / static_cast<double>(user + system);
  used.user_ns = static_cast<uint64_t>(share * static_cast<double>(used.total_ns));
  used.system_ns = used.total_ns - used.user_ns;
  return used;
}

std::optional<uint64_t> read_rss(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  if (const auto rollup = read_file(folder + "/smaps_rollup")) {
    if (const auto rss = parse_kb_field(*rollup, "Rss")) return rss;
  }
  const auto statm = read_file(folder + "/statm");
  if (!statm) return std::nullopt;
  return parse_statm_resident(*statm, static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)));
}

std::optional<std::string> read_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return std::nullopt;
  std::string text;
  char chunk[4096];
  while (true) {
    const ssize_t size = ::read(fd.get(), chunk, sizeof chunk);
    if (size < 0) return std::nullopt;
    if (size == 0) return text;
    text.append(chunk, static_cast<size_t>(size));
  }
}

}  // namespace plimsoll::bench
