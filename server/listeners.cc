#include "listeners.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io_thread.h"
#include "log.h"
#include "server.h"

namespace plimsoll::server {

namespace {

constexpr int kMostAcceptsInTurn = 1000;

}  // namespace

void SpareDescriptor::take() noexcept {
  if (fd_ < 0) fd_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool SpareDescriptor::give_up() noexcept {
  if (fd_ < 0) return false;
  ::close(fd_);
  fd_ = -1;
  return true;
}

Listeners::Listener::Listener(Listeners& owner, ListeningSocket owned) noexcept
    : listeners(owner),
      socket(std::move(owned)),
      readiness(
          owner.thread_.context(), this, [](void* self) noexcept { static_cast<Listener*>(self)->accept(); },
          [](void*) noexcept {}) {}

void Listeners::Listener::accept() noexcept {
  missed = false;
  for (int i = 0; i < kMostAcceptsInTurn; ++i) {
    SocketAddress peer = SocketAddress::unix_socket();
    const int fd = accept_one(peer);
    if (fd >= 0) {
      listeners.complained_ = false;
      listeners.thread_.server().accepted(fd, peer);
      continue;
    }
    const int error = errno;
    if (error == EINTR || error == ECONNABORTED) continue;
    if (error == EAGAIN || error == EWOULDBLOCK || error == EINVAL) return;  // EINVAL: it no longer listens
    if (!std::exchange(listeners.complained_, true))
      log_warning("Accepting client connection: accept: {}", std::strerror(error));
    if (error != EMFILE || !refuse_one()) break;
  }
  missed = true;
}

int Listeners::Listener::accept_one(SocketAddress& peer) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  const int fd =
      ::accept4(socket.fd(), reinterpret_cast<sockaddr*>(&storage), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0 && !socket.is_unix()) peer = SocketAddress::from(storage);
  return fd;
}

// With the spare descriptor. False: nobody waits any more, or another thread was quicker to take it.
bool Listeners::Listener::refuse_one() noexcept {
  if (!listeners.spare_.give_up()) return false;
  SocketAddress peer = SocketAddress::unix_socket();
  const int fd = accept_one(peer);
  if (fd >= 0) listeners.thread_.server().refuse_for_want_of_descriptors(fd);
  listeners.spare_.take();
  return fd >= 0;
}

Listeners::Watched Listeners::make_listeners(ListeningSockets sockets) {
  Watched made;
  made.reserve(sockets.size());
  for (ListeningSocket& socket : sockets) {
    made.push_back(zm::make_unique<Listener, zm::Tag::server>(*this, std::move(socket)));
  }
  return made;
}

void Listeners::start(Watched& listeners) {
  try {
    for (auto& listener : listeners) listener->readiness.start(listener->socket.fd());
  } catch (...) {
    for (auto& listener : listeners) listener->readiness.stop();
    throw;
  }
}

void Listeners::watch(ListeningSockets sockets) {
  Watched fresh = make_listeners(std::move(sockets));
  std::lock_guard lock(mutex_);
  listeners_.reserve(listeners_.size() + fresh.size());
  start(fresh);
  for (auto& listener : fresh) listeners_.push_back(std::move(listener));
}

void Listeners::watch_replacement() noexcept {
  std::lock_guard lock(mutex_);
  if (!replacement_) return;
  try {
    listeners_.reserve(listeners_.size() + replacement_->size());
    start(*replacement_);
  } catch (const std::exception& error) {
    log_warning("New listening sockets have to wait: {}", error.what());
    return;
  }
  std::erase_if(listeners_, [](const auto& listener) { return !listener->socket.is_unix(); });
  for (auto& listener : *replacement_) listeners_.push_back(std::move(listener));
  replacement_.reset();
}

void Listeners::stop_all() noexcept {
  std::lock_guard lock(mutex_);
  replacement_.reset();
  listeners_.clear();
}

// Only thread 0 changes the vector, so it needs no lock to read it.
void Listeners::poll() noexcept {
  watch_replacement();
  spare_.take();
  for (auto& listener : listeners_) {
    if (listener->missed) listener->accept();
  }
}

void Listeners::suspend_tcp() noexcept {
  std::lock_guard lock(mutex_);
  for (auto& listener : tcp_in_effect()) {
    if (!listener->socket.is_unix()) ::shutdown(listener->socket.fd(), SHUT_RDWR);
  }
}

void Listeners::replace_tcp(ListeningSockets sockets) {
  Watched fresh = make_listeners(std::move(sockets));
  std::lock_guard lock(mutex_);
  replacement_ = std::move(fresh);
}

void Listeners::reinstate_tcp(int backlog) noexcept {
  std::lock_guard lock(mutex_);
  for (auto& listener : tcp_in_effect()) {
    if (listener->socket.is_unix()) continue;
    if (::listen(listener->socket.fd(), backlog) != 0) {
      log_warning("A TCP address could not be listened on again: {}", std::strerror(errno));
    }
  }
}

}  // namespace plimsoll::server
