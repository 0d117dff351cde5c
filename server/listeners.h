#pragma once

#include <zmalloc/allocator.h>

#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "config.h"
#include "readiness.h"

namespace plimsoll::server {

class IoThread;
class Server;
class SocketAddress;

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

// A descriptor kept for the day when there is none left: giving it up for a moment lets a client in, so that
// it can be told.
class SpareDescriptor {
 public:
  SpareDescriptor() noexcept { take(); }
  SpareDescriptor(const SpareDescriptor&) = delete;
  SpareDescriptor& operator=(const SpareDescriptor&) = delete;
  ~SpareDescriptor() { give_up(); }
  void take() noexcept;     // does nothing if it is held, or there is none
  bool give_up() noexcept;  // false if it was not held

 private:
  int fd_ = -1;
};

// Accepts connections for the server, on the io_context of thread 0. Where the process has no descriptor left
// clients are refused; an accept that fails in another way is tried again at the next poll(). Nothing stops
// the others.
class Listeners {
 public:
  explicit Listeners(IoThread& thread) noexcept : thread_(thread) {}

  // Thread 0, or before it runs. Throws std::bad_alloc, keeping what was there.
  void watch(ListeningSockets sockets);
  void watch_replacement() noexcept;  // of replace_tcp(), if there is one; lack of memory leaves it to poll()
  void stop_all() noexcept;
  void poll() noexcept;  // thread 0, every tick

  // Whoever changes the configuration, on any thread, one at a time: the TCP sockets cease to listen, so that
  // their addresses can be bound again; then others take their place, or they listen once more.
  void suspend_tcp() noexcept;
  void replace_tcp(ListeningSockets sockets);  // throws std::bad_alloc, and then they are still suspended
  void reinstate_tcp(int backlog) noexcept;

 private:
  struct Listener {
    Listener(Listeners& owner, ListeningSocket owned) noexcept;
    void accept() noexcept;
    int accept_one(SocketAddress& peer) noexcept;  // -1 and errno
    bool refuse_one() noexcept;
    Listeners& listeners;
    ListeningSocket socket;
    bool missed = false;  // there may be connections for which no edge will come
    Readiness readiness;
  };

  using Watched = zm::vector<zm::unique_ptr<Listener, zm::Tag::server>, zm::Tag::server>;

  Watched make_listeners(ListeningSockets sockets);
  static void start(Watched& listeners);  // all or none; throws
  Watched& tcp_in_effect() noexcept { return replacement_ ? *replacement_ : listeners_; }

  IoThread& thread_;
  SpareDescriptor spare_;    // thread 0
  bool complained_ = false;  // that accepting fails; until it works again
  std::mutex mutex_;         // of the next two
  Watched listeners_;        // only thread 0 changes it
  // The TCP listeners in effect from a change of the configuration until thread 0 watches them; those in
  // listeners_ do not listen then.
  std::optional<Watched> replacement_;
};

}  // namespace plimsoll::server
