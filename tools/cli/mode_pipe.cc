#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <random>
#include <string>

#include "mode_session.h"
#include "modes.h"

namespace plimsoll::cli {
namespace {

using resp::Value;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kMostUnsent = 1024 * 1024;

// Standard input holds whatever the user made, so only a reply can tell that the server has seen it all: the
// echo of random bytes sent after it.
std::string random_mark() {
  static constexpr char kLetters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::random_device random;
  std::string mark;
  for (int i = 0; i < 24; ++i) mark += kLetters[random() % (sizeof kLetters - 1)];
  return mark;
}

class Pipe {
 public:
  Pipe(const Options& options, ModeSession& session)
      : session_(session), connection_(session.connection()), patience_(options.pipe_timeout_seconds) {}

  int run();

 private:
  bool wait();
  void read_input();
  void end_input();
  void take_replies();
  void take(const Value& reply);

  ModeSession& session_;
  client::Connection& connection_;
  std::chrono::seconds patience_;
  std::string mark_ = random_mark();
  bool input_ended_ = false;
  bool marked_reply_seen_ = false;
  std::uint64_t replies_ = 0;
  std::uint64_t errors_ = 0;
  Clock::time_point last_progress_ = Clock::now();
};

int Pipe::run() {
  while (!marked_reply_seen_) {
    if (!wait()) {
      std::fprintf(stderr, "No replies for %lld seconds: exiting.\n",
                   static_cast<long long>(patience_.count()));
      ++errors_;
      break;
    }
    if (session_.interrupted()) return 1;
    take_replies();
  }
  if (marked_reply_seen_) std::printf("Last reply received from server.\n");
  std::printf("errors: %llu, replies: %llu\n", static_cast<unsigned long long>(errors_),
              static_cast<unsigned long long>(replies_));
  return errors_ > 0 ? 1 : 0;
}

// Waits until there is something to read from either side or room to send; reads input if that is it. False
// if all is sent and the server has been silent for too long.
bool Pipe::wait() {
  const bool wants_input = !input_ended_ && connection_.unsent_bytes() < kMostUnsent;
  const short server_events = connection_.unsent_bytes() > 0 ? POLLIN | POLLOUT : POLLIN;
  int timeout = -1;
  if (input_ended_ && patience_.count() > 0) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(last_progress_ + patience_ - Clock::now()).count();
    if (left <= 0) return false;
    timeout = static_cast<int>(left);
  }
  pollfd polled[3] = {{connection_.fd(), server_events, 0},
                      {wants_input ? STDIN_FILENO : -1, POLLIN, 0},
                      {session_.interrupt_fd(), POLLIN, 0}};
  const int count = ::poll(polled, 3, timeout);
  if (count < 0 && errno != EINTR) throw ModeError(std::strerror(errno));
  if (count > 0 && polled[1].revents != 0) read_input();
  return count != 0;
}

void Pipe::read_input() {
  char bytes[kReadBytes];
  const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (count > 0)
    connection_.append_raw({bytes, static_cast<std::size_t>(count)});
  else if (count == 0)
    end_input();
  else if (errno != EINTR && errno != EAGAIN)
    throw ModeError(std::string("Error reading from standard input: ") + std::strerror(errno));
}

// The line feed ends an inline command that the input left open.
void Pipe::end_input() {
  input_ended_ = true;
  connection_.append_raw("\r\n");
  connection_.append({"ECHO", mark_});
  last_progress_ = Clock::now();
  std::printf("All data transferred. Waiting for the last reply...\n");
  std::fflush(stdout);
}

void Pipe::take_replies() {
  while (auto reply = connection_.try_read()) {
    last_progress_ = Clock::now();
    take(*reply);
  }
}

void Pipe::take(const Value& reply) {
  if (input_ended_ && reply.type == resp::Type::kBulkString && reply.text == mark_) {
    marked_reply_seen_ = true;
    return;
  }
  ++replies_;
  if (!reply.is_error()) return;
  ++errors_;
  std::fprintf(stderr, "%s\n", reply.text.c_str());
}

}  // namespace

int run_pipe(const Options& options) {
  return run_mode(options, [&](ModeSession& session) { return Pipe(options, session).run(); });
}

}  // namespace plimsoll::cli
