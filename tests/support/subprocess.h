#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace plimsoll::test {

struct ProgramRun {
  int exit_code = -1;  // -1 when a signal ended it
  std::string output;
  std::string error;
};

// Runs a program to its end with `input` as its standard input; argv[0] is looked up in PATH.
// Kills it and throws std::runtime_error, with what it wrote, when the deadline passes.
ProgramRun run_program(const std::vector<std::string>& argv, const std::string& input = "",
                       std::chrono::milliseconds deadline = std::chrono::seconds(60));

}  // namespace plimsoll::test
