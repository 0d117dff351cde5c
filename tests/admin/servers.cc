#include "servers.h"

#include <chrono>
#include <sstream>
#include <thread>

namespace plimsoll::test {

std::unique_ptr<ServerProcess> start_plimsoll(std::vector<std::string> arguments, bool tcp) {
  ServerProcess::Options options;
  options.program = environment_or("PLIMSOLL_SERVER_UNDER_TEST", "plimsoll-server");
  options.arguments = std::move(arguments);
  options.tcp = tcp;
  return std::make_unique<ServerProcess>(options);
}

std::unique_ptr<ServerProcess> start_redis(std::vector<std::string> arguments) {
  ServerProcess::Options options;
  options.program = environment_or("PLIMSOLL_REDIS_SERVER", "redis-server");
  options.arguments = std::move(arguments);
  return std::make_unique<ServerProcess>(options);
}

std::map<std::string, std::string> Client::info(const std::string& section) {
  std::map<std::string, std::string> fields;
  std::istringstream lines(text({"INFO", section}));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const size_t colon = line.find(':');
    if (colon != std::string::npos) fields[line.substr(0, colon)] = line.substr(colon + 1);
  }
  return fields;
}

std::vector<std::string> field_names(const std::string& info) {
  std::vector<std::string> names;
  std::istringstream lines(info);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    names.push_back(line.substr(0, line.find(':')));
  }
  return names;
}

bool eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace plimsoll::test
