#include "password.h"

#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace plimsoll::cli {
namespace {

// Restores the terminal even if reading throws.
class WithoutEcho {
 public:
  WithoutEcho() : is_terminal_(tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~WithoutEcho() {
    if (is_terminal_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  WithoutEcho(const WithoutEcho&) = delete;
  WithoutEcho& operator=(const WithoutEcho&) = delete;

 private:
  termios before_{};
  bool is_terminal_;
};

}  // namespace

std::string ask_password(const char* prompt) {
  std::string line;
  {
    // Before the prompt: who answers it at once must not be shown either.
    const WithoutEcho silence;
    std::fputs(prompt, stderr);
    std::getline(std::cin, line);
  }
  std::fputs("\n", stderr);
  return line;
}

}  // namespace plimsoll::cli
