#pragma once

#include <resp_client/connection.h>

#include <utility>

namespace plimsoll::client {

// An owned file descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

// A connected, non-blocking socket. Throws ConnectionError.
Socket connect_to(const Endpoint& endpoint, const ConnectionOptions& options);

enum class Ready { kSocket, kCancelled, kTimeout };

// Waits until one of `events` (as poll takes them) or an error is pending on `fd`, the cancel descriptor is
// readable, or `timeout` passes; zero waits for ever.
Ready wait_for(int fd, short events, int cancel_fd, std::chrono::milliseconds timeout);

}  // namespace plimsoll::client
