#pragma once

#include <zmalloc/allocator.h>

#include <cstdint>
#include <mutex>
#include <string_view>

#include "admin/text.h"

namespace plimsoll::server {

class Connection;

// Logins that failed, newest first: what ACL LOG shows. Any thread.
class AclLog {
 public:
  struct Entry {
    uint64_t count = 1;
    int64_t time_ms = 0;  // Unix time of the last one
    Text command;         // as it was called
    Text user;
    Text client;  // its line of CLIENT LIST
  };

  // A failure like one of the newest ten, and within a minute of it, counts there. Keeps `most` entries.
  // Forgets it if memory is refused. REQUIRES: the caller may read the connection.
  void add(const Connection& connection, std::string_view command, std::string_view user,
           size_t most) noexcept;
  void clear() noexcept;

  // Calls `begin(size_t count)`, then `visit(const Entry&)` for the newest `limit` entries.
  template <class Begin, class Visit>
  void visit(size_t limit, Begin&& begin, Visit&& visit) const {
    std::lock_guard lock(mutex_);
    const size_t count = limit < entries_.size() ? limit : entries_.size();
    begin(count);
    for (size_t i = 0; i < count; ++i) visit(entries_[i]);
  }

 private:
  mutable std::mutex mutex_;
  zm::deque<Entry, zm::Tag::server> entries_;
};

}  // namespace plimsoll::server
