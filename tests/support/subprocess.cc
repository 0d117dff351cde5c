#include "support/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "support/temp_directory.h"
#include "support/text.h"

namespace plimsoll::test {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Files, not pipes: no side can fill up and wait for the other.
struct Streams {
  TempDirectory directory;
  std::string in = directory.file("in"), out = directory.file("out"), err = directory.file("err");
};

[[noreturn]] void run_child(char* const* argv, const Streams& streams) {
  const int in = open(streams.in.c_str(), O_RDONLY);
  const int out = open(streams.out.c_str(), O_WRONLY | O_CREAT, 0600);
  const int err = open(streams.err.c_str(), O_WRONLY | O_CREAT, 0600);
  if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(126);
  execvp(argv[0], argv);
  _exit(127);
}

bool ends_within(pid_t pid, std::chrono::milliseconds deadline) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "pidfd_open");
  pollfd waited{fd, POLLIN, 0};
  while (poll(&waited, 1, static_cast<int>(deadline.count())) < 0 && errno == EINTR) {
  }
  close(fd);
  return waited.revents & POLLIN;
}

}  // namespace

ProgramRun run_program(const std::vector<std::string>& argv, const std::string& input,
                       std::chrono::milliseconds deadline) {
  const Streams streams;
  std::ofstream(streams.in, std::ios::binary) << input;
  std::vector<std::string> arguments = argv;
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) run_child(pointers.data(), streams);
  const bool ended = ends_within(pid, deadline);
  if (!ended) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ProgramRun run{WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(streams.out), contents(streams.err)};
  if (!ended) {
    throw std::runtime_error(command_line(argv) + " did not end in time; it wrote:\n" + run.output +
                             run.error);
  }
  return run;
}

}  // namespace plimsoll::test
