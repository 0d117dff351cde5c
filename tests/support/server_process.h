#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/raw_connection.h"
#include "support/temp_directory.h"

namespace plimsoll::test {

// A server program run in a fresh directory of its own, on a unix socket there and, if asked, on a free TCP
// port of 127.0.0.1. Works for every program that takes redis-server's options (redis-server,
// plimsoll-server). The constructor returns when the server answers, and throws std::runtime_error with its
// log if it does not. The server ends with this object, and also if the test program is killed. Make it on a
// thread that outlives it: the kernel kills the server when that thread ends.
//
// A test whose server does not end well by itself fails: that is where sanitizers report races and leaks. Who
// has called stop(), or seen that it is not running(), looks at the status himself.
class ServerProcess {
 public:
  struct Options {
    std::string program;
    std::string configuration;           // text of a configuration file to start with; none if empty
    std::vector<std::string> arguments;  // after those that name the socket and turn saving off
    bool tcp = false;
    bool kill_at_end = false;  // the destructor sends SIGKILL, and does not look at how the server ended
    std::chrono::milliseconds start_deadline{20'000};
  };

  explicit ServerProcess(Options options);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  pid_t pid() const { return pid_; }
  const std::string& program() const { return options_.program; }
  const std::string& directory() const { return directory_.path(); }
  std::string configuration_path() const { return directory_.file("server.conf"); }
  std::string socket_path() const { return directory_.file("s"); }
  int port() const { return port_; }  // 0 unless Options::tcp

  RawConnection connect() const { return RawConnection::to_unix(socket_path()); }
  bool running();
  // What the server wrote to its standard output and error so far.
  std::string log() const;
  // Sends SIGTERM, then SIGKILL after the deadline; returns the wait status. Does nothing the second time.
  int stop(std::chrono::milliseconds deadline = std::chrono::milliseconds(10'000));

 private:
  void spawn();
  bool wait_until_answering();
  bool answers() const;
  // True when the process has ended within the time.
  bool wait_for_exit(std::chrono::milliseconds time);

  Options options_;
  TempDirectory directory_;
  pid_t pid_ = -1;
  int pid_fd_ = -1;
  int port_ = 0;
  int status_ = 0;
};

// The environment variable's value, or `otherwise`.
std::string environment_or(const char* name, const std::string& otherwise);

}  // namespace plimsoll::test
