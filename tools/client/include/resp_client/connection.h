#pragma once

#include <plimsoll/resp/decoder.h>
#include <plimsoll/resp/value.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace plimsoll::client {

using resp::Decoder;
using resp::DecoderLimits;
using resp::ProtocolError;
using resp::Type;
using resp::Value;

struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::string unix_socket;  // a path; when set, host and port are not used

  // "127.0.0.1:6379", "[::1]:6379" or the socket's path.
  std::string describe() const;
};

// Why talking to the server failed. what() is the reason alone ("Connection refused"), fit to follow "cannot
// do X: ".
class ConnectionError : public std::runtime_error {
 public:
  enum class Kind {
    kConnect,    // no connection was made
    kClosed,     // the server closed it
    kTimeout,    // a deadline of ConnectionOptions passed
    kCancelled,  // cancel_fd became readable
    kIo,         // anything else the system reported
  };
  ConnectionError(Kind kind, const std::string& reason) : std::runtime_error(reason), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

struct ConnectionOptions {
  using Milliseconds = std::chrono::milliseconds;
  Milliseconds connect_timeout{0};  // zero waits as long as the system does
  Milliseconds io_timeout{0};       // without progress, of one read or flush; zero waits for ever
  int cancel_fd = -1;               // when readable, every wait ends with kCancelled; not read, not owned
  DecoderLimits limits;
};

// One connection to a RESP server. Requests are queued, sent by flush() or by the first read, and answered in
// order, so pipelining is appending several before reading. While it sends it also receives, so a pipeline of
// any length cannot deadlock against the server. Not thread-safe. After an exception other than kCancelled
// and kTimeout while waiting for a reply, or after a ProtocolError, the connection is of no further use;
// destroy it.
class Connection {
 public:
  // Throws ConnectionError (kConnect, kTimeout, kCancelled). Names resolve to IPv4 first, then IPv6, and each
  // address is tried.
  static Connection open(const Endpoint& endpoint, const ConnectionOptions& options = {});

  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  void append(std::span<const std::string_view> args);
  void append(std::span<const std::string> args);
  void append(std::initializer_list<std::string_view> args);
  // Bytes that are requests already.
  void append_raw(std::string_view bytes);
  // Throws only kTimeout and kCancelled: a connection that broke says so at the next read, after the replies
  // that came.
  void flush();

  // The next reply, waiting for it. Flushes first. Pushes go to on_push if that is set, and count as replies
  // if not.
  Value read();
  // The same without waiting: only from what has been received already, or can be now.
  std::optional<Value> try_read();
  // The bytes on the wire of the last value read; valid until the next call.
  std::string_view raw() const;

  // append + read. Requests already in flight are the caller's to read first.
  Value call(std::initializer_list<std::string_view> args);
  Value call(std::span<const std::string> args);

  // Each returns the server's reply, which may be an error.
  Value authenticate(std::string_view user,
                     std::string_view password);  // an empty user means the default one
  Value hello(int protocol);
  Value select(int database);

  void set_on_push(std::function<void(const Value&)> on_push);

  int fd() const;
  std::size_t unsent_bytes() const;

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::optional<Value> decode();
  bool send_some();
  bool receive_some();
  void wait(bool for_write);
  void throw_failure() const;

  std::unique_ptr<State> state_;
};

}  // namespace plimsoll::client
