#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "case_file.h"
#include "differences.h"
#include "server_pair.h"

namespace plimsoll::wire {

// How the commands of a script reach the servers. Replies must not depend on it.
enum class Delivery {
  kStepwise,   // each command after the reply to the one before
  kOneWrite,   // commands up to the next directive in one write
  kFragments,  // the same bytes in many small writes
};

struct RunOptions {
  int protocol = 2;
  Delivery delivery = Delivery::kStepwise;
  uint64_t seed = 1;  // of the fragments' sizes
};

struct RunResult {
  std::vector<std::string> mismatches;        // each with place, command and both replies
  std::vector<std::string> differing_listed;  // patterns of listed differences seen to differ
};

// Runs one script against both servers on connections of its own and compares every reply.
class ScriptRunner {
 public:
  ScriptRunner(ServerPair& servers, const Differences& differences, RunOptions options);

  // Empties the servers first. Stops at a lost connection and after a few mismatches.
  RunResult run(const Script& script);

 private:
  struct Ends {
    test::RawConnection reference, tested;
  };
  struct Variables {
    std::map<std::string, std::string> reference, tested;
  };

  Ends connect(bool hello);
  void empty_the_servers();
  void use(const std::string& name);
  void take(const Step& step);
  void send(const std::string& reference, const std::string& tested);
  void flush();
  void read_and_compare(const Step& step);
  void check(const Step& step, const std::string& reference, const std::string& tested);
  static void wait_until_alone(Ends& ends);
  void until(const Step& step);
  void scan(const Step& step);
  void let(const Step& step);
  void report(const Step& step, const std::string& why);
  std::string encode(const Step& step, const std::map<std::string, std::string>& variables) const;

  ServerPair& servers_;
  const Differences& differences_;
  RunOptions options_;
  std::mt19937_64 random_;
  const Script* script_ = nullptr;
  std::map<std::string, std::unique_ptr<Ends>> connections_;
  Ends* current_ = nullptr;
  std::vector<const Step*> pending_;  // commands not sent yet
  Variables variables_;
  RunResult result_;
};

// Iterates a SCAN-like command to its end: argv is the command with its cursor 0 at `cursor_at`. Appends what
// each page held to `seen`. Returns the reply if it is an error, an empty string otherwise. Throws after very
// many pages.
std::string scan_to_end(test::RawConnection& connection, std::vector<std::string> argv, size_t cursor_at,
                        std::vector<std::string>& seen);

}  // namespace plimsoll::wire
