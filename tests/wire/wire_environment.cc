#include "wire_environment.h"

#include <random>
#include <stdexcept>

namespace plimsoll::wire {

std::string wire_directory() {
  const std::string directory =
      test::environment_or("PLIMSOLL_WIRE_DIRECTORY", PLIMSOLL_WIRE_SOURCE_DIRECTORY);
  return directory;
}

const std::vector<Script>& all_scripts() {
  static const std::vector<Script> kScripts = read_case_directory(wire_directory() + "/cases");
  return kScripts;
}

const Differences& listed_differences() {
  static const Differences kDifferences = Differences::read(wire_directory() + "/differences.txt");
  return kDifferences;
}

uint64_t wire_seed() {
  static const uint64_t kSeed = [] {
    const std::string given = test::environment_or("PLIMSOLL_WIRE_SEED", "");
    return given.empty() ? std::random_device()() : std::stoull(given);
  }();
  return kSeed;
}

size_t wire_commands() {
  return std::stoull(test::environment_or("PLIMSOLL_WIRE_COMMANDS", "20000"));
}

RunResult run_script(const Script& script, RunOptions options) {
  if (!script.own_server) return ScriptRunner(shared_pair(), listed_differences(), options).run(script);
  ServerPair own(script.server_arguments);
  RunResult result = ScriptRunner(own, listed_differences(), options).run(script);
  const std::string wrong = own.end_tested();
  if (!wrong.empty()) result.mismatches.push_back(wrong);
  return result;
}

}  // namespace plimsoll::wire
