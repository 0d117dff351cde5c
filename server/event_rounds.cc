#include "event_rounds.h"

// reactor.hpp compiles only behind io_context.hpp.
// clang-format off
#include <asio/io_context.hpp>
#include <asio/detail/reactor.hpp>
#include <asio/detail/op_queue.hpp>
// clang-format on

namespace plimsoll::server {

class EventRounds::Reactor final : public asio::detail::reactor {
 public:
  using Operations = asio::detail::op_queue<asio::detail::operation>;

  Reactor(asio::io_context& context, void* owner, Callback at_end)
      : asio::detail::reactor(context), owner_(owner), at_end_(at_end) {}

  // What the callback posts lies in `operations`, or interrupts the wait.
  void run(long usec, Operations& operations) override {
    at_end_(owner_);
    asio::detail::reactor::run(operations.empty() ? usec : 0, operations);
    using Access = asio::detail::op_queue_access;
    const asio::detail::operation* first = Access::front(operations);
    several_ = first != nullptr && Access::next(Access::front(operations)) != nullptr;
  }

  bool several() const noexcept { return several_; }

 private:
  void* owner_;
  Callback at_end_;
  bool several_ = false;
};

namespace {

template <class Service>
Service& added(asio::io_context& context, Service* service) {
  asio::add_service<asio::detail::reactor>(context, service);  // owns it from now on
  return *service;
}

}  // namespace

EventRounds::EventRounds(asio::io_context& context, void* owner, Callback at_end)
    : reactor_(added(context, new Reactor(context, owner, at_end))) {}

bool EventRounds::several() const noexcept {
  return reactor_.several();
}

}  // namespace plimsoll::server
