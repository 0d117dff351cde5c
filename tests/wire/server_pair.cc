#include "server_pair.h"

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

namespace plimsoll::wire {
namespace {

using test::ServerProcess;

std::unique_ptr<ServerPair> shared;

ServerProcess::Options options(std::string program, const std::vector<std::string>& arguments,
                               const std::vector<std::string>& more = {}) {
  ServerProcess::Options result{.program = std::move(program),
                                .arguments = {"--enable-debug-command", "yes"}};
  result.arguments.insert(result.arguments.end(), arguments.begin(), arguments.end());
  result.arguments.insert(result.arguments.end(), more.begin(), more.end());
  return result;
}

ServerProcess::Options reference_options(const std::vector<std::string>& arguments) {
  ServerProcess::Options result = options(reference_program(), arguments);
  result.kill_at_end = true;
  return result;
}

}  // namespace

std::string reference_program() {
  return test::environment_or("PLIMSOLL_REDIS_SERVER", "redis-server");
}

std::string tested_program() {
  return test::environment_or("PLIMSOLL_SERVER_UNDER_TEST", reference_program());
}

bool compares_with_itself() {
  if (tested_program() == reference_program()) return true;
  std::error_code ignored;
  return std::filesystem::equivalent(tested_program(), reference_program(), ignored);
}

ServerPair::ServerPair(const std::vector<std::string>& arguments, const std::vector<std::string>& tested_only)
    : reference(reference_options(arguments)), tested(options(tested_program(), arguments, tested_only)) {}

std::string ServerPair::end_tested() {
  const int status = tested.stop();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
  return tested.program() + " ended with wait status " + std::to_string(status) + ":\n" + tested.log();
}

ServerPair& shared_pair() {
  if (!shared || !shared->running()) {
    shared.reset();
    shared = std::make_unique<ServerPair>();
  }
  return *shared;
}

std::string end_shared_pair() {
  return shared ? shared->end_tested() : "";
}

}  // namespace plimsoll::wire
