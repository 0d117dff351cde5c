#include "admin/process_sampler.h"

#include <time.h>
#include <zmalloc/line.h>

#include <algorithm>
#include <chrono>

#include "background_thread.h"

namespace plimsoll::server {

namespace {

constexpr uint64_t kLargestGuard = 64 * 1024;
constexpr uint64_t kLargestStack = uint64_t{64} << 20;
constexpr auto kPeriod = std::chrono::milliseconds(250);
constexpr int kCostShare = 20;  // of one processor, at most a twentieth

}  // namespace

// A file's mapping is followed by anonymous memory for the part of its data that starts as zeros. A thread's
// stack is anonymous memory behind a small guard.
bool MappingSorter::is_code_or_stack(const zm::SmapsMapping& mapping) const noexcept {
  if (mapping.name.starts_with('/')) return !mapping.name.starts_with("/dev/zero");
  if (mapping.name == "[stack]" || mapping.name == "[vdso]" || mapping.name.starts_with("[vvar")) return true;
  if (!mapping.name.empty()) return false;
  if (mapping.start == file_end_) return true;
  return mapping.start == guard_end_ && mapping.end - mapping.start <= kLargestStack;
}

void MappingSorter::take(const zm::SmapsMapping& mapping) noexcept {
  const bool of_file = mapping.name.starts_with('/') || (mapping.name.empty() && mapping.start == file_end_);
  const uint64_t resident = mapping.bytes[zm::SmapsField::rss];
  if (is_code_or_stack(mapping)) {
    code_and_stacks_ += resident;
  } else if (!covers_(reinterpret_cast<const void*>(mapping.start))) {
    uncovered_ += resident;
  }
  const bool guard = mapping.name.empty() && mapping.permissions.starts_with("---") &&
                     mapping.end - mapping.start <= kLargestGuard;
  file_end_ = of_file ? mapping.end : 0;
  guard_end_ = guard ? mapping.end : 0;
}

namespace {

ProcessSample take_sample() noexcept {
  ProcessSample sample;
  MappingSorter sorter(zm::line::covers);
  zm::SmapsBytes walked;
  zm::read_smaps(-1, [&](const zm::SmapsMapping& mapping) {
    walked.combine(mapping.bytes);
    sorter.take(mapping);
  });
  if (zm::read_smaps_rollup(-1, &sample.smaps) != 0) sample.smaps = walked;  // Linux before 4.14
  sample.code_and_stacks = sorter.code_and_stacks();
  sample.uncovered = sorter.uncovered();
  sample.cgroup_known = zm::read_cgroup_memory(&sample.cgroup) == 0;
  sample.taken_us = ProcessSampler::now_us();
  return sample;
}

}  // namespace

int64_t ProcessSampler::now_us() noexcept {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

ProcessSampler::ProcessSampler() {
  thread_ = start_background_thread("memory-sampler", [this] { run(); });
}

ProcessSampler::~ProcessSampler() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

ProcessSample ProcessSampler::last_and_refresh() noexcept {
  std::lock_guard lock(mutex_);
  if (!wanted_) {
    wanted_ = true;
    wake_.notify_one();
  }
  return last_;
}

void ProcessSampler::run() noexcept {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    const int64_t began_us = now_us();
    const ProcessSample sample = take_sample();
    const std::chrono::microseconds cost(sample.taken_us - began_us);
    lock.lock();
    last_ = sample;
    const auto pause = std::max<std::chrono::microseconds>(kPeriod, kCostShare * cost);
    if (wake_.wait_for(lock, pause, [this] { return stopping_; })) return;
  }
}

}  // namespace plimsoll::server
