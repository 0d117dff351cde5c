#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "endpoint.h"

namespace plimsoll::bench {

/// A server and how to log in there.
struct Target {
  Endpoint endpoint;
  std::string user;
  std::string password;
  unsigned database = 0;
  bool resp3 = false;
  int timeout_ms = 30000;
};

/// One reply, decoded. `type` is its RESP type byte; a null has is_null set whatever its type.
struct Reply {
  char type = 0;
  bool is_null = false;
  std::string text;
  std::vector<Reply> items;

  bool is_error() const { return type == '-' || type == '!'; }
};

/// Appends the command in RESP form.
void append_command(std::string& out, const std::vector<std::string_view>& words);

/// A connection for single commands outside the measurement (INFO, CONFIG SET, …). Every call throws
/// BenchError when the server is lost, answers no RESP, or is silent for the target's timeout.
class Client {
 public:
  /// Connects, authenticates and selects the database as the target asks.
  explicit Client(const Target& target);

  Reply call(const std::vector<std::string_view>& words);
  /// As call(), but an error reply throws BenchError with the command's name.
  Reply must(const std::vector<std::string_view>& words);

  int fd() const { return fd_.get(); }
  /// Gives up the socket, set up and without unread replies.
  UniqueFd release() { return std::move(fd_); }

 private:
  void log_in(const Target& target);
  void send_all(std::string_view bytes);
  Reply read_reply(int depth);
  std::string read_line();
  std::string read_bytes(size_t size);
  void receive_more();

  std::string name_;
  int timeout_ms_;
  UniqueFd fd_;
  std::string buffer_;
  size_t read_at_ = 0;
};

}  // namespace plimsoll::bench
