#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "memory_group.h"
#include "support/server_process.h"

namespace plimsoll::test {

// A server in a memory cgroup of its own with `limit` bytes. Where no group can be made (not root, or no
// version 1 hierarchy) the server runs without, and its resident memory stands for what the group would
// count.
class LineServer {
 public:
  struct Options {
    std::string program;
    uint64_t limit = 0;
    // Of memory-line, in percent of the limit; 0: the option is not given.
    int line_percent = 0;
    std::vector<std::string> arguments;
  };

  explicit LineServer(const Options& options);

  ServerProcess& process() noexcept { return *process_; }
  RawConnection connect() const { return process_->connect(); }
  MemoryGroup* group() noexcept { return group_.get(); }  // null where there is none
  uint64_t limit() const noexcept { return limit_; }
  void set_limit(uint64_t limit);  // of the group; REQUIRES: there is one

  // What the kernel counts for it and could not take back. 0 once it has gone.
  uint64_t held() const;
  // Of that, what may be charged to the group and not in use: each processor charges 64 pages ahead (the
  // kernel's MEMCG_CHARGE_BATCH).
  uint64_t charged_ahead() const;
  bool killed() const { return group_ != nullptr && group_->killed(); }

 private:
  uint64_t limit_;
  std::unique_ptr<MemoryGroup> group_;
  std::unique_ptr<ServerProcess> process_;
};

}  // namespace plimsoll::test
