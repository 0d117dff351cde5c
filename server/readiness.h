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
// Both directions are watched with operations that the reactor performs on every edge and that never
// complete: one epoll_ctl for the life of a descriptor and one more when it is first waited for to take
// bytes, none per batch, which is what async_wait would cost. The reactor offers this to its own internals
// only, hence asio::detail.
//
// Edges: on_readable comes when something arrives, and not again for what was left unread; whoever leaves
// bytes unread has to come back by itself. When bytes and the end of the stream arrive together there is one
// edge for both, so a reader that stops after a short read must look once more later (see
// IoThread::look_again_later). On_writable comes once for each want_write(), when a descriptor that refused
// bytes (EAGAIN) takes some again or has failed; for one that was never full no edge may come.
//
// The callbacks run on the io_context's thread, outside its locks, and may close the descriptor or destroy
// the Readiness. That is safe because an operation that never completes is never moved from the descriptor's
// queues to the scheduler's: stop() takes it out of the only place that refers to it, and perform() leaves
// it alone after the callback. What the reactor goes on using is its own record of the descriptor, which it
// keeps; events still on their way to that find no operation, or the next descriptor's, for which they are
// a needless look.
class Readiness {
 public:
  using Callback = void (*)(void* owner) noexcept;

  Readiness(asio::io_context& context, void* owner, Callback on_readable, Callback on_writable) noexcept;
  ~Readiness() { stop(); }
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Starts watching for reads. REQUIRES: the io_context's thread, or that it does not run yet. Throws
  // std::bad_alloc or asio::system_error.
  void start(int fd);
  // One call of on_writable when the descriptor takes bytes again; nothing if that is being waited for
  // already. REQUIRES: the last write was refused with EAGAIN.
  void want_write() noexcept;
  // No callbacks from now on. The descriptor stays open.
  void stop() noexcept;

 private:
  using Reactor = asio::detail::reactor;

  struct Op : asio::detail::reactor_op {
    Op(Readiness& readiness, perform_func_type function)
        : reactor_op({}, function, &ignore), owner(readiness) {}
    static void ignore(void*, asio::detail::operation*, const asio::error_code&, std::size_t) {}
    Readiness& owner;
  };
  struct ReadOp : Op {
    explicit ReadOp(Readiness& readiness) : Op(readiness, &perform) {}
    static status perform(reactor_op* op);
  };
  struct WriteOp : Op {
    explicit WriteOp(Readiness& readiness) : Op(readiness, &perform) {}
    static status perform(reactor_op* op);
  };

  void queue(int type, Op& op, bool speculative) noexcept;

  Reactor& reactor_;
  Reactor::per_descriptor_data registration_ = nullptr;
  int fd_ = -1;
  bool reading_ = false;       // read_op_ is queued
  bool write_queued_ = false;  // write_op_ is queued
  bool write_wanted_ = false;
  ReadOp read_op_;
  WriteOp write_op_;
  void* owner_;
  Callback on_readable_;
  Callback on_writable_;
};

}  // namespace plimsoll::server
