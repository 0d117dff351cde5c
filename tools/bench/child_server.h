#pragma once

#include <sys/types.h>

#include <string>

#include "client.h"

namespace plimsoll::bench {

/// A folder of its own under the system's temporary folder, removed with all it holds.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A server started from a command line, and ended with its owner (SIGTERM, after 10 s SIGKILL; the kernel
/// ends it if this program dies). It runs in the current folder, its output goes to a temporary file.
///
/// In the command line `{socket}` becomes a socket path in a temporary folder and `{port}` a free TCP port of
/// 127.0.0.1; one of them must be there. It is read by /bin/sh, which is replaced by the server.
class ChildServer {
 public:
  /// Returns when the server answers PING. Throws BenchError with the end of its output if it ends or does
  /// not answer within the timeout.
  ChildServer(const std::string& command_line, int timeout_ms);
  ~ChildServer();
  ChildServer(const ChildServer&) = delete;
  ChildServer& operator=(const ChildServer&) = delete;

  const Target& target() const { return target_; }
  pid_t pid() const { return pid_; }

 private:
  void start(const std::string& command_line);
  void wait_until_ready(const std::string& command_line);
  bool has_ended();
  void end();
  std::string last_output() const;

  TemporaryFolder folder_;
  Target target_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
};

/// Replaces `{socket}` and `{port}` and sets `endpoint` to what was replaced. Throws UsageError if the
/// command line holds neither.
std::string place_endpoint(const std::string& command_line, const std::string& socket_path,
                           Endpoint& endpoint);

}  // namespace plimsoll::bench
