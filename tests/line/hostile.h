#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "line_server.h"

namespace plimsoll::test {

// Clients that would sink a server. Each keeps its connections until it is destroyed.

// Sends blindly what the sockets take, in turns, until all is sent or nothing is taken for a while.
class BlindWriters {
 public:
  BlindWriters(const LineServer& server, size_t connections);

  // The same text for each. Returns how many bytes were taken in all.
  uint64_t send(const std::string& text);
  // Now the first one reads after all. How many times `reply` comes, at most `times`: until something else
  // does, or nothing for some seconds.
  uint64_t read(const std::string& reply, uint64_t times);
  size_t connections() const noexcept { return connections_.size(); }

 private:
  std::vector<RawConnection> connections_;
};

// Ask for about `reply_bytes` each, by GETs of `keys`, and never read.
uint64_t ask_and_never_read(BlindWriters& clients, const std::vector<std::string>& keys, size_t value_bytes,
                            size_t reply_bytes);

// Announce a value of `announced` bytes under a key of their own, send `sent` of them, and nothing more.
uint64_t send_half_a_value(BlindWriters& clients, size_t announced, size_t sent);

// All of these at once, on a thread of its own: 200 that ask for 30 MB each and never read, 64 that send half
// of a value of 20 MB, and 10,000 that do nothing (one for each 26 KB of a smaller group); then one asks for
// a value of 512 MB, and writes 100 values of a megabyte with one command. The server is to let in 11,000.
class HostileClients {
 public:
  explicit HostileClients(const LineServer& server) : thread_([this, &server] { run(server); }) {}
  ~HostileClients() { join(); }

  void join();  // until all is sent that the server takes
  // After join(): bytes of requests for replies that are never read, and of values that were half sent.
  uint64_t asked() const noexcept { return asked_; }
  uint64_t half_sent() const noexcept { return half_sent_; }
  const std::string& huge_reply() const noexcept { return huge_reply_; }
  const std::string& mset_reply() const noexcept { return mset_reply_; }
  bool finished() const noexcept { return finished_; }  // before join(), too

 private:
  void run(const LineServer& server);

  std::unique_ptr<BlindWriters> readers_, halves_, idle_;
  uint64_t asked_ = 0, half_sent_ = 0;
  std::string huge_reply_, mset_reply_;
  std::atomic<bool> finished_{false};
  std::thread thread_;
};

// Lets this process have as many descriptors as it may.
void raise_own_file_limit();

}  // namespace plimsoll::test
