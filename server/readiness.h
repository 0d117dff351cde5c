#pragma once

// reactor.hpp compiles only behind io_context.hpp.
// clang-format off
#include <asio/io_context.hpp>
#include <asio/detail/reactor.hpp>
#include <asio/detail/reactor_op.hpp>
// clang-format on

namespace plimsoll::server {

// Tells one owner when its descriptor can be read or written. The one place that knows how readiness is
// learnt.
//
// Reading is watched with an operation that the reactor performs on every edge and that never completes: one
// epoll_ctl for the life of a descriptor, none per batch, which is what async_wait would cost. The reactor
// offers this to its own internals only, hence asio::detail.
//
// Edges: on_readable comes when something arrives, and not again for what was left unread; whoever leaves
// bytes unread has to come back by itself. When bytes and the end of the stream arrive together there is one
// edge for both, so a reader that stops after a short read must look once more later (see
// IoThread::look_again_later).
//
// The callbacks run on the io_context's thread, outside its locks, and may close the descriptor or destroy
// the Readiness.
class Readiness {
 public:
  using Callback = void (*)(void* owner) noexcept;

  Readiness(asio::io_context& context, void* owner, Callback on_readable, Callback on_writable) noexcept;
  ~Readiness() { stop(); }
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Starts watching for reads. Throws std::bad_alloc or asio::system_error.
  void start(int fd);
  // One call of on_writable when the descriptor takes bytes again; nothing if that is being waited for
  // already.
  void want_write() noexcept;
  // No callbacks from now on. The descriptor stays open.
  void stop() noexcept;

 private:
  using Reactor = asio::detail::reactor;

  struct ReadOp : asio::detail::reactor_op {
    explicit ReadOp(Readiness& readiness) : reactor_op({}, &perform, &ignore), owner(readiness) {}
    static status perform(reactor_op* op);
    static void ignore(void*, asio::detail::operation*, const asio::error_code&, std::size_t) {}
    Readiness& owner;
  };
  struct WriteOp : asio::detail::reactor_op {
    explicit WriteOp(Readiness& readiness) : reactor_op({}, &perform, &complete), owner(readiness) {}
    static status perform(reactor_op*) { return done; }
    static void complete(void* scheduler, asio::detail::operation* op, const asio::error_code&, std::size_t);
    Readiness& owner;
  };

  Reactor& reactor_;
  Reactor::per_descriptor_data registration_ = nullptr;
  int fd_ = -1;
  bool writing_ = false;  // write_op_ is queued
  ReadOp read_op_;
  WriteOp write_op_;
  void* owner_;
  Callback on_readable_;
  Callback on_writable_;
};

}  // namespace plimsoll::server
