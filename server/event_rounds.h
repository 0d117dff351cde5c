#pragma once

#include <asio/io_context.hpp>

namespace plimsoll::server {

// The rounds that an io_context goes through: it looks for events, runs a handler for each, and looks again.
// Tells its owner when a round ends, before the next look, which may wait.
//
// Asio has no such call. Its scheduler runs the reactor as a task between the handlers of two rounds, by a
// virtual function; the reactor is a service, and here one that calls back first takes its place.
class EventRounds {
 public:
  using Callback = void (*)(void* owner) noexcept;

  // REQUIRES: nothing has used the context's reactor yet, and `owner` is there as long as the context runs.
  // Throws std::bad_alloc or asio::system_error.
  EventRounds(asio::io_context& context, void* owner, Callback at_end);

  // The last look found more than one event, so that other handlers run in this round.
  bool several() const noexcept;

 private:
  class Reactor;
  Reactor& reactor_;  // the context's
};

}  // namespace plimsoll::server
