#pragma once

#include <asio/io_context.hpp>
#include <chrono>

#include "readiness.h"

namespace plimsoll::server {

// Calls its owner at times, on the io_context's thread. Needs no memory once made, so that lack of memory
// never stops a clock.
class Ticker {
 public:
  using Callback = void (*)(void* owner) noexcept;

  // Throws std::bad_alloc or asio::system_error.
  Ticker(asio::io_context& context, void* owner, Callback on_tick);
  ~Ticker();

  // Any thread. Each replaces what was set before.
  void every(std::chrono::microseconds interval) noexcept;
  void once_in(std::chrono::microseconds delay) noexcept;
  void stop() noexcept;

 private:
  void set(std::chrono::microseconds first, std::chrono::microseconds interval) noexcept;
  void expired() noexcept;

  void* owner_;
  Callback on_tick_;
  int fd_;
  Readiness readiness_;
};

}  // namespace plimsoll::server
