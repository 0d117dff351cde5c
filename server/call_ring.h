#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

struct io_uring;

namespace plimsoll::server {

// Receives and sends of several sockets in one system call: a ring of io_uring(7) that is filled, handed to
// the kernel and emptied at once. A system call has a price of its own, beside what it does; under a
// hypervisor it is most of a small recv() or send() (docs/performance.md).
//
// Nothing waits in it: each call is done when run() returns, as by a socket that does not block. For one
// thread at a time. Its memory is the kernel's and the library's: some pages.
class CallRing {
 public:
  static constexpr size_t kMost = 16;  // calls of one run
  // What became of a call: so many bytes, a negative errno, or this. It is to be made in the usual way then.
  static constexpr int kNotMade = -4096;

  // `allowed`: config io-uring.
  explicit CallRing(bool allowed) noexcept : state_(allowed ? State::untried : State::unusable) {}
  ~CallRing() { give_up(); }
  CallRing(const CallRing&) = delete;
  CallRing& operator=(const CallRing&) = delete;

  // False: the kernel has none, or forbids it (containers often do), or has failed before, or it is not
  // allowed.
  bool open() noexcept;

  // `call`: its place among the results, below kMost; each once in a run. What it points to stays until run()
  // has returned. REQUIRES: open().
  void receive(size_t call, int fd, void* place, size_t room) noexcept;
  void send(size_t call, int fd, const void* bytes, size_t size) noexcept;
  // Makes the calls that were added. Results of others are left alone.
  void run(std::span<int> results) noexcept;

 private:
  enum class State : uint8_t { untried, open, unusable };

  size_t take_results(std::span<int> results) noexcept;  // returns how many there were
  void give_up() noexcept;
  void forget_ring() noexcept;

  io_uring* ring_ = nullptr;  // while open
  State state_;
  size_t added_ = 0;
};

}  // namespace plimsoll::server
