#include "listeners.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "io_thread.h"
#include "log.h"
#include "server.h"

namespace plimsoll::server {

namespace {

constexpr int kMostAcceptsInTurn = 1000;

}  // namespace

Listeners::Listener::Listener(Listeners& owner, ListeningSocket owned)
    : listeners(owner),
      socket(std::move(owned)),
      readiness(
          owner.thread_.context(), this, [](void* self) noexcept { static_cast<Listener*>(self)->accept(); },
          [](void*) noexcept {}) {
  readiness.start(socket.fd());
}

void Listeners::Listener::accept() noexcept {
  missed = false;
  for (int i = 0; i < kMostAcceptsInTurn; ++i) {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    const int fd =
        ::accept4(socket.fd(), reinterpret_cast<sockaddr*>(&storage), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      const SocketAddress peer =
          socket.is_unix() ? SocketAddress::unix_socket() : SocketAddress::from(storage);
      listeners.thread_.server().accepted(fd, peer);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINVAL) return;  // EINVAL: it no longer listens
    log_warning("Accepting client connection: accept: {}", std::strerror(errno));
    break;
  }
  missed = true;
}

void Listeners::watch(ListeningSockets sockets) {
  zm::vector<zm::unique_ptr<Listener, zm::Tag::server>, zm::Tag::server> fresh;
  for (ListeningSocket& socket : sockets) {
    fresh.push_back(zm::make_unique<Listener, zm::Tag::server>(*this, std::move(socket)));
  }
  std::lock_guard lock(mutex_);
  listeners_.reserve(listeners_.size() + fresh.size());
  for (auto& listener : fresh) listeners_.push_back(std::move(listener));
}

void Listeners::stop_tcp() noexcept {
  std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [](const auto& listener) { return !listener->socket.is_unix(); });
}

void Listeners::stop_all() noexcept {
  std::lock_guard lock(mutex_);
  listeners_.clear();
}

// Only thread 0 changes the vector, so it needs no lock to read it.
void Listeners::poll() noexcept {
  for (auto& listener : listeners_) {
    if (listener->missed) listener->accept();
  }
}

void Listeners::suspend_tcp() noexcept {
  std::lock_guard lock(mutex_);
  for (auto& listener : listeners_) {
    if (!listener->socket.is_unix()) ::shutdown(listener->socket.fd(), SHUT_RDWR);
  }
}

void Listeners::reinstate_tcp(int backlog) noexcept {
  std::lock_guard lock(mutex_);
  for (auto& listener : listeners_) {
    if (!listener->socket.is_unix()) ::listen(listener->socket.fd(), backlog);
  }
}

}  // namespace plimsoll::server
