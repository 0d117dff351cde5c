#include "readiness.h"

#include <asio/system_error.hpp>

namespace plimsoll::server {

Readiness::Readiness(asio::io_context& context, void* owner, Callback on_readable,
                     Callback on_writable) noexcept
    : reactor_(asio::use_service<Reactor>(context)),
      read_op_(*this),
      write_op_(*this),
      owner_(owner),
      on_readable_(on_readable),
      on_writable_(on_writable) {}

void Readiness::start(int fd) {
  reactor_.init_task();
  // Not register_internal_descriptor: that leaves the events unset to which start_op adds EPOLLOUT.
  const int error = reactor_.register_descriptor(fd, registration_);
  fd_ = fd;
  if (error != 0) {
    stop();
    throw asio::system_error(asio::error_code(error, asio::error::get_system_category()));
  }
  // Speculative, since that makes no system call; what is there already comes as the first edge.
  queue(Reactor::read_op, read_op_, true);
  reading_ = true;
}

// The reactor counts an operation as work of the io_context until it completes, which these never do.
void Readiness::queue(int type, Op& op, bool speculative) noexcept {
  reactor_.start_op(type, fd_, registration_, &op, /*is_continuation=*/true, speculative);
  asio::use_service<asio::detail::scheduler>(reactor_.context()).work_finished();
}

void Readiness::want_write() noexcept {
  if (registration_ == nullptr) return;
  write_wanted_ = true;
  if (write_queued_) return;
  // Adds EPOLLOUT to the events, for good; an edge that came before that is reported anew.
  queue(Reactor::write_op, write_op_, false);
  write_queued_ = true;
}

void Readiness::stop() noexcept {
  if (registration_ == nullptr) return;
  reactor_.deregister_internal_descriptor(fd_, registration_);
  reactor_.cleanup_descriptor_data(registration_);
  registration_ = nullptr;
  reading_ = write_queued_ = write_wanted_ = false;
}

// `op` may be gone when the callback returns.
asio::detail::reactor_op::status Readiness::ReadOp::perform(reactor_op* op) {
  Readiness& readiness = static_cast<ReadOp*>(op)->owner;
  if (readiness.reading_) readiness.on_readable_(readiness.owner_);
  return not_done;
}

// `op` may be gone when the callback returns.
asio::detail::reactor_op::status Readiness::WriteOp::perform(reactor_op* op) {
  Readiness& readiness = static_cast<WriteOp*>(op)->owner;
  if (readiness.write_wanted_) {
    readiness.write_wanted_ = false;
    readiness.on_writable_(readiness.owner_);
  }
  return not_done;
}

}  // namespace plimsoll::server
