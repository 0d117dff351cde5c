#pragma once

#include <plimsoll/call.h>
#include <plimsoll/command_table.h>
#include <zmalloc/allocator.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace plimsoll::server {

class Connection;
class Server;

// A command that ran, for those who log, time or show commands.
struct CommandEvent {
  Connection& connection;
  const Command& command;
  Args args;
  int64_t start_us;  // Unix time
  uint64_t duration_ns;
};

// What stands beside the core and watches it: slow log, latency monitor, command feed. One per server,
// installed before it starts. Its members are called on I/O threads, several at a time.
class ServerExtension {
 public:
  virtual ~ServerExtension() = default;

  // After a command, while a monitor is connected (Server::add_monitor). Not for those that skip it
  // (kSkipMonitor, kAdmin).
  virtual void monitored_command(Connection& connection, const Command& command, Args args) noexcept = 0;
  // After a command that took slowlog-log-slower-than microseconds or more. Not for kSkipSlowlog commands.
  virtual void slow_command(const CommandEvent& event) noexcept = 0;
  // Something took `milliseconds`, at least latency-monitor-threshold, which is not 0: "command" or
  // "fast-command", whose time includes that of an "eviction-cycle" to have room; "expire-cycle" or
  // "active-defrag-cycle".
  virtual void latency(std::string_view event, int64_t milliseconds) noexcept = 0;
  // A login failed, by AUTH or HELLO: `command`, as it was called. On the connection's thread.
  virtual void login_failed(const Connection& connection, std::string_view command,
                            std::string_view user) noexcept = 0;
  // hz times a second, on thread 0.
  virtual void cron(int64_t now_ms) noexcept = 0;
  virtual void connection_closed(Connection& connection) noexcept = 0;
};

// What server/admin/ brings along. Its rows come after the core's and replace equal names.
std::span<const CommandRow> admin_command_rows() noexcept;
// Made once the server is, before it listens. Throws std::bad_alloc.
zm::unique_ptr<ServerExtension, zm::Tag::server> make_admin_extension(Server& server);

}  // namespace plimsoll::server
