#include "support/server_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

namespace plimsoll::test {
namespace {

constexpr char kLogName[] = "output.log";
constexpr int kTcpAttempts = 5;
constexpr std::chrono::seconds kEndDeadline(30);  // under sanitizers freeing everything takes a while

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

// Between fork and exec only calls that are safe in a process with threads.
[[noreturn]] void run_child(char* const* argv, const char* directory, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent || chdir(directory) != 0) _exit(126);
  const int log = open(kLogName, O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int null = open("/dev/null", O_RDONLY);
  if (log < 0 || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) _exit(126);
  execvp(argv[0], argv);
  _exit(127);
}

}  // namespace

ServerProcess::ServerProcess(Options options) : options_(std::move(options)) {
  if (options_.program.find('/') != std::string::npos) {
    options_.program = std::filesystem::absolute(options_.program);  // the child changes its directory
  }
  for (int attempt = 0; attempt < (options_.tcp ? kTcpAttempts : 1); ++attempt) {
    if (options_.tcp) port_ = free_tcp_port();
    spawn();
    if (wait_until_answering()) return;
    stop(std::chrono::milliseconds(0));
  }
  throw std::runtime_error(options_.program + " does not answer; its log:\n" + log());
}

ServerProcess::~ServerProcess() {
  if (pid_ < 0) return;
  const int status = stop(options_.kill_at_end ? std::chrono::milliseconds(0) : kEndDeadline);
  if (status != 0 && !options_.kill_at_end) {
    ADD_FAILURE() << options_.program << " ended with wait status " << status << "; its log:\n" << log();
  }
}

void ServerProcess::spawn() {
  std::vector<std::string> arguments = {options_.program, "--port",    std::to_string(port_),
                                        "--bind",         "127.0.0.1", "--unixsocket",
                                        socket_path(),    "--save",    ""};
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  if (!options_.configuration.empty()) {
    std::ofstream(configuration_path()) << options_.configuration;
    arguments.insert(arguments.begin() + 1, configuration_path());
  }
  const std::vector<char*> argv = pointers(arguments);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) run_child(argv.data(), directory_.path().c_str(), parent);
  pid_fd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pid_fd_ < 0) throw std::system_error(errno, std::generic_category(), "pidfd_open");
}

bool ServerProcess::answers() const {
  try {
    RawConnection connection = connect();
    const std::string reply = connection.call({"PING"});
    return reply == "+PONG\r\n" || reply.rfind("-NOAUTH", 0) == 0;
  } catch (const ConnectionError&) {
    return false;
  }
}

bool ServerProcess::wait_until_answering() {
  const auto until = std::chrono::steady_clock::now() + options_.start_deadline;
  while (!answers()) {
    if (wait_for_exit(std::chrono::milliseconds(3)) || std::chrono::steady_clock::now() > until) return false;
  }
  return true;
}

bool ServerProcess::wait_for_exit(std::chrono::milliseconds time) {
  if (pid_ < 0) return true;
  pollfd waited{pid_fd_, POLLIN, 0};
  while (poll(&waited, 1, static_cast<int>(time.count())) < 0 && errno == EINTR) {
  }
  if (!(waited.revents & POLLIN)) return false;
  while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  close(pid_fd_);
  pid_ = pid_fd_ = -1;
  return true;
}

bool ServerProcess::running() {
  return !wait_for_exit(std::chrono::milliseconds(0));
}

int ServerProcess::stop(std::chrono::milliseconds deadline) {
  if (pid_ < 0) return status_;
  kill(pid_, SIGTERM);
  if (!wait_for_exit(deadline)) {
    kill(pid_, SIGKILL);
    wait_for_exit(std::chrono::milliseconds(-1));
  }
  return status_;
}

std::string ServerProcess::log() const {
  std::ifstream file(directory_.file(kLogName));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string environment_or(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

}  // namespace plimsoll::test
