#include "signal_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>

namespace plimsoll::cli {
namespace {

constexpr int kSignals = 65;
std::atomic<int> write_end_of[kSignals];
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may only use lock-free atomics");

void write_to_pipe(int signal) {
  const int saved = errno;
  const char byte = 0;
  // A full pipe is as good as a written one: it is readable.
  [[maybe_unused]] const ssize_t written =
      ::write(write_end_of[signal].load(std::memory_order_relaxed), &byte, 1);
  errno = saved;
}

}  // namespace

SignalPipe::SignalPipe(std::initializer_list<int> signals) {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe");
  read_end_ = ends[0];
  write_end_ = ends[1];
  for (const int each : signals) {
    write_end_of[each].store(write_end_, std::memory_order_relaxed);
    struct sigaction action {};
    action.sa_handler = write_to_pipe;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(each, &action, nullptr);
    signals_[count_++] = each;
  }
}

SignalPipe::~SignalPipe() {
  for (std::size_t i = 0; i < count_; ++i) signal(signals_[i], SIG_DFL);
  ::close(read_end_);
  ::close(write_end_);
}

bool SignalPipe::raised() const {
  pollfd polled{read_end_, POLLIN, 0};
  return ::poll(&polled, 1, 0) > 0;
}

void SignalPipe::drain() {
  char bytes[64];
  while (::read(read_end_, bytes, sizeof bytes) > 0) {
  }
}

bool pause_for(double seconds, int fd) {
  using Clock = std::chrono::steady_clock;
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return true;
    pollfd polled{fd, POLLIN, 0};
    const int count = ::poll(&polled, 1, static_cast<int>(left < 60'000 ? left : 60'000));
    if (count > 0) return false;
  }
}

}  // namespace plimsoll::cli
