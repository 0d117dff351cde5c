#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>

namespace plimsoll::server {

// An IPv4 or IPv6 endpoint, or a unix socket, whose path is the server's own for all its clients.
class SocketAddress {
 public:
  SocketAddress() noexcept = default;  // "?:0"
  static SocketAddress unix_socket() noexcept;
  static SocketAddress from(const sockaddr_storage& storage) noexcept;
  static SocketAddress of_peer(int fd) noexcept;
  static SocketAddress of_local(int fd) noexcept;

  bool is_unix() const noexcept { return family_ == AF_UNIX; }
  bool is_loopback() const noexcept;  // 127/8 or ::1
  // "127.0.0.1:6379", "[::1]:6379", "<unix_path>:0": the forms of CLIENT LIST.
  std::string text(const std::string& unix_path) const;

 private:
  sa_family_t family_ = AF_UNSPEC;
  uint16_t port_ = 0;  // host order
  union {
    in_addr v4_;
    in6_addr v6_{};
  };
};

}  // namespace plimsoll::server
