#include "server_pair.h"

#include <cstdlib>
#include <filesystem>

namespace plimsoll::wire {
namespace {

using test::ServerProcess;

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

ServerPair& shared_pair() {
  static std::unique_ptr<ServerPair> pair;
  if (!pair || !pair->running()) {
    pair.reset();
    pair = std::make_unique<ServerPair>();
  }
  return *pair;
}

}  // namespace plimsoll::wire
