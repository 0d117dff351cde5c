#pragma once

#include <plimsoll/output_buffer.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "call_ring.h"

namespace plimsoll::server {

class Connection;

// Connections of one thread that have had their turns, and whose replies are to be sent together when the
// round ends. To wake a client that waits is the dearest part of a small reply, and the kernel does that for
// each that comes while it sleeps: who has several connections is woken by the first, and the others find it
// awake.
//
// Replies that are few, by few connections, for a short time: nobody waits long for others' turns. They lie
// in the connections' own output, in small chunks that are used again. One per I/O thread, for that thread
// only.
class HeldReplies {
 public:
  static constexpr size_t kMost = CallRing::kMost;  // connections
  static constexpr size_t kLargest = 4096 - 64;     // bytes of one, with its header a 4 KiB class
  static constexpr uint64_t kLongestNs = 200'000;

  // Moves `replies` to `output`, which is empty, and lists the connection. False, changing nothing: they are
  // too many, or there is no memory. `now_ns` is of a monotonic clock.
  bool hold(Connection& connection, OutputBuffer& replies, OutputBuffer& output, uint64_t now_ns) noexcept;
  // So many are held, or for so long, that they are to be sent although the round goes on. Not while
  // they are being sent.
  bool due(uint64_t now_ns) const noexcept {
    return count_ > 0 && next_ == 0 && (count_ == kMost || now_ns - since_ns_ > kLongestNs);
  }
  bool empty() const noexcept { return count_ == 0; }
  // Takes the next one off the list, in the order they came. Null: there is none, and others can be held.
  Connection* next() noexcept;
  // Has all that are held sent, by one system call where the ring can, and takes them off the list. It is
  // called by who may send others' replies: not again before it has returned.
  void send_all(CallRing& ring) noexcept;
  void forget(const Connection& connection) noexcept;

  // `sent`, which is empty, is given up, and its chunk kept if it came from here.
  void recycle(OutputBuffer& sent) noexcept;
  // Gives back memory that was not used since the last call.
  void trim() noexcept;

 private:
  void send_together(CallRing& ring) noexcept;

  std::array<Connection*, kMost> held_{};  // null: forgotten
  size_t count_ = 0, next_ = 0;
  uint64_t since_ns_ = 0;  // the first of them
  std::array<OutputBuffer, kMost> spares_;
  size_t spare_count_ = 0;
  bool used_ = false;
};

}  // namespace plimsoll::server
