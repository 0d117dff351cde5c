#include "call_ring.h"

#include <liburing.h>
#include <sys/socket.h>
#include <zmalloc/zm.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "log.h"

namespace plimsoll::server {

bool CallRing::open() noexcept {
  if (state_ != State::untried) return state_ == State::open;
  void* memory = zm::try_allocate(zm::Tag::server, sizeof(io_uring));
  if (memory == nullptr) return false;
  ring_ = new (memory) io_uring{};
  const int error = io_uring_queue_init(kMost, ring_, 0);
  if (error != 0) {
    log_verbose("System calls are made one by one: io_uring: {}", std::strerror(-error));
    forget_ring();
    return false;
  }
  state_ = State::open;
  return true;
}

void CallRing::receive(size_t call, int fd, void* place, size_t room) noexcept {
  io_uring_sqe* entry = io_uring_get_sqe(ring_);
  io_uring_prep_recv(entry, fd, place, room, MSG_DONTWAIT);
  io_uring_sqe_set_data64(entry, call);
  ++added_;
}

void CallRing::send(size_t call, int fd, const void* bytes, size_t size) noexcept {
  io_uring_sqe* entry = io_uring_get_sqe(ring_);
  io_uring_prep_send(entry, fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  io_uring_sqe_set_data64(entry, call);
  ++added_;
}

// The kernel takes all or, interrupted or short of memory, some of them; those it has taken it completes.
void CallRing::run(std::span<int> results) noexcept {
  size_t taken = 0, done = 0;
  while (done < added_) {
    const int n = io_uring_submit_and_wait(ring_, static_cast<unsigned>(added_ - done));
    if (n > 0) taken += static_cast<size_t>(n);
    done += take_results(results);
    if (n >= 0 || n == -EINTR || done < taken) continue;
    log_warning("System calls are made one by one from now on: io_uring: {}", std::strerror(-n));
    give_up();
    break;
  }
  added_ = 0;
}

size_t CallRing::take_results(std::span<int> results) noexcept {
  size_t count = 0;
  unsigned head;
  io_uring_cqe* completion;
  io_uring_for_each_cqe(ring_, head, completion) {
    results[io_uring_cqe_get_data64(completion)] = completion->res;
    ++count;
  }
  io_uring_cq_advance(ring_, static_cast<unsigned>(count));
  return count;
}

void CallRing::give_up() noexcept {
  if (ring_ != nullptr) io_uring_queue_exit(ring_);
  forget_ring();
}

void CallRing::forget_ring() noexcept {
  zm::deallocate(zm::Tag::server, ring_);
  ring_ = nullptr;
  state_ = State::unusable;
}

}  // namespace plimsoll::server
