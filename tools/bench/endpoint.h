#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll::bench {

/// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd();

  int get() const { return fd_; }
  int release();

 private:
  int fd_ = -1;
};

/// Where a server listens.
struct Endpoint {
  std::string unix_path;  // if not empty, a unix socket; host and port mean nothing
  std::string host;
  uint16_t port = 0;

  std::string text() const;
};

/// `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`. Throws UsageError.
Endpoint parse_endpoint(std::string_view text);

/// A connected, non-blocking stream socket (TCP_NODELAY on TCP). Throws BenchError, also after `timeout_ms`.
UniqueFd connect_to(const Endpoint& endpoint, int timeout_ms);

/// True if the peer of the connected socket runs on this machine.
bool is_local_peer(int fd);

/// Raises this process's soft limit of open files as far as `wanted` needs it. Throws BenchError if the hard
/// limit is lower.
void allow_open_files(uint64_t wanted);

/// Waits until poll() reports one of `events`; false after `timeout_ms`. Throws BenchError.
bool wait_for(int fd, short events, int timeout_ms);

}  // namespace plimsoll::bench
