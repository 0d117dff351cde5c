#pragma once

#include <plimsoll/resp/value.h>

#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string_view>

#include "options.h"
#include "session.h"
#include "signal_pipe.h"

namespace plimsoll::cli {

// The server answered a mode's question with an error, or with something else than it asked for.
class ModeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What the modes share: a session whose waits an interrupt ends.
class ModeSession {
 public:
  explicit ModeSession(const Options& options);

  bool connect() { return session_.connect(); }
  client::Connection& connection() { return session_.connection(); }
  const client::Endpoint& endpoint() const { return session_.endpoint(); }

  // Throws ModeError for an error reply.
  resp::Value ask(std::initializer_list<std::string_view> command);
  resp::Value next_reply();

  // False if the time was cut short by an interrupt.
  bool pause(double seconds) { return pause_for(seconds, interrupt_.fd()); }
  bool interrupted() const { return interrupt_.raised(); }
  int interrupt_fd() const { return interrupt_.fd(); }

 private:
  SignalPipe interrupt_;
  Session session_;
};

// Connects and runs `body`. An interrupt ends it with status 0; a failure is told on standard error and is 1.
int run_mode(const Options& options, const std::function<int(ModeSession&)>& body);

}  // namespace plimsoll::cli
