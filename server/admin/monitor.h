#pragma once

#include <plimsoll/call.h>
#include <plimsoll/command_table.h>
#include <zmalloc/allocator.h>

#include <cstdint>
#include <mutex>
#include <span>

namespace plimsoll::server {

class Connection;
class Server;

// The clients that said MONITOR. What they are sent is pushed: never throttled, bounded by
// client-output-buffer-limit (class pubsub), so that a monitor which does not read is closed and holds up
// nobody. Any thread.
class Monitors {
 public:
  explicit Monitors(Server& server) noexcept : server_(server) {}

  void add(const Connection& connection);  // throws std::bad_alloc, changing nothing
  void remove(uint64_t id) noexcept;

  // Sends one line on the command to every monitor. A monitor for whom memory is refused is closed rather
  // than left with a gap.
  void feed(Connection& from, const Command& command, Args args) noexcept;

 private:
  struct Monitor {
    uint64_t id;
    unsigned thread;
  };
  using List = zm::vector<Monitor, zm::Tag::server>;

  void send(const Monitor& monitor, const SharedBytes& line, Connection& from);

  Server& server_;
  mutable std::mutex mutex_;
  List monitors_;
};

}  // namespace plimsoll::server
