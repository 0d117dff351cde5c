#pragma once

#include <plimsoll/command_table.h>
#include <plimsoll/store.h>
#include <plimsoll/work_sink.h>
#include <zmalloc/allocator.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "active_defrag.h"
#include "command_stats.h"
#include "config.h"
#include "extension.h"
#include "io_thread.h"
#include "listeners.h"
#include "memory_line.h"
#include "output_limits.h"
#include "rate_sampler.h"
#include "ticker.h"

namespace plimsoll::server {

inline constexpr std::string_view kRedisVersion = "7.0.15";  // whose behaviour this server has

// Totals since the start or CONFIG RESETSTAT.
struct ServerTotals {
  uint64_t connections_received = 0;
  uint64_t connections_rejected = 0;
  uint64_t commands = 0;
  uint64_t input_bytes = 0;
  uint64_t output_bytes = 0;
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t ring_calls = 0;  // recv and send calls made several at a time
  uint64_t errors = 0;  // error replies
  uint64_t evicted_clients = 0;
  uint64_t query_buffer_limit_disconnections = 0;
  uint64_t output_buffer_limit_disconnections = 0;
  uint64_t unauthenticated_refusals = 0;  // acl_access_denied_auth
};

enum class PauseMode : uint8_t { none, write, all };

enum class RateMetric : uint8_t { commands, input_bytes, output_bytes, count };

// The whole program: store, configuration, I/O threads, listeners. Made once in main; handlers reach it
// through their connection: Connection::of(call.session()).server(). Unless noted, members are for any
// thread.
class Server final : private WorkSink {
 public:
  // Takes the configuration as it was read at the start. Throws what making the store or a thread throws.
  Server(Config& config, CommandTable& commands);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Store& store() noexcept { return *store_; }
  Config& config() noexcept { return config_; }
  const CommandTable& commands() const noexcept { return commands_; }

  // --- life ---
  void set_extension(zm::unique_ptr<ServerExtension, zm::Tag::server> extension) noexcept;  // before run()
  ServerExtension* extension() const noexcept { return extension_.get(); }                  // null if none
  // Listens, starts the threads, becomes I/O thread 0, and returns after shut_down(): the program's exit
  // status.
  int run();
  // Makes run() return soon. Connections get what is already written to them; nothing more is read.
  void shut_down() noexcept;
  bool shutting_down() const noexcept { return shutting_down_.load(std::memory_order_relaxed); }

  // --- identity ---
  std::string_view run_id() const noexcept { return {run_id_.data(), run_id_.size()}; }  // 40 hex digits
  int64_t start_ms() const noexcept { return start_ms_; }                                // Unix time
  int64_t uptime_seconds() const noexcept;
  std::string_view executable() const noexcept { return config_.executable(); }  // absolute path
  int tcp_port() const noexcept;  // really listened on; 0 if none
  uint64_t cron_ticks() const noexcept { return cron_ticks_.load(std::memory_order_relaxed); }

  // --- connections ---
  size_t thread_count() const noexcept { return threads_.size(); }
  IoThread& thread(size_t i) noexcept { return *threads_[i]; }
  const IoThread& thread(size_t i) const noexcept { return *threads_[i]; }
  size_t connection_count() const noexcept { return connections_.load(std::memory_order_relaxed); }

  // See IoThread: by thread, and by id within a thread; sort by id what shall look like Redis's order.
  template <class Visit>
  void for_each_connection(Visit&& visit) const {
    for (const auto& thread : threads_) thread->for_each_connection(visit);
  }
  template <class Visit>
  bool with_connection(uint64_t id, Visit&& visit) const {
    for (const auto& thread : threads_) {
      if (thread->with_connection(id, visit)) return true;
    }
    return false;
  }

  // Monitors: while the count is not 0, the extension's monitored_command is called.
  void add_monitor() noexcept { monitors_.fetch_add(1, std::memory_order_relaxed); }
  void remove_monitor() noexcept { monitors_.fetch_sub(1, std::memory_order_relaxed); }
  unsigned monitors() const noexcept { return monitors_.load(std::memory_order_relaxed); }
  // For LATENCY, if latency-monitor-threshold is reached.
  void note_latency(std::string_view event, int64_t us) noexcept {
    const int64_t threshold_ms = config_.number(Opt::latency_monitor_threshold);
    if (threshold_ms == 0 || us / 1000 < threshold_ms || extension_ == nullptr) return;
    extension_->latency(event, us / 1000);
  }

  // CLIENT PAUSE: commands that `mode` concerns wait until `until_ms` (Unix time). A running pause is only
  // ever widened, in time and in mode, as in Redis.
  void pause_clients(PauseMode mode, int64_t until_ms);
  void unpause_clients();
  PauseMode pause_mode() const noexcept;
  size_t paused_connections() const noexcept { return paused_.load(std::memory_order_relaxed); }

  // --- statistics ---
  ServerTotals totals() const noexcept;
  CommandTotals command_totals(uint32_t command_id) const noexcept;
  LatencyHistogram latency_histogram(uint32_t command_id) const;  // throws std::bad_alloc
  CommandStatistics::ErrorCounts error_counts() const;            // throws std::bad_alloc
  double rate(RateMetric metric) const noexcept;                  // per second, over the last 1.6 s
  void reset_statistics() noexcept;

  // --- memory ---
  const ActiveDefrag& active_defrag() const noexcept { return *active_defrag_; }
  size_t startup_memory() const noexcept {
    return startup_memory_.load(std::memory_order_relaxed);
  }                                     // used_memory after the start
  size_t peak_memory() const noexcept;  // of used_memory; looks at the current figure too
  int64_t peak_memory_ms() const noexcept { return peak_memory_ms_.load(std::memory_order_relaxed); }
  void reset_peak_memory() noexcept;
  // Bytes that connections hold for what has been announced and not received.
  size_t unfilled_input() const noexcept;
  // After every command: what one takes and the next gives back was a peak, too. Costs two loads.
  void note_peak_of_command() noexcept {
    const size_t used = zm::used_memory_fast();
    if (used > peak_memory_.load(std::memory_order_relaxed)) raise_peak(used);
  }

  // Of client-output-buffer-limit.
  OutputLimit output_limit(ClientClass client_class) const noexcept {
    return output_limits_.get(client_class);
  }
  // So much unsent output makes a connection wait. Below a memory line less does as clients have less left,
  // and any when that is nothing.
  bool too_much_output(size_t pending) const noexcept;
  // The kernel may have taken so much for clients' sockets: zmalloc/line.h.
  void expect_outside(size_t bytes) noexcept;
  // After each batch of commands: the first that follow a rest touch much that the line's ledger does not
  // see.
  void measure_after_rest() noexcept;
  // requirepass is set.
  bool has_password() const noexcept { return has_password_.load(std::memory_order_relaxed); }
  // maxmemory-clients in bytes, a share of maxmemory resolved; 0: no limit.
  size_t client_memory_limit() const noexcept;

  // --- for the core's own files ---
  // True if the command has to wait for the end of CLIENT PAUSE.
  bool paused_for(const Command& command) const noexcept {
    const PauseMode mode = pause_mode();
    if (mode == PauseMode::none) return false;
    return mode == PauseMode::all || (command.row->flags & (kWrite | kMayReplicate)) != 0;
  }
  void count_paused(int difference) noexcept { paused_.fetch_add(difference, std::memory_order_relaxed); }
  void count_connection(int difference) noexcept {
    connections_.fetch_add(difference, std::memory_order_relaxed);
  }
  // Gives an accepted socket to a thread, or answers why not and closes it. Thread 0.
  void accepted(int fd, const SocketAddress& peer) noexcept;
  // As one client too many.
  void refuse_for_want_of_descriptors(int fd) noexcept;
  void cron() noexcept;  // thread 0, hz times a second
  const std::atomic<uint32_t>& statistics_generation() const noexcept { return statistics_generation_; }

  struct Counters {
    std::atomic<uint64_t> connections_received{0};
    std::atomic<uint64_t> connections_rejected{0};
    std::atomic<uint64_t> evicted_clients{0};
    std::atomic<uint64_t> query_buffer_limit_disconnections{0};
    std::atomic<uint64_t> output_buffer_limit_disconnections{0};
    std::atomic<uint64_t> unauthenticated_refusals{0};
  };
  Counters& counters() noexcept { return counters_; }

 private:
  void expect_socket() noexcept;
  Options store_options();
  void took(StoreWork work, int64_t us) noexcept override;
  static Tuning tuning_of(const Config& config) noexcept;

  void register_hooks() noexcept;
  void apply_option(Opt id);  // throws ConfigError
  void apply_tcp(Opt id);
  void apply_file_limit();

  bool listen(const std::string& unix_path);
  bool start_threads(std::vector<std::thread>& running) noexcept;
  void maintain() noexcept;
  void sample_rates() noexcept;
  void note_peak() const noexcept;
  void raise_peak(size_t used) const noexcept;
  void evict_clients() noexcept;
  void end_pause_if_due() noexcept;
  void resume_paused() noexcept;
  ServerTotals raw_totals() const noexcept;  // since the start
  bool admit(int fd, const SocketAddress& peer) noexcept;
  void refuse(int fd, std::string_view reason) noexcept;

  Config& config_;
  CommandTable& commands_;
  std::atomic<uint32_t> statistics_generation_{0};
  zm::unique_ptr<Store, zm::Tag::server> store_;
  zm::unique_ptr<ServerExtension, zm::Tag::server> extension_;
  zm::vector<zm::unique_ptr<IoThread, zm::Tag::server>, zm::Tag::server> threads_;
  zm::unique_ptr<Listeners, zm::Tag::server> listeners_;
  zm::unique_ptr<Ticker, zm::Tag::server> maintenance_;  // once more, soon: thread 0
  zm::unique_ptr<Ticker, zm::Tag::server> pause_end_;    // thread 0
  zm::unique_ptr<ActiveDefrag, zm::Tag::server> active_defrag_;

  std::array<char, 40> run_id_;
  const int64_t start_ms_;
  const int64_t start_monotonic_us_;
  std::atomic<bool> shutting_down_{false};
  std::atomic<uint64_t> cron_ticks_{0};
  uint64_t next_connection_id_ = 1;  // thread 0
  std::atomic<size_t> connections_{0};
  std::atomic<unsigned> monitors_{0};
  std::atomic<size_t> paused_{0};
  std::mutex pause_mutex_;  // of changes of the next two
  std::atomic<PauseMode> pause_mode_{PauseMode::none};
  std::atomic<int64_t> pause_until_ms_{0};
  Counters counters_;
  mutable std::mutex baseline_mutex_;
  ServerTotals baseline_;  // the totals at the last reset
  std::array<RateSampler, static_cast<size_t>(RateMetric::count)> rates_;
  int64_t last_sample_us_ = 0;
  OutputLimits output_limits_;
  zm::unique_ptr<MemoryLine, zm::Tag::server> memory_line_;
  std::atomic<bool> has_password_{false};
  std::atomic<size_t> startup_memory_{0};
  mutable std::atomic<size_t> peak_memory_{0};
  mutable std::atomic<int64_t> peak_memory_ms_{0};
};

}  // namespace plimsoll::server
