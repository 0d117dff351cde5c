#include "child_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "error.h"
#include "interrupt.h"
#include "load_worker.h"
#include "process_stats.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr int kEndTimeoutMs = 10'000;
constexpr int kRetryMs = 10;
constexpr size_t kOutputShown = 800;

// A port that was free a moment ago: the kernel hands ephemeral ports out in turn, so another program is
// unlikely to be given the same one before the server binds it.
uint16_t free_port() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd.get() < 0 || ::bind(fd.get(), generic, size) < 0 || ::getsockname(fd.get(), generic, &size) < 0) {
    throw BenchError(with_errno("cannot find a free port", errno));
  }
  return ntohs(address.sin_port);
}

// Runs in the forked child: only async-signal-safe calls.
[[noreturn]] void become_server(const char* output, const char* command, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int out = ::open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int in = ::open("/dev/null", O_RDONLY);
  if (out < 0 || in < 0 || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) ::_exit(127);
  ::signal(SIGINT, SIG_IGN);  // Ctrl-C reaches the whole foreground group; the parent ends the server itself
  ::execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
  ::_exit(127);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::error_code error;
  std::string pattern = std::filesystem::temp_directory_path(error).string();
  if (error) pattern = "/tmp";
  pattern += "/plimsoll-bench-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw BenchError(with_errno("cannot make " + pattern, errno));
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string place_endpoint(const std::string& command_line, const std::string& socket_path,
                           Endpoint& endpoint) {
  std::string placed = command_line;
  endpoint = Endpoint();
  if (placed.find("{port}") != std::string::npos) {
    endpoint.host = "127.0.0.1";
    endpoint.port = free_port();
    replace_all(placed, "{port}", std::to_string(endpoint.port));
  }
  if (replace_all(placed, "{socket}", socket_path)) endpoint.unix_path = socket_path;
  if (endpoint.port == 0 && endpoint.unix_path.empty()) {
    throw UsageError("the server's command line needs {socket} or {port} where it says what to listen on: " +
                     command_line);
  }
  return placed;
}

ChildServer::ChildServer(const std::string& command_line, int timeout_ms) {
  target_.timeout_ms = timeout_ms;
  start(place_endpoint(command_line, folder_.path() + "/server.sock", target_.endpoint));
  try {
    wait_until_ready(command_line);
  } catch (...) {
    end();
    throw;
  }
}

ChildServer::~ChildServer() {
  end();
}

void ChildServer::start(const std::string& command_line) {
  const std::string command = "exec " + command_line;
  const std::string output = folder_.path() + "/output";
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw BenchError(with_errno("cannot start a process", errno));
  if (pid_ == 0) become_server(output.c_str(), command.c_str(), parent);
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
}

bool ChildServer::has_ended() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ < 0;
}

void ChildServer::wait_until_ready(const std::string& command_line) {
  const uint64_t deadline = now_ns() + static_cast<uint64_t>(target_.timeout_ms) * 1'000'000;
  while (true) {
    check_interrupt();
    if (has_ended()) throw BenchError("the server ended at once: " + command_line + "\n" + last_output());
    try {
      if (Client(target_).call({"PING"}).text == "PONG") return;
    } catch (const BenchError&) {
      // Not listening yet.
    }
    if (now_ns() > deadline)
      throw BenchError("the server does not answer: " + command_line + "\n" + last_output());
    ::poll(nullptr, 0, kRetryMs);
  }
}

void ChildServer::end() {
  if (!has_ended()) {
    ::kill(pid_, SIGTERM);
    pollfd entry{pidfd_, POLLIN, 0};
    int ready = 0;
    do {
      ready = pidfd_ < 0 ? 0 : ::poll(&entry, 1, kEndTimeoutMs);
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }
  if (pidfd_ >= 0) ::close(pidfd_);
  pidfd_ = -1;
}

std::string ChildServer::last_output() const {
  const std::string output = read_file(folder_.path() + "/output").value_or("");
  return output.size() <= kOutputShown ? output : output.substr(output.size() - kOutputShown);
}

}  // namespace plimsoll::bench
