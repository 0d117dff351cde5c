#include "memory_group.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace plimsoll::test {

std::unique_ptr<MemoryGroup> MemoryGroup::make(uint64_t limit) {
  static int made = 0;
  const std::string directory =
      "/sys/fs/cgroup/memory/plimsoll-test-" + std::to_string(::getpid()) + "-" + std::to_string(made++);
  if (::access("/sys/fs/cgroup/memory/memory.limit_in_bytes", R_OK) != 0) return nullptr;
  if (::mkdir(directory.c_str(), 0755) != 0) return nullptr;
  std::unique_ptr<MemoryGroup> group(new MemoryGroup(directory));
  try {
    group->set_limit(limit);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
  return group;
}

MemoryGroup::~MemoryGroup() {
  ::rmdir(directory_.c_str());
}

MemoryGroup::Inside::Inside(const MemoryGroup& group) {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t at = line.find(":memory:");
    if (at != std::string::npos) before_ = "/sys/fs/cgroup/memory" + line.substr(at + 8) + "/cgroup.procs";
  }
  group.write("cgroup.procs", std::to_string(::getpid()));
}

MemoryGroup::Inside::~Inside() {
  std::ofstream(before_) << ::getpid() << std::flush;
}

void MemoryGroup::set_limit(uint64_t limit) {
  write("memory.limit_in_bytes", std::to_string(limit));
}

uint64_t MemoryGroup::held() const {
  const uint64_t used = std::stoull(read("memory.usage_in_bytes"));
  const uint64_t cache =
      number_in("memory.stat", "total_inactive_file") + number_in("memory.stat", "total_active_file");
  return used - std::min(used, cache);
}

uint64_t MemoryGroup::most_used() const {
  return std::stoull(read("memory.max_usage_in_bytes"));
}

bool MemoryGroup::killed() const {
  return number_in("memory.oom_control", "oom_kill") > 0;
}

std::string MemoryGroup::read(const char* file) const {
  std::ifstream in(directory_ + "/" + file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void MemoryGroup::write(const char* file, const std::string& text) const {
  std::ofstream out(directory_ + "/" + file);
  out << text << std::flush;
  if (!out) throw std::runtime_error(directory_ + "/" + file + " does not take " + text);
}

uint64_t MemoryGroup::number_in(const char* file, const std::string& name) const {
  std::istringstream text(read(file));
  std::string word;
  uint64_t value = 0;
  while (text >> word >> value) {
    if (word == name) return value;
  }
  return 0;
}

}  // namespace plimsoll::test
