#include "child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace plimsoll::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using Environment = std::vector<std::pair<std::string, std::string>>;

constexpr milliseconds kTerminalDeadline{20'000};

[[noreturn]] void execute(const std::vector<std::string>& arguments, const Environment& environment) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_DFL);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

int status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

struct Pipe {
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    close_end(read_end);
    close_end(write_end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  static void close_end(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
  }
  int read_end = -1;
  int write_end = -1;
};

class Runner {
 public:
  explicit Runner(const ProgramCall& call) : call_(call), unwritten_(call.input) {}

  ProgramResult run() {
    spawn();
    const auto end = Clock::now() + call_.deadline;
    while (output_.read_end >= 0 || errors_.read_end >= 0) {
      const auto left = std::chrono::ceil<milliseconds>(end - Clock::now()).count();
      if (left <= 0) return give_up();
      exchange(static_cast<int>(left));
      interrupt_if_due();
    }
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    result_.status = status_of(status);
    return result_;
  }

 private:
  void spawn() {
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      dup2(input_.read_end, 0);
      dup2(output_.write_end, 1);
      dup2(errors_.write_end, 2);
      execute(call_.arguments, call_.environment);
    }
    Pipe::close_end(input_.read_end);
    Pipe::close_end(output_.write_end);
    Pipe::close_end(errors_.write_end);
    fcntl(input_.write_end, F_SETFL, O_NONBLOCK);
    if (unwritten_.empty()) Pipe::close_end(input_.write_end);
  }

  void exchange(int timeout) {
    std::array<pollfd, 3> polled = {
        {{input_.write_end, POLLOUT, 0}, {output_.read_end, POLLIN, 0}, {errors_.read_end, POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), timeout) <= 0) return;
    if (polled[0].revents != 0) write_input();
    if (polled[1].revents != 0) read_into(output_.read_end, result_.output);
    if (polled[2].revents != 0) read_into(errors_.read_end, result_.errors);
  }

  void write_input() {
    const ssize_t count = write(input_.write_end, unwritten_.data(), unwritten_.size());
    if (count > 0) unwritten_.erase(0, static_cast<std::size_t>(count));
    if ((count < 0 && errno != EAGAIN) || unwritten_.empty()) Pipe::close_end(input_.write_end);
  }

  static void read_into(int& fd, std::string& out) {
    char bytes[65536];
    const ssize_t count = read(fd, bytes, sizeof bytes);
    if (count > 0) out.append(bytes, static_cast<std::size_t>(count));
    if (count == 0) Pipe::close_end(fd);
  }

  void interrupt_if_due() {
    if (interrupted_ || call_.interrupt_after.empty()) return;
    if (result_.output.find(call_.interrupt_after) == std::string::npos) return;
    kill(pid_, SIGINT);
    interrupted_ = true;
  }

  ProgramResult give_up() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    return result_;
  }

  const ProgramCall& call_;
  std::string unwritten_;
  Pipe input_, output_, errors_;
  pid_t pid_ = -1;
  bool interrupted_ = false;
  ProgramResult result_;
};

}  // namespace

ProgramResult run_program(const ProgramCall& call) {
  signal(SIGPIPE, SIG_IGN);  // a program may end before it has read all of its input
  return Runner(call).run();
}

TerminalProgram::TerminalProgram(const std::vector<std::string>& arguments, const Environment& environment) {
  winsize size{};
  size.ws_col = 80;
  size.ws_row = 24;
  pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
  if (pid_ < 0) throw std::runtime_error("forkpty");
  if (pid_ == 0) execute(arguments, environment);
}

TerminalProgram::~TerminalProgram() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(terminal_);
}

void TerminalProgram::type(const std::string& keys) {
  if (write(terminal_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size()))
    throw std::runtime_error("writing to the terminal");
}

// False when the other end is closed.
bool TerminalProgram::read_more() {
  pollfd polled{terminal_, POLLIN, 0};
  if (poll(&polled, 1, static_cast<int>(kTerminalDeadline.count())) <= 0)
    throw std::runtime_error("nothing more came; unseen: " + unseen_);
  char bytes[4096];
  const ssize_t count = read(terminal_, bytes, sizeof bytes);
  if (count <= 0) return false;
  unseen_.append(bytes, static_cast<std::size_t>(count));
  return true;
}

std::string TerminalProgram::expect_in(const std::string& text, bool raw) {
  const auto deadline = Clock::now() + kTerminalDeadline;
  while (true) {
    const std::string seen = raw ? unseen_ : without_escapes(unseen_);
    if (const std::size_t at = seen.find(text); at != std::string::npos) {
      unseen_ = seen.substr(at + text.size());
      return seen.substr(0, at + text.size());
    }
    if (!read_more())
      throw std::runtime_error("the program ended before \"" + text + "\"; unseen: " + unseen_);
    if (Clock::now() > deadline) throw std::runtime_error("no \"" + text + "\" came; unseen: " + unseen_);
  }
}

std::string TerminalProgram::expect(const std::string& text) {
  return expect_in(text, false);
}
std::string TerminalProgram::expect_raw(const std::string& text) {
  return expect_in(text, true);
}

void TerminalProgram::resize(int columns, int rows) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  ioctl(terminal_, TIOCSWINSZ, &size);
}

void TerminalProgram::signal(int number) {
  kill(pid_, number);
}

int TerminalProgram::wait() {
  while (read_more()) {
  }
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status_of(status);
}

std::string without_escapes(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') continue;
    if (text[i] != '\x1b') {
      out += text[i];
      continue;
    }
    if (i + 1 == text.size()) return out + text.substr(i);
    if (text[i + 1] != '[') {
      ++i;
      continue;
    }
    std::size_t end = i + 2;
    while (end < text.size() && !(text[end] >= '@' && text[end] <= '~')) ++end;
    if (end == text.size()) return out + text.substr(i);  // not whole yet
    i = end;
  }
  return out;
}

}  // namespace plimsoll::test
