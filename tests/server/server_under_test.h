#pragma once

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/raw_connection.h"
#include "support/resp_reply.h"
#include "support/server_process.h"

namespace plimsoll::test {

inline std::string server_under_test() {
  return environment_or("PLIMSOLL_SERVER_UNDER_TEST", "plimsoll-server");
}

inline ServerProcess::Options server_options(std::vector<std::string> arguments = {}, bool tcp = false) {
  ServerProcess::Options options;
  options.program = server_under_test();
  options.arguments = std::move(arguments);
  options.tcp = tcp;
  return options;
}

inline std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

// A field of INFO's text.
inline std::string info_field(RawConnection& connection, const std::string& section,
                              const std::string& name) {
  const std::string text = parse_reply(connection.call({"INFO", section})).text;
  const size_t at = text.find("\r\n" + name + ":");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 3;
  return text.substr(begin, text.find("\r\n", begin) - begin);
}

inline long long info_number(RawConnection& connection, const std::string& section, const std::string& name) {
  const std::string text = info_field(connection, section, name);
  return text.empty() ? -1 : std::stoll(text);
}

// Asks until the answer is as wanted or ten seconds have passed.
template <class Condition>
bool eventually(Condition&& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace plimsoll::test
