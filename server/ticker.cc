#include "ticker.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <asio/system_error.hpp>
#include <cerrno>
#include <cstdint>

namespace plimsoll::server {

namespace {

timespec to_timespec(std::chrono::microseconds time) noexcept {
  return {static_cast<time_t>(time.count() / 1'000'000), static_cast<long>(time.count() % 1'000'000 * 1000)};
}

}  // namespace

Ticker::Ticker(asio::io_context& context, void* owner, Callback on_tick)
    : owner_(owner),
      on_tick_(on_tick),
      fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      readiness_(
          context, this, [](void* self) noexcept { static_cast<Ticker*>(self)->expired(); },
          [](void*) noexcept {}) {
  if (fd_ < 0)
    throw asio::system_error(asio::error_code(errno, asio::error::get_system_category()), "timerfd");
  try {
    readiness_.start(fd_);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

Ticker::~Ticker() {
  readiness_.stop();
  ::close(fd_);
}

void Ticker::every(std::chrono::microseconds interval) noexcept {
  set(interval, interval);
}
void Ticker::once_in(std::chrono::microseconds delay) noexcept {
  set(std::max(delay, std::chrono::microseconds(1)), std::chrono::microseconds(0));
}
void Ticker::stop() noexcept {
  set(std::chrono::microseconds(0), std::chrono::microseconds(0));
}

void Ticker::set(std::chrono::microseconds first, std::chrono::microseconds interval) noexcept {
  const itimerspec times{to_timespec(interval), to_timespec(first)};
  ::timerfd_settime(fd_, 0, &times, nullptr);
}

void Ticker::expired() noexcept {
  uint64_t times = 0;
  if (::read(fd_, &times, sizeof(times)) == sizeof(times)) on_tick_(owner_);
}

}  // namespace plimsoll::server
