#pragma once

#include "plimsoll/options.h"
#include "plimsoll/work_sink.h"

namespace plimsoll {

// Tells the store's sink, if there is one, that so much time went into work; too little is not told.
inline void tell_of_work(const Options& options, StoreWork work, int64_t elapsed_us) noexcept {
  if (options.work_sink != nullptr && elapsed_us >= WorkSink::kLeastUs)
    options.work_sink->took(work, elapsed_us);
}

// Tells it how long its own life lasted.
class WorkTimer {
 public:
  WorkTimer(const Options& options, StoreWork work) noexcept
      : options_(options), work_(work), start_us_(options.work_sink != nullptr ? now_us() : 0) {}
  ~WorkTimer() {
    if (options_.work_sink != nullptr) tell_of_work(options_, work_, now_us() - start_us_);
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
