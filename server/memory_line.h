#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <thread>

namespace plimsoll::server {

// What memory-line asks for.
struct LineSetting {
  enum class Kind : uint8_t {
    off,
    automatic,  // the memory cgroup's limit less a reserve; no line outside a limited cgroup
    bytes,
    percent,  // of the memory cgroup's limit, or of the machine's memory
  };
  Kind kind = Kind::automatic;
  uint64_t value = 0;
};

// "off", "auto", "N%" or a memory size. Throws ConfigError.
LineSetting parse_line_setting(std::string_view text);

// Keeps the process's memory line (zmalloc/line.h) where the configuration says, and measures what the line's
// ledger does not see, on a thread of its own: twenty times a second while memory changes (sooner at first:
// what is touched for the first time is much), once a second while it rests, never while there is no line.
// The limit of a cgroup is read each time, so the line follows one that is changed.
class MemoryLine {
 public:
  explicit MemoryLine(LineSetting setting);  // throws std::system_error
  ~MemoryLine();
  MemoryLine(const MemoryLine&) = delete;
  MemoryLine& operator=(const MemoryLine&) = delete;

  // What Linux holds for a client that does not read unless told otherwise: net.core.wmem_default.
  static constexpr size_t kUnsentByDefault = 208 * 1024;
  // What the kernel may hold for one of so many clients that does not read, so that half of the clients'
  // share would do for all, but no more than by default. 0 without a line.
  static size_t unsent_per_client(size_t clients) noexcept;

  // The line is where it shall be when this returns.
  void set(LineSetting setting) noexcept;

  // The kernel may have taken so much for clients: zm::line::expect_outside(). Once that is much it is
  // measured, here where the thread that shall do so comes too late: for some half a millisecond. Any thread.
  void expect_outside(size_t bytes) noexcept;
  // What the ledger does not see has changed much: it is measured within some ten milliseconds. Any thread.
  void measure_soon() noexcept;
  // The same if what it sees has: much of the rest comes with it. To be called some times a second. Any
  // thread.
  void measure_after_change() noexcept;
  // The same after a rest, at once. To be called after each batch of commands. Any thread.
  void measure_after_rest() noexcept {
    if (resting_.load(std::memory_order_relaxed)) measure_after_change();
  }

 private:
  static uint64_t resolve(LineSetting setting) noexcept;
  void apply() noexcept;
  void run() noexcept;

  std::mutex mutex_;
  std::condition_variable wake_;
  LineSetting setting_;
  std::atomic<size_t> held_{0};       // by the heap at the last measurement
  std::atomic<bool> resting_{false};  // the next measurement is further away than while memory changes
  bool stopping_ = false;
  std::atomic<bool> asked_{false};
  std::atomic_flag overdue_ = ATOMIC_FLAG_INIT;  // a thread that expected too much measures
  std::thread thread_;
};

}  // namespace plimsoll::server
