#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "admin/acl_log.h"
#include "admin/latency.h"
#include "admin/monitor.h"
#include "admin/process_sampler.h"
#include "admin/slowlog.h"
#include "admin/text.h"
#include "server.h"

namespace plimsoll::server {

// What the admin commands keep between calls: slow log, latency events, monitors, samples of the process.
class AdminExtension final : public ServerExtension, public zm::counted<zm::Tag::server> {
 public:
  explicit AdminExtension(Server& server);  // throws std::bad_alloc, std::system_error

  AclLog& acl_log() noexcept { return acl_log_; }
  SlowLog& slow_log() noexcept { return slow_log_; }
  LatencyMonitor& latency_monitor() noexcept { return latency_; }
  Monitors& monitors() noexcept { return monitors_; }
  ProcessSampler& process_sampler() noexcept { return process_sampler_; }

  // The largest of all clients in the last seconds: INFO's client_recent_max_*.
  size_t recent_max_input() const noexcept { return recent_max_input_.load(std::memory_order_relaxed); }
  size_t recent_max_output() const noexcept { return recent_max_output_.load(std::memory_order_relaxed); }

  // Processor time of thread 0, as of the last tick. Microseconds.
  int64_t main_thread_system_us() const noexcept { return main_system_us_.load(std::memory_order_relaxed); }
  int64_t main_thread_user_us() const noexcept { return main_user_us_.load(std::memory_order_relaxed); }

  Text replication_id() const;  // 40 hex digits; throws std::bad_alloc
  void change_replication_id();

  void monitored_command(Connection& connection, const Command& command, Args args) noexcept override;
  void slow_command(const CommandEvent& event) noexcept override;
  void latency(std::string_view event, int64_t milliseconds) noexcept override;
  void login_failed(const Connection& connection, std::string_view command,
                    std::string_view user) noexcept override;
  void cron(int64_t now_ms) noexcept override;
  void connection_closed(Connection& connection) noexcept override;

 private:
  void look_at_clients() noexcept;

  Server& server_;
  AclLog acl_log_;
  SlowLog slow_log_;
  LatencyMonitor latency_;
  Monitors monitors_;
  ProcessSampler process_sampler_;
  std::atomic<size_t> recent_max_input_{0};
  std::atomic<size_t> recent_max_output_{0};
  std::atomic<int64_t> main_system_us_{0};
  std::atomic<int64_t> main_user_us_{0};
  int64_t last_look_ms_ = 0;  // cron's own
  mutable std::mutex replication_id_mutex_;
  char replication_id_[40];
};

// The extension of the server that runs this command.
AdminExtension& extension_of(const Call& call) noexcept;

// "127.0.0.1:6379", "[::1]:6379" or "/path/of/socket:0", as CLIENT LIST shows it.
std::string address_text(const Connection& connection, const SocketAddress& address);

// Lower-case hex digits from the system's random generator.
void random_hex(char* out, size_t digits);

}  // namespace plimsoll::server
