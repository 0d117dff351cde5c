#pragma once

#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/info_fields.h"
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

inline bool kernel_has_io_uring() {
  io_uring_params parameters{};
  const long ring = ::syscall(SYS_io_uring_setup, 1, &parameters);
  if (ring >= 0) ::close(static_cast<int>(ring));
  return ring >= 0;
}

inline std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
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
