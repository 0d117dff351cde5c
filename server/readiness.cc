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
  const int error = reactor_.register_internal_descriptor(Reactor::read_op, fd, registration_, &read_op_);
  fd_ = fd;
  if (error != 0) {
    stop();
    throw asio::system_error(asio::error_code(error, asio::error::get_system_category()));
  }
}

void Readiness::want_write() noexcept {
  if (writing_ || registration_ == nullptr) return;
  writing_ = true;
  reactor_.start_op(Reactor::write_op, fd_, registration_, &write_op_, /*is_continuation=*/true,
                    /*allow_speculative=*/false);
}

void Readiness::stop() noexcept {
  if (registration_ == nullptr) return;
  reactor_.deregister_internal_descriptor(fd_, registration_);
  reactor_.cleanup_descriptor_data(registration_);
  registration_ = nullptr;
  // start_op counted the queued operation as work; it was dropped without completing.
  if (writing_) asio::use_service<asio::detail::scheduler>(reactor_.context()).work_finished();
  writing_ = false;
}

// `op` may be gone when the callback returns.
asio::detail::reactor_op::status Readiness::ReadOp::perform(reactor_op* op) {
  Readiness& readiness = static_cast<ReadOp*>(op)->owner;
  readiness.on_readable_(readiness.owner_);
  return not_done;
}

void Readiness::WriteOp::complete(void* scheduler, asio::detail::operation* op, const asio::error_code&,
                                  std::size_t) {
  if (scheduler == nullptr) return;  // dropped, see stop()
  Readiness& readiness = static_cast<WriteOp*>(op)->owner;
  readiness.writing_ = false;
  readiness.on_writable_(readiness.owner_);
}

}  // namespace plimsoll::server
