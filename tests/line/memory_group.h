#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

namespace plimsoll::test {

// A memory cgroup (version 1) of its own with a limit, for one server: the kernel kills what goes beyond.
// Removed with the object; what was in it must have ended.
class MemoryGroup {
 public:
  // Null where no group can be made: no version 1 hierarchy, or not root.
  static std::unique_ptr<MemoryGroup> make(uint64_t limit);
  ~MemoryGroup();
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  // While one lives this process is in the group, and so are those it starts, for good.
  class Inside {
   public:
    explicit Inside(const MemoryGroup& group);  // throws std::runtime_error
    ~Inside();
    Inside(const Inside&) = delete;

   private:
    std::string before_;
  };

  void set_limit(uint64_t limit);

  // What counts against the limit and the kernel could not take back: usage less file cache.
  uint64_t held() const;
  uint64_t most_used() const;  // the highest usage, file cache included
  bool killed() const;         // whether the kernel has killed in this group

 private:
  explicit MemoryGroup(std::string directory) : directory_(std::move(directory)) {}
  std::string read(const char* file) const;
  void write(const char* file, const std::string& text) const;
  uint64_t number_in(const char* file, const std::string& name) const;

  std::string directory_;
};

}  // namespace plimsoll::test
