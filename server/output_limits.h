#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace plimsoll::server {

// The classes of client-output-buffer-limit.
enum class ClientClass : uint8_t { normal, replica, pubsub };

// Bytes of pending output at which a client is closed: at once above `hard`, after `soft_seconds` on end
// above `soft`. 0: no limit.
struct OutputLimit {
  size_t hard = 0;
  size_t soft = 0;
  int64_t soft_seconds = 0;
};

// client-output-buffer-limit in the form that is read on every turn of a connection. Any thread.
class OutputLimits {
 public:
  OutputLimit get(ClientClass client_class) const noexcept {
    const Row& row = rows_[static_cast<size_t>(client_class)];
    return {row.hard.load(std::memory_order_relaxed), row.soft.load(std::memory_order_relaxed),
            row.soft_seconds.load(std::memory_order_relaxed)};
  }
  void set(ClientClass client_class, const OutputLimit& limit) noexcept {
    Row& row = rows_[static_cast<size_t>(client_class)];
    row.hard.store(limit.hard, std::memory_order_relaxed);
    row.soft.store(limit.soft, std::memory_order_relaxed);
    row.soft_seconds.store(limit.soft_seconds, std::memory_order_relaxed);
  }

 private:
  struct Row {
    std::atomic<size_t> hard{0};
    std::atomic<size_t> soft{0};
    std::atomic<int64_t> soft_seconds{0};
  };
  std::array<Row, 3> rows_;
};

}  // namespace plimsoll::server
