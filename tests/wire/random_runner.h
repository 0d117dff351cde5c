#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "differences.h"
#include "generator.h"
#include "server_pair.h"

namespace plimsoll::wire {

// What COMMAND LIST of a server says, in lower case and sorted; subcommands as "object|freq".
std::vector<std::string> registered_commands(const test::ServerProcess& server);

// Sends the same random commands to both servers in pipelined batches, compares each reply, and at the end
// all keys with their types, values and expiry times.
class RandomRunner {
 public:
  struct Options {
    uint64_t seed = 1;
    size_t commands = 10'000;
    int protocol = 2;
  };

  RandomRunner(ServerPair& servers, const Differences& differences, Options options);

  // The first mismatch with the seed and the commands before it, or nothing. Empties the servers first.
  std::optional<std::string> run();

 private:
  using Argv = std::vector<std::string>;

  void start();
  // Each returns what is wrong, if anything.
  std::optional<std::string> run_batch(const std::vector<GeneratedCommand>& batch);
  std::optional<std::string> run_scan(const GeneratedCommand& command);
  std::optional<std::string> compare_keyspaces();
  std::optional<std::string> compare_key(const std::string& key);
  std::optional<std::string> compare_call(const Argv& argv, const Rules& rules);
  std::optional<std::string> check(const Argv& argv, const std::string& reference, const std::string& tested,
                                   const Rules& rules) const;
  void remember(const Argv& argv);
  std::string context() const;

  ServerPair& servers_;
  const Differences& differences_;
  Options options_;
  Generator generator_;
  test::RawConnection reference_, tested_;
  std::deque<std::string> recent_;
  size_t sent_ = 0;
};

}  // namespace plimsoll::wire
