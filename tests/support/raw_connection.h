#pragma once

#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/resp_reply.h"

namespace plimsoll::test {

// The peer closed, answered nothing in time, or could not be reached.
class ConnectionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Of those: it answered nothing in time, and the connection is open.
class ConnectionTimeout : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
};

// A blocking connection to a RESP server that hands out replies as the bytes that came.
// Each call has the connection's deadline (10 s unless set) and throws ConnectionError when it passes.
// Not thread-safe.
class RawConnection {
 public:
  static RawConnection to_unix(const std::string& path);
  static RawConnection to_tcp(const std::string& host, int port);
  ~RawConnection();
  RawConnection(RawConnection&& other) noexcept;
  RawConnection& operator=(RawConnection&& other) noexcept;

  void set_deadline(std::chrono::milliseconds deadline) { deadline_ = deadline; }

  // Sends all bytes. Takes in replies meanwhile, so that two full socket buffers never face each other.
  void send(std::string_view bytes);
  // Sends all bytes in pieces of 1 to 32 bytes (of up to a 50th for long texts), each in a write of its own.
  void send_in_fragments(std::string_view bytes, std::mt19937_64& random);
  // Sends without ever reading. Returns how many bytes were taken before the socket took none for `patience`.
  size_t send_unread(std::string_view bytes, std::chrono::milliseconds patience) const;
  // Exactly one complete reply.
  std::string read_reply();
  // Everything that comes until the peer closes.
  std::string read_until_closed();
  // Sends a command and reads its reply.
  std::string call(const std::vector<std::string>& argv);
  // Closes the sending half: the server sees the end of input.
  void finish_sending();

  int descriptor() const { return fd_; }

 private:
  explicit RawConnection(int fd) : fd_(fd) {}
  // Waits for the events and returns those that came; throws past the deadline.
  short wait_for(short events, std::chrono::steady_clock::time_point until) const;
  // Reads what is there; false when the peer has closed.
  bool receive();

  int fd_ = -1;
  std::chrono::milliseconds deadline_{10'000};
  std::string input_;
};

// A TCP port on 127.0.0.1 that was free a moment ago; whoever uses it must be ready to try another.
int free_tcp_port();

}  // namespace plimsoll::test
