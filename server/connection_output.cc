// What a connection still has to send, and what happens when a client does not read it.

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

#include "connection.h"
#include "io_thread.h"
#include "log.h"
#include "output_limits.h"
#include "server.h"
#include "unix_time.h"
#include "with_memory.h"

namespace plimsoll::server {

namespace {

constexpr size_t kVectors = 64;                 // of one gathered write
constexpr size_t kMostWrittenInTurn = 4 << 20;  // then others have their turn
constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

void Connection::send(OutputBuffer& replies) {
  if (closed_) {
    replies.clear();
    return;
  }
  if (output_.empty()) {
    if (!write_some(replies) || replies.empty()) {
      replies.clear();
      return;
    }
    with_memory(server(), [&] { replies.move_to(output_); });
  } else {
    if (!replies.empty()) with_memory(server(), [&] { replies.move_to(output_); });
    if (!waits_to_write_ && !write_some(output_)) return;
  }
  if (output_.empty()) {
    output_ = OutputBuffer();
  } else if (!waits_to_write_) {
    resume_later();
  }
}

// Until nothing is left, the socket is full (waits_to_write_ is set then) or others shall have their turn.
bool Connection::write_some(OutputBuffer& output) {
  size_t written = 0;
  while (!output.empty() && written < kMostWrittenInTurn) {
    iovec vectors[kVectors];
    msghdr message{};
    message.msg_iov = vectors;
    message.msg_iovlen = output.gather(vectors, kVectors);
    const ssize_t n = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      waits_to_write_ = true;
      readiness_.want_write();
      break;
    }
    if (n <= 0) {
      close();
      return false;
    }
    output.consume(static_cast<size_t>(n));
    written += static_cast<size_t>(n);
    ThreadTotals::add(thread_.totals().writes, 1);
  }
  if (written > 0) {
    ThreadTotals::add(thread_.totals().output_bytes, written);
    output_progress_ms_ = unix_ms_coarse();
  }
  return true;
}

// settle() goes on writing.
void Connection::on_writable() {
  waits_to_write_ = false;
}

void Connection::end_output_pause() noexcept {
  if (!has(kPausedOutput) || server().too_much_output(2 * output_.size())) return;
  set_flag(kPausedOutput, false);
  if (stalled_ || unread_) resume_later();
}

void Connection::apply_output_limits() noexcept {
  if (output_.empty()) {
    over_soft_limit_ms_ = 0;
    return;
  }
  const bool pushed_to = has(kMonitor);
  const OutputLimit limit = server().output_limit(pushed_to ? ClientClass::pubsub : ClientClass::normal);
  if (limit.hard == 0 && limit.soft == 0) return;
  const size_t size = output_.footprint();
  const bool over_hard = limit.hard != 0 && size > limit.hard;
  const bool over_soft = limit.soft != 0 && size > limit.soft;
  if (!over_soft) {
    over_soft_limit_ms_ = 0;
  } else if (over_soft_limit_ms_ == 0) {
    over_soft_limit_ms_ = unix_ms_coarse();
  }
  if (!over_hard) return;
  log_warning("Client {} closed for overcoming of output buffer limits.", id_);
  server().counters().output_buffer_limit_disconnections.fetch_add(1, kRelaxed);
  kill();
}

}  // namespace plimsoll::server
