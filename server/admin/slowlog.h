#pragma once

#include <plimsoll/call.h>
#include <zmalloc/allocator.h>

#include <cstdint>
#include <mutex>
#include <span>

#include "server.h"

namespace plimsoll::server {

// The last commands that took long, newest first. Any thread.
class SlowLog {
 public:
  using Text = zm::string<zm::Tag::command>;

  struct Entry {
    int64_t id;
    int64_t time;      // Unix seconds
    int64_t duration;  // microseconds
    zm::vector<Text, zm::Tag::command> arguments;
    Text peer;
    Text name;
  };

  // Keeps the newest `max_length` entries. Arguments past the 32nd and bytes past the 128th of each are only
  // counted. Forgets the command if memory is refused.
  void add(const CommandEvent& event, size_t max_length) noexcept;

  size_t size() const noexcept;
  void clear() noexcept;
  // Calls `begin(size_t count)`, then `visit(const Entry&)` for the newest `limit` entries.
  template <class Begin, class Visit>
  void visit(size_t limit, Begin&& begin, Visit&& visit) const {
    std::lock_guard lock(mutex_);
    const size_t count = std::min(limit, entries_.size());
    begin(count);
    for (size_t i = 0; i < count; ++i) visit(entries_[i]);
  }

 private:
  mutable std::mutex mutex_;
  int64_t next_id_ = 0;
  zm::deque<Entry, zm::Tag::command> entries_;
};

}  // namespace plimsoll::server
