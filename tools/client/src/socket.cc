#include "socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace plimsoll::client {
namespace {

using Kind = ConnectionError::Kind;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::string system_reason(int error) {
  return std::strerror(error);
}

[[noreturn]] void fail_connect(const std::string& reason) {
  throw ConnectionError(Kind::kConnect, reason);
}

// Returns 0 or the error number of connecting `fd`, which stays non-blocking.
int connect_socket(int fd, const sockaddr* address, socklen_t length, const ConnectionOptions& options) {
  if (::connect(fd, address, length) == 0) return 0;
  if (errno != EINPROGRESS && errno != EINTR) return errno;
  switch (wait_for(fd, POLLOUT, options.cancel_fd, options.connect_timeout)) {
    case Ready::kCancelled:
      throw ConnectionError(Kind::kCancelled, "cancelled");
    case Ready::kTimeout:
      throw ConnectionError(Kind::kTimeout, system_reason(ETIMEDOUT));
    case Ready::kSocket:
      break;
  }
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

Socket new_socket(int family) {
  Socket socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) fail_connect(system_reason(errno));
  return socket;
}

Socket connect_unix(const std::string& path, const ConnectionOptions& options) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) fail_connect("the socket's path is too long");
  path.copy(address.sun_path, path.size());
  Socket socket = new_socket(AF_UNIX);
  const int error =
      connect_socket(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address, options);
  if (error != 0) fail_connect(system_reason(error));
  return socket;
}

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Addresses resolve(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const std::string port = std::to_string(endpoint.port);
  int error = 0;
  for (const int family : {AF_INET, AF_INET6}) {
    hints.ai_family = family;
    addrinfo* found = nullptr;
    const int status = getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found);
    if (status == 0) return Addresses(found, &freeaddrinfo);
    if (error == 0) error = status;
  }
  fail_connect(gai_strerror(error));
}

// Keepalive finds out about a peer that vanished without a word while we wait for ever.
void tune_tcp(int fd) {
  const int on = 1;
  const int idle_seconds = 15;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
}

Socket connect_tcp(const Endpoint& endpoint, const ConnectionOptions& options) {
  const Addresses addresses = resolve(endpoint);
  int error = 0;
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    Socket socket = new_socket(each->ai_family);
    error = connect_socket(socket.fd(), each->ai_addr, each->ai_addrlen, options);
    if (error == 0) {
      tune_tcp(socket.fd());
      return socket;
    }
  }
  fail_connect(system_reason(error));
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Socket connect_to(const Endpoint& endpoint, const ConnectionOptions& options) {
  return endpoint.unix_socket.empty() ? connect_tcp(endpoint, options)
                                      : connect_unix(endpoint.unix_socket, options);
}

Ready wait_for(int fd, short events, int cancel_fd, milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  pollfd polled[2] = {{fd, events, 0}, {cancel_fd, POLLIN, 0}};
  while (true) {
    int patience = -1;
    if (timeout.count() > 0) {
      const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
      patience = left > 0 ? static_cast<int>(left) : 0;
    }
    const int count = ::poll(polled, 2, patience);
    if (count < 0 && errno != EINTR) throw ConnectionError(Kind::kIo, system_reason(errno));
    if (count == 0) return Ready::kTimeout;
    if (count < 0) continue;
    // Cancelling wins: a server that never stops sending must not outrun it.
    if (polled[1].revents != 0) return Ready::kCancelled;
    return Ready::kSocket;
  }
}

}  // namespace plimsoll::client
