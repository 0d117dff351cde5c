#include "process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>

#include "config_values.h"
#include "log.h"

namespace plimsoll::server {

namespace {

// systemd's protocol: one datagram to the socket that NOTIFY_SOCKET names; a leading @ is the abstract
// namespace.
bool notify_systemd(const char* path, std::string_view message) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t size = std::strlen(path);
  if (size == 0 || size >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path, size);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  const bool sent = ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), length) > 0;
  ::close(fd);
  return sent;
}

constexpr const char* kOomScoreFile = "/proc/self/oom_score_adj";

int initial_oom_score() noexcept {
  static const int score = [] {
    char text[16] = {};
    const int fd = ::open(kOomScoreFile, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    const bool read = ::read(fd, text, sizeof(text) - 1) > 0;
    ::close(fd);
    return read ? std::atoi(text) : 0;
  }();
  return score;
}

// Allocates nothing.
bool write_oom_score(int score) noexcept {
  char text[16];
  const int size = std::snprintf(text, sizeof(text), "%d", score);
  const int fd = ::open(kOomScoreFile, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text, static_cast<size_t>(size)) == size;
  ::close(fd);
  return written;
}

}  // namespace

void daemonize() {
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child > 0) ::_exit(0);
  ::setsid();
  const int null = ::open("/dev/null", O_RDWR);
  if (null < 0) return;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, fd);
  if (null > STDERR_FILENO) ::close(null);
}

void write_pid_file(const std::string& path) noexcept {
  FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) {
    log_warning("Failed to write PID file: {}", std::strerror(errno));
    return;
  }
  std::fprintf(file, "%d\n", static_cast<int>(::getpid()));
  std::fclose(file);
}

size_t raise_file_limit(size_t clients, size_t thread_files) noexcept {
  const size_t reserved = kReservedFiles + thread_files;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit = {1024, 1024};
  const rlim_t wanted = clients + reserved;
  if (limit.rlim_cur < wanted) {
    rlimit raised{wanted, std::max(wanted, limit.rlim_max)};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return clients;
    raised = {std::min(wanted, limit.rlim_max), limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = raised.rlim_cur;
  }
  if (limit.rlim_cur >= wanted) return clients;
  return limit.rlim_cur > reserved ? limit.rlim_cur - reserved : 1;
}

void notify_supervisor(const Config& config) noexcept {
  const auto mode = static_cast<Supervision>(config.number(Opt::supervised));
  const char* systemd = std::getenv("NOTIFY_SOCKET");
  const bool automatic = mode == Supervision::automatic;
  if ((automatic || mode == Supervision::systemd) && systemd != nullptr) {
    if (!notify_systemd(systemd, "STATUS=Ready to accept connections\nREADY=1\n"))
      log_warning("systemd could not be told that the server is ready");
  } else if ((automatic || mode == Supervision::upstart) && std::getenv("UPSTART_JOB") != nullptr) {
    std::raise(SIGSTOP);  // what `expect stop` waits for
  } else if (mode == Supervision::systemd || mode == Supervision::upstart) {
    log_warning("supervised is set, but the supervisor's environment variable is not there");
  }
}

void notify_stopping(const Config& config) noexcept {
  const auto mode = static_cast<Supervision>(config.number(Opt::supervised));
  if (mode != Supervision::systemd && mode != Supervision::automatic) return;
  const char* systemd = std::getenv("NOTIFY_SOCKET");
  if (systemd != nullptr && !notify_systemd(systemd, "STOPPING=1\n"))
    log_warning("systemd could not be told that the server ends");
}

void disable_huge_pages() noexcept {
  if (::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) {
    log_warning("Transparent huge pages could not be turned off: {}", std::strerror(errno));
  }
}

bool apply_oom_score(const Config& config) {
  static bool changed = false;
  const auto mode = static_cast<OomScoreAdjust>(config.number(Opt::oom_score_adj));
  int score = initial_oom_score();
  if (mode == OomScoreAdjust::no) {
    if (!changed) return true;
  } else {
    const int value =
        std::atoi(config.text(Opt::oom_score_adj_values).c_str());  // the first one: of a master
    score = mode == OomScoreAdjust::relative ? score + value : value;
  }
  const bool written = write_oom_score(std::clamp(score, -1000, 1000));
  changed = changed || written;
  return written;
}

int open_signals() {
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  if (::pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "pthread_sigmask");
  }
  const int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
  return fd;
}

void let_interrupt_end_at_once() noexcept {
  ::signal(SIGINT, [](int) { ::_exit(1); });
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace plimsoll::server
