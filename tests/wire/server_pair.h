#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/server_process.h"

namespace plimsoll::wire {

// redis-server, the reference; PLIMSOLL_REDIS_SERVER, by default found in PATH.
std::string reference_program();
// The server under test; PLIMSOLL_SERVER_UNDER_TEST. Without it the reference is compared with itself.
std::string tested_program();
// True when both are one program, as in development of the tests: listed differences then cannot show.
bool compares_with_itself();

// The reference and the server under test, started with the same arguments.
struct ServerPair {
  explicit ServerPair(const std::vector<std::string>& arguments = {},
                      const std::vector<std::string>& tested_only = {});

  // Ends the tested server and says what was wrong with how it ended: a crash, or what a sanitizer found at
  // its exit. Empty if it ended well.
  std::string end_tested();

  bool running() { return reference.running() && tested.running(); }

  test::ServerProcess reference;
  test::ServerProcess tested;
};

// A pair that lives until the program ends, replaced if one of the two has died.
ServerPair& shared_pair();
// Ends it, if it was ever started; as end_tested().
std::string end_shared_pair();

}  // namespace plimsoll::wire
