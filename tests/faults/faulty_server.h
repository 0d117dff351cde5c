#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>

#include "examples.h"
#include "support/raw_connection.h"
#include "support/server_process.h"

namespace plimsoll::test {

struct FaultySetup {
  unsigned io_threads = 1;
  std::string memory_line = "off";
};
std::string name_of(const FaultySetup& setup);  // for a test's name
std::ostream& operator<<(std::ostream& out, const FaultySetup& setup);

// A server that can be told to refuse memory, and a connection to tell it. Members that use it connect anew
// when the server has closed it for want of memory.
class FaultyServer {
 public:
  explicit FaultyServer(const FaultySetup& setup);

  RawConnection client() { return process_.connect(); }
  std::string ask(const Words& words);
  // Calls `n` (the first is 1) to n + count - 1 from now on are refused.
  void refuse(uint64_t n, uint64_t count);
  // Grants everything from now on, and returns how many calls were refused.
  long end_refusals();

  // An empty store but for the examples' keys.
  void make_keys();
  // All keys of the databases that examples use, with their values and whether and how they expire.
  std::map<std::string, std::string> data();
  // Bytes by tag, as INFO says; with those of `used_memory` under that name.
  std::map<std::string, uint64_t> memory();
  // It runs, and answers on its old connection and on a new one.
  void expect_alive(const std::string& where);
  ServerProcess& process() { return process_; }

 private:
  void connect();

  ServerProcess process_;
  std::optional<RawConnection> control_;
};

class ServerFaults : public testing::TestWithParam<FaultySetup> {
 protected:
  void SetUp() override;
  // Nothing is left of the clients and the data that were there.
  void TearDown() override;

  // `attempt` with the n-th call for memory refused, for n from 1 until none is; then with some in a row from
  // the n-th on. `prepare` comes before each, with memory enough, and what `attempt` makes the server keep
  // with memory enough it may keep. A ConnectionError that `attempt` throws is a connection that was closed.
  void refuse_each(const std::string& where, const std::function<void()>& prepare,
                   const std::function<void()>& attempt);

  // What the server holds now it may still hold in the end.
  void may_keep_memory_of_now();

  FaultyServer server_{GetParam()};

  bool ended_ = false;                             // a test has stopped the server
  std::map<std::string, uint64_t> memory_before_;  // what is to be left in the end, by tag

 private:
  long files();  // that the server has open

  long files_before_ = 0;
};

std::string command(const Words& words);

}  // namespace plimsoll::test
