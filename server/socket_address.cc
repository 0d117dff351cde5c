#include "socket_address.h"

#include <arpa/inet.h>

#include <cstring>

namespace plimsoll::server {

SocketAddress SocketAddress::unix_socket() noexcept {
  SocketAddress address;
  address.family_ = AF_UNIX;
  return address;
}

SocketAddress SocketAddress::from(const sockaddr_storage& storage) noexcept {
  SocketAddress address;
  address.family_ = storage.ss_family;
  if (storage.ss_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &storage, sizeof(in));
    address.v4_ = in.sin_addr;
    address.port_ = ntohs(in.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, &storage, sizeof(in6));
    address.v6_ = in6.sin6_addr;
    address.port_ = ntohs(in6.sin6_port);
  }
  return address;
}

SocketAddress SocketAddress::of_peer(int fd) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return from(storage);
}

SocketAddress SocketAddress::of_local(int fd) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return from(storage);
}

bool SocketAddress::is_loopback() const noexcept {
  if (family_ == AF_INET) return (ntohl(v4_.s_addr) >> 24) == 127;
  if (family_ != AF_INET6) return false;
  if (IN6_IS_ADDR_V4MAPPED(&v6_)) return v6_.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6_);
}

std::string SocketAddress::text(const std::string& unix_path) const {
  char host[INET6_ADDRSTRLEN] = "?";
  if (family_ == AF_UNIX) return unix_path + ":0";
  if (family_ == AF_INET) ::inet_ntop(AF_INET, &v4_, host, sizeof(host));
  if (family_ != AF_INET6) return std::string(host) + ":" + std::to_string(port_);
  ::inet_ntop(AF_INET6, &v6_, host, sizeof(host));
  return "[" + std::string(host) + "]:" + std::to_string(port_);
}

}  // namespace plimsoll::server
