#include "support/raw_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "support/text.h"

namespace plimsoll::test {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
  throw ConnectionError(what + ": " + std::strerror(errno));
}

int connected_socket(int family, const sockaddr* address, socklen_t length, const std::string& name) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  if (connect(fd, address, length) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    fail("connect to " + name);
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

}  // namespace

RawConnection RawConnection::to_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw ConnectionError("socket path too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return RawConnection(
      connected_socket(AF_UNIX, reinterpret_cast<sockaddr*>(&address), sizeof address, path));
}

RawConnection RawConnection::to_tcp(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
    throw ConnectionError("not an address: " + host);
  const int fd = connected_socket(AF_INET, reinterpret_cast<sockaddr*>(&address), sizeof address,
                                  host + ":" + std::to_string(port));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return RawConnection(fd);
}

RawConnection::~RawConnection() {
  if (fd_ >= 0) close(fd_);
}

RawConnection::RawConnection(RawConnection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), deadline_(other.deadline_), input_(std::move(other.input_)) {}

RawConnection& RawConnection::operator=(RawConnection&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(deadline_, other.deadline_);
  std::swap(input_, other.input_);
  return *this;
}

short RawConnection::wait_for(short events, Clock::time_point until) const {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd waited{fd_, events, 0};
    const int ready = poll(&waited, 1, static_cast<int>(std::max<long long>(left, 0)));
    if (ready > 0) return waited.revents;
    if (ready == 0) {
      throw ConnectionTimeout("no complete reply within " + std::to_string(deadline_.count()) +
                              " ms; so far \"" + escaped(input_, 200) + "\"");
    }
    if (errno != EINTR) fail("poll");
  }
}

bool RawConnection::receive() {
  char buffer[65536];
  while (true) {
    const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got > 0) {
      input_.append(buffer, static_cast<size_t>(got));
      return true;
    }
    if (got == 0 || errno == ECONNRESET || errno == EPIPE) return false;
    if (errno == EAGAIN) return true;
    if (errno != EINTR) fail("recv");
  }
}

void RawConnection::send(std::string_view bytes) {
  const auto until = Clock::now() + deadline_;
  bool readable = true;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      const short events = wait_for(readable ? POLLOUT | POLLIN : POLLOUT, until);
      if (events & POLLIN) readable = receive();
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return;  // the reader of the replies finds out, after those that came before
    } else if (errno != EINTR) {
      fail("send");
    }
  }
}

void RawConnection::send_in_fragments(std::string_view bytes, std::mt19937_64& random) {
  const size_t largest = std::max<size_t>(32, bytes.size() / 50);
  while (!bytes.empty()) {
    const size_t size = std::min(bytes.size(), 1 + random() % largest);
    send(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

size_t RawConnection::send_unread(std::string_view bytes, std::chrono::milliseconds patience) const {
  size_t taken = 0;
  while (taken < bytes.size()) {
    const ssize_t n = ::send(fd_, bytes.data() + taken, bytes.size() - taken, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      taken += static_cast<size_t>(n);
      continue;
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR) break;
    pollfd wait{fd_, POLLOUT, 0};
    if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) break;
  }
  return taken;
}

std::string RawConnection::read_reply() {
  const auto until = Clock::now() + deadline_;
  ReplyScanner scanner;
  while (true) {
    if (const auto length = scanner.complete(input_)) {
      std::string reply = input_.substr(0, *length);
      input_.erase(0, *length);
      return reply;
    }
    wait_for(POLLIN, until);
    if (!receive())
      throw ConnectionError("the server closed the connection after \"" + escaped(input_, 200) + "\"");
  }
}

std::string RawConnection::read_until_closed() {
  const auto until = Clock::now() + deadline_;
  do {
    wait_for(POLLIN, until);
  } while (receive());
  return std::exchange(input_, {});
}

std::string RawConnection::call(const std::vector<std::string>& argv) {
  send(encode_command(argv));
  return read_reply();
}

void RawConnection::finish_sending() {
  shutdown(fd_, SHUT_WR);
}

int free_tcp_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  close(fd);
  if (!bound) fail("bind to a free port");
  return ntohs(address.sin_port);
}

}  // namespace plimsoll::test
