#pragma once

#include "plimsoll/options.h"
#include "plimsoll/work_sink.h"

namespace plimsoll {

// Tells the store's sink of work, if there is one, how long its own life lasted.
class WorkTimer {
 public:
  WorkTimer(const Options& options, StoreWork work) noexcept
      : options_(options), work_(work), start_us_(options.work_sink != nullptr ? now_us() : 0) {}
  ~WorkTimer() {
    if (options_.work_sink == nullptr) return;
    const int64_t elapsed_us = now_us() - start_us_;
    if (elapsed_us >= WorkSink::kLeastUs) options_.work_sink->took(work_, elapsed_us);
  }
  WorkTimer(const WorkTimer&) = delete;
  WorkTimer& operator=(const WorkTimer&) = delete;

 private:
  int64_t now_us() const noexcept { return options_.clock->monotonic_us(); }

  const Options& options_;
  StoreWork work_;
  int64_t start_us_;
};

}  // namespace plimsoll
