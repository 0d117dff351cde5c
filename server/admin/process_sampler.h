#pragma once

#include <zmalloc/process_memory.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace plimsoll::server {

// What the kernel says of this process's memory, as of one moment.
struct ProcessSample {
  int64_t taken_us = 0;  // monotonic; 0: none was taken yet
  zm::SmapsBytes smaps;  // all mappings: smaps_rollup
  // Resident bytes of files (programs, libraries, their data) and of stacks.
  uint64_t code_and_stacks = 0;
  // Resident bytes of other mappings that the ledger does not cover (zm::line::covers): of what allocators
  // keep for themselves, above all.
  uint64_t uncovered = 0;
  bool cgroup_known = false;
  zm::CgroupMemory cgroup{};
};

// Sorts mappings for ProcessSample. Feed it a process's mappings in address order.
class MappingSorter {
 public:
  using Covers = bool (*)(const void* address) noexcept;
  explicit MappingSorter(Covers covers) noexcept : covers_(covers) {}

  void take(const zm::SmapsMapping& mapping) noexcept;
  uint64_t code_and_stacks() const noexcept { return code_and_stacks_; }
  uint64_t uncovered() const noexcept { return uncovered_; }

 private:
  bool is_code_or_stack(const zm::SmapsMapping& mapping) const noexcept;

  Covers covers_;
  uint64_t code_and_stacks_ = 0;
  uint64_t uncovered_ = 0;
  uint64_t file_end_ = 0;  // where the last mapping of a file, or of its zeroed data, ended
  uint64_t guard_end_ =
      0;  // where the last mapping without access ended, if it was as small as a stack's guard
};

// Reading smaps costs milliseconds per resident GB. So a thread of its own reads it, once at the start and
// then only after someone asked, at most four times a second and for at most a twentieth of the time; those
// who ask get the last sample and never wait for a new one.
class ProcessSampler {
 public:
  ProcessSampler();  // starts the thread; throws std::system_error
  ~ProcessSampler();
  ProcessSampler(const ProcessSampler&) = delete;
  ProcessSampler& operator=(const ProcessSampler&) = delete;

  // The last sample; asks for a new one. Any thread.
  ProcessSample last_and_refresh() noexcept;

  static int64_t now_us() noexcept;

 private:
  void run() noexcept;

  std::mutex mutex_;  // held for copies only
  std::condition_variable wake_;
  bool wanted_ = true;
  bool stopping_ = false;
  ProcessSample last_;
  std::thread thread_;
};

}  // namespace plimsoll::server
