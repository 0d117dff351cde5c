#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::test {

struct ProgramResult {
  int status =
      -1;  // exit status; 128 + the signal if one ended it; -1 if it was still running at the deadline
  std::string output;
  std::string errors;
};

struct ProgramCall {
  std::vector<std::string> arguments;                                 // the program first
  std::string input;                                                  // its standard input, then end of file
  std::vector<std::pair<std::string, std::string>> environment = {};  // on top of ours
  // Once standard output holds this text, the program gets SIGINT; empty: never.
  std::string interrupt_after = {};
  std::chrono::milliseconds deadline{30'000};
};

// Runs a program to its end and collects what it wrote. Kills it at the deadline.
ProgramResult run_program(const ProgramCall& call);

// A program on a terminal of its own, 80 by 24, that a test types into.
class TerminalProgram {
 public:
  TerminalProgram(const std::vector<std::string>& arguments,
                  const std::vector<std::pair<std::string, std::string>>& environment);
  ~TerminalProgram();
  TerminalProgram(const TerminalProgram&) = delete;
  TerminalProgram& operator=(const TerminalProgram&) = delete;

  void type(const std::string& keys);
  // Reads on until `text` appears in what came since the last match, escape sequences left out; then
  // everything up to its end counts as seen, and is returned. Throws std::runtime_error, with what came
  // instead, at a deadline of 20 s or the program's end.
  std::string expect(const std::string& text);
  // The same on the bytes as they came.
  std::string expect_raw(const std::string& text);
  void resize(int columns, int rows);
  void signal(int number);
  // Waits for the end; the status as in ProgramResult.
  int wait();

 private:
  bool read_more();
  std::string expect_in(const std::string& text, bool raw);

  pid_t pid_ = -1;
  int terminal_ = -1;
  std::string unseen_;
};

// `text` without terminal escape sequences and carriage returns.
std::string without_escapes(const std::string& text);

}  // namespace plimsoll::test
