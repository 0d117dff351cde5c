#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>

namespace plimsoll::server {

// No delay for small replies; and probes of a silent peer after `keepalive_seconds`, three of them within the
// same time, unless 0.
inline void set_tcp_options(int fd, int64_t keepalive_seconds) noexcept {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (keepalive_seconds <= 0) return;
  const int idle = static_cast<int>(keepalive_seconds);
  const int interval = std::max(idle / 3, 1);
  const int probes = 3;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

// The kernel holds no more than about so much that a peer does not take: for a unix socket all that was
// written, for TCP what was not sent yet; what is on its way is the peer's window. A unix socket may exceed
// its SO_SNDBUF by one buffer, and a buffer is up to half of it, rounded up to a power of two.
inline void limit_unsent(int fd, bool is_unix, size_t bytes) noexcept {
  const int most = static_cast<int>(bytes);
  if (is_unix) {
    const int quarter = most / 4;  // the kernel doubles it
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &quarter, sizeof(quarter));
  } else {
    ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof(most));
  }
}

}  // namespace plimsoll::server
