#pragma once

#include <cstdint>

namespace plimsoll {

// What a store does beside a command's own work, and who calls it may have waited for.
enum class StoreWork : uint8_t {
  eviction,  // making room: keys evicted, sparse slabs emptied, pages given back
  expiry,    // one round of upkeep: the sweep for due keys, and tables that shrink, deferred frees
};

// Is told of work that took a millisecond or more, by the thread that did it, without a lock held. What is
// called may call no store and throw nothing.
class WorkSink {
 public:
  static constexpr int64_t kLeastUs = 1000;
  virtual void took(StoreWork work, int64_t us) noexcept = 0;

 protected:
  ~WorkSink() = default;  // never owned through this class
};

}  // namespace plimsoll
