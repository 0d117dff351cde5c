#pragma once

#include <zmalloc/allocator.h>

#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "config.h"
#include "readiness.h"

namespace plimsoll::server {

class IoThread;
class Server;

class ListenError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A listening socket that is not watched yet.
class ListeningSocket {
 public:
  ListeningSocket(int fd, bool is_unix) noexcept : fd_(fd), is_unix_(is_unix) {}
  ListeningSocket(ListeningSocket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), is_unix_(other.is_unix_) {}
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();
  int fd() const noexcept { return fd_; }
  bool is_unix() const noexcept { return is_unix_; }

 private:
  int fd_;
  bool is_unix_;
};

using ListeningSockets = zm::vector<ListeningSocket, zm::Tag::server>;

// One socket for each of the addresses that `bind` names, in redis.conf's forms: "*" and "::*" for all of
// IPv4 and IPv6, and
// "-" in front of what may fail for want of the address. Throws ListenError.
ListeningSockets listen_on_tcp(std::span<const Config::Text> addresses, int port, int backlog);
// Replaces what stands at `path`. `mode` 0: as umask has it.
ListeningSocket listen_on_unix(const std::string& path, unsigned mode, int backlog);

// Accepts connections for the server, on the io_context of thread 0. An accept that fails for want of
// descriptors or memory is tried again at the next poll(); nothing stops the others.
class Listeners {
 public:
  explicit Listeners(IoThread& thread) noexcept : thread_(thread) {}

  // Thread 0, or before it runs. Throws std::bad_alloc, keeping what was there.
  void watch(ListeningSockets sockets);
  void stop_tcp() noexcept;  // thread 0
  void stop_all() noexcept;
  void poll() noexcept;  // thread 0, every tick

  // Any thread; the set of sockets is only changed by the one that changes the configuration or by thread 0
  // at the ends. TCP sockets cease to listen, so that their addresses can be bound again, or listen once
  // more.
  void suspend_tcp() noexcept;
  void reinstate_tcp(int backlog) noexcept;

 private:
  struct Listener {
    Listener(Listeners& owner, ListeningSocket owned);
    void accept() noexcept;
    Listeners& listeners;
    ListeningSocket socket;
    bool missed = false;  // there may be connections for which no edge will come
    Readiness readiness;
  };

  IoThread& thread_;
  mutable std::mutex mutex_;  // of the vector itself
  zm::vector<zm::unique_ptr<Listener, zm::Tag::server>, zm::Tag::server> listeners_;
};

}  // namespace plimsoll::server
