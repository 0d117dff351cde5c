#include "endpoint.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "error.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

UniqueFd new_socket(int family) {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) throw BenchError(with_errno("cannot create a socket", errno));
  return fd;
}

// 0, or the errno of the failure.
int connect_within(int fd, const sockaddr* address, socklen_t size, int timeout_ms) {
  if (::connect(fd, address, size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!wait_for(fd, POLLOUT, timeout_ms)) return ETIMEDOUT;
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

UniqueFd connect_unix(const Endpoint& endpoint, int timeout_ms) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (endpoint.unix_path.size() >= sizeof address.sun_path) {
    throw UsageError("the socket path '" + endpoint.unix_path + "' is too long");
  }
  std::memcpy(address.sun_path, endpoint.unix_path.c_str(), endpoint.unix_path.size() + 1);
  UniqueFd fd = new_socket(AF_UNIX);
  const int error =
      connect_within(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address, timeout_ms);
  if (error != 0) throw BenchError(with_errno("cannot connect to " + endpoint.text(), error));
  return fd;
}

UniqueFd connect_tcp(const Endpoint& endpoint, int timeout_ms) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (status != 0) {
    throw BenchError("cannot resolve '" + endpoint.host + "': " + std::string(::gai_strerror(status)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  int error = ECONNREFUSED;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    UniqueFd fd = new_socket(at->ai_family);
    error = connect_within(fd.get(), at->ai_addr, at->ai_addrlen, timeout_ms);
    if (error != 0) continue;
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
  }
  throw BenchError(with_errno("cannot connect to " + endpoint.text(), error));
}

// The address without the port, as bytes.
std::string address_bytes(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& ip = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    return {reinterpret_cast<const char*>(&ip), sizeof ip};
  }
  const auto& ip = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return {reinterpret_cast<const char*>(&ip), sizeof ip};
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

int UniqueFd::release() {
  return std::exchange(fd_, -1);
}

std::string Endpoint::text() const {
  if (!unix_path.empty()) return "unix:" + unix_path;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Endpoint parse_endpoint(std::string_view text) {
  static constexpr std::string_view kUnix = "unix:";
  Endpoint endpoint;
  if (text.substr(0, kUnix.size()) == kUnix) {
    endpoint.unix_path = text.substr(kUnix.size());
    if (endpoint.unix_path.empty()) throw UsageError("unix: needs a path after it");
    return endpoint;
  }
  const size_t colon = text.rfind(':');
  const uint64_t port =
      colon == std::string_view::npos ? 0 : parse_unsigned(text.substr(colon + 1)).value_or(0);
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host.empty() || port == 0 || port > 65535) {
    throw UsageError("'" + std::string(text) + "' is no server address (HOST:PORT or unix:PATH)");
  }
  endpoint.host = host;
  endpoint.port = static_cast<uint16_t>(port);
  return endpoint;
}

UniqueFd connect_to(const Endpoint& endpoint, int timeout_ms) {
  return endpoint.unix_path.empty() ? connect_tcp(endpoint, timeout_ms) : connect_unix(endpoint, timeout_ms);
}

bool is_local_peer(int fd) {
  sockaddr_storage peer{}, self{};
  socklen_t peer_size = sizeof peer, self_size = sizeof self;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) < 0) return false;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&self), &self_size) < 0) return false;
  if (peer.ss_family == AF_UNIX) return true;
  if (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) return false;
  if (peer.ss_family == AF_INET && address_bytes(peer)[0] == 127) return true;
  return address_bytes(peer) == address_bytes(self);
}

void allow_open_files(uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  if (limit.rlim_max < wanted) {
    throw BenchError("this process may open only " + std::to_string(limit.rlim_max) + " files (ulimit -n), " +
                     std::to_string(wanted) + " are needed");
  }
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

bool wait_for(int fd, short events, int timeout_ms) {
  pollfd entry{fd, events, 0};
  const int ready = ::poll(&entry, 1, timeout_ms);
  if (ready < 0 && errno == EINTR) throw BenchError("interrupted");
  if (ready < 0) throw BenchError(with_errno("poll failed", errno));
  return ready > 0;
}

}  // namespace plimsoll::bench
