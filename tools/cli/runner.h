#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "session.h"
#include "signal_pipe.h"

namespace plimsoll::cli {

// Runs commands on a session and prints their replies, streams included.
class Runner {
 public:
  // `interrupt` null: an interrupt ends the program, and a lost connection is an error. Otherwise, in an
  // interactive session, an interrupt ends the command, and a command whose connection turns out lost is sent
  // once more on a new one.
  Runner(const Options& options, Session& session, SignalPipe* interrupt, bool interactive);

  enum class Outcome {
    kDone,
    kFailed,   // no answer: no connection, broken protocol
    kRefused,  // with -e, not interactive: the server answered with an error
  };

  // Runs `command`, not empty, `repeat` times, for ever if negative.
  Outcome run(const std::vector<std::string>& command, std::int64_t repeat);

 private:
  Outcome send_repeatedly(const std::vector<std::string>& command, std::int64_t& repeat);
  bool send_once(const std::vector<std::string>& command);
  bool answer(const std::vector<std::string>& command, const resp::Value& reply);
  void print(const std::vector<std::string>& command, const resp::Value& reply);
  void stream_monitor(const std::vector<std::string>& command);
  void stream_messages(const std::vector<std::string>& command);
  bool read_unsubscriptions(const std::vector<std::string>& command);

  const Options& options_;
  Session& session_;
  SignalPipe* interrupt_;
  bool interactive_;
};

// Replies of commands made for reading, like INFO, are printed as they are, whatever the output mode.
bool prints_verbatim(const std::vector<std::string>& command);

}  // namespace plimsoll::cli
