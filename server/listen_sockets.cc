#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "listeners.h"
#include "log.h"

namespace plimsoll::server {

namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

// Of a machine that has no IPv6, say.
bool protocol_is_missing(int error) noexcept {
  return error == ENOPROTOOPT || error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT ||
         error == EPFNOSUPPORT || error == EAFNOSUPPORT;
}

int open_socket(const addrinfo& address, int backlog) noexcept {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  const bool ready =
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
      (address.ai_family != AF_INET6 || ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
      ::bind(fd, address.ai_addr, address.ai_addrlen) == 0 && ::listen(fd, backlog) == 0;
  if (ready) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

// -1 with errno set.
int listen_on_address(std::string_view name, int port, int backlog) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = name.find(':') != std::string_view::npos ? AF_INET6 : AF_INET;
  const bool any = name == "*" || name == "::*";
  addrinfo* found = nullptr;
  const std::string host(name);
  if (::getaddrinfo(any ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  int fd = -1;
  for (const addrinfo* each = found; each != nullptr && fd < 0; each = each->ai_next)
    fd = open_socket(*each, backlog);
  return fd;
}

}  // namespace

ListeningSocket::~ListeningSocket() {
  if (fd_ >= 0) ::close(fd_);
}

ListeningSockets listen_on_tcp(std::span<const Config::Text> addresses, int port, int backlog) {
  ListeningSockets sockets;
  if (port == 0) return sockets;
  sockets.reserve(addresses.size());  // what is opened has an owner, whatever memory is refused
  for (std::string_view name : addresses) {
    const bool optional = name.starts_with('-');
    if (optional) name.remove_prefix(1);
    const int fd = listen_on_address(name, port, backlog);
    if (fd >= 0) {
      sockets.emplace_back(fd, false);
      continue;
    }
    if (protocol_is_missing(errno) || (optional && errno == EADDRNOTAVAIL)) continue;
    const std::string reason = std::strerror(errno);
    log_warning("Warning: Could not create server TCP listening socket {}:{}: bind: {}", name, port, reason);
    throw ListenError(reason);
  }
  return sockets;
}

ListeningSocket listen_on_unix(const std::string& path, unsigned mode, int backlog) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) throw ListenError("bind: File name too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw ListenError(std::string("socket: ") + std::strerror(errno));
  ListeningSocket socket(fd, true);
  ::unlink(path.c_str());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw ListenError(std::string("bind: ") + std::strerror(errno));
  }
  if (mode != 0) ::chmod(path.c_str(), mode);
  if (::listen(fd, backlog) != 0) throw ListenError(std::string("listen: ") + std::strerror(errno));
  return socket;
}

}  // namespace plimsoll::server
