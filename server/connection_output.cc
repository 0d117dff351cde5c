// What a connection still has to send, and what happens when a client does not read it.

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <zmalloc/backend.h>
#include <zmalloc/counters.h>
#include <zmalloc/line.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "connection.h"
#include "io_thread.h"
#include "log.h"
#include "memory_line.h"
#include "output_limits.h"
#include "server.h"
#include "socket_options.h"
#include "unix_time.h"
#include "with_memory.h"

namespace plimsoll::server {

namespace {

constexpr size_t kVectors = 64;                 // of one gathered write
constexpr size_t kMostWrittenInTurn = 4 << 20;  // then others have their turn
constexpr int64_t kPurgeUs = 500;               // after a client has gone
constexpr auto kRelaxed = std::memory_order_relaxed;

// send() costs some percent of a small reply less than sendmsg().
ssize_t send_pieces(int fd, std::span<const iovec> pieces) noexcept {
  if (pieces.size() == 1) return ::send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

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
    thread_.held_replies().recycle(output_);
  } else if (!waits_to_write_) {
    resume_later();
  }
}

// Until nothing is left, the socket is full (waits_to_write_ is set then) or others shall have their turn.
bool Connection::write_some(OutputBuffer& output) {
  size_t written = 0;
  while (!output.empty() && written < kMostWrittenInTurn) {
    iovec vectors[kVectors];
    const size_t count = output.gather(vectors, kVectors);
    const ssize_t n = send_pieces(fd_, {vectors, count});
    if (n < 0 && errno == EINTR) continue;
    if (!note_written(output, n < 0 ? -errno : n)) return !closed_;
    written += static_cast<size_t>(n);
  }
  return true;
}

// `result`: of a write of what `output` begins with, or a negative errno. False: nothing more can be written
// now, or at all.
bool Connection::note_written(OutputBuffer& output, ssize_t result) noexcept {
  if (result == -EAGAIN || result == -EWOULDBLOCK) {
    waits_to_write_ = true;
    readiness_.want_write();
    return false;
  }
  if (result <= 0) {
    close();
    return false;
  }
  const auto bytes = static_cast<size_t>(result);
  if (unsent_limit_ != 0) expect_unsent(bytes);
  output.consume(bytes);
  ThreadTotals::add(thread_.totals().writes, 1);
  ThreadTotals::add(thread_.totals().output_bytes, bytes);
  output_progress_ms_ = unix_ms_coarse();
  return true;
}

// settle() goes on writing.
void Connection::on_writable() {
  waits_to_write_ = false;
  last_writable_ms_ = unix_ms_coarse();
}

// A pause begins between commands only: what comes of one that is arriving is not to be taken in unparsed.
void Connection::set_output_pause() noexcept {
  if (!has(kPausedOutput)) {
    const bool between_commands = input_.empty() && !waits_for_memory_;
    if (between_commands && !output_.empty() && server().too_much_output(output_.size())) {
      set_flag(kPausedOutput, true);
    }
  } else if (!server().too_much_output(2 * output_.size())) {
    set_flag(kPausedOutput, false);
    if (stalled_ || unread_) resume_later();
  }
}

// What output may pile up, and what input may be kept meanwhile, follows the room that is left for clients;
// no edge tells that there is more.
void Connection::look_at_pause() noexcept {
  if (!has(kPausedOutput)) return;
  set_output_pause();
  if (unread_) resume_later();
}

uint64_t Connection::unsent_cost(int64_t now_ms) const noexcept {
  if (output_.empty()) return 0;
  const int64_t waits = std::max<int64_t>(now_ms - output_progress_ms_, 0) + 1;
  return output_.memory() * static_cast<uint64_t>(waits);
}

bool Connection::reads_on(int64_t now_ms) const noexcept {
  constexpr int64_t kPatienceMs = 1000;
  return last_writable_ms_ != 0 && now_ms - last_writable_ms_ < kPatienceMs;
}

// Replies that stay were memory for a moment while they were written. Where they have taken half of what
// there is for that (zm::line::brief_share()), a client that reads nothing goes with what it left unread, or
// those who do read would be refused their replies. It may be this one.
void Connection::make_way_for_replies() noexcept {
  if (output_.empty() || zm::line::limit() == 0) return;
  const size_t half = zm::line::brief_share() / 2;
  if (zm::line::fits_briefly(half) || zm::tag_bytes(zm::Tag::client_output) < half) return;
  Connection* const other = thread_.costliest_unread_output();
  if (other == nullptr || other == thread_.batch().current()) return;
  log_warning("Closing client {} that reads none of its {} pending bytes: others want the memory", other->id_,
              other->output_.size());
  server().counters().output_buffer_limit_disconnections.fetch_add(1, kRelaxed);
  other->output_ = OutputBuffer();
  other->close();
  if (other != this) thread_.remove(*other);
  zm::backend::purge_within(kPurgeUs);  // or room would seem to be missing still
}

// Whether replies, here or in the kernel, have been left unread for a while by a client that others could do
// without: they want the memory.
bool Connection::leaves_replies_unread(int64_t now_ms) noexcept {
  constexpr int64_t kPatienceMs = 2000;
  constexpr size_t kWorthTaking = 4096;
  size_t unread = 0;
  if (zm::line::limit() != 0 && thread_.memory_is_wanted()) {
    int in_kernel = 0;
    if (::ioctl(fd_, SIOCOUTQ, &in_kernel) != 0) in_kernel = 0;
    unread = output_.size() + static_cast<size_t>(std::max(in_kernel, 0));
  }
  const bool read_on = unread < unread_replies_ || output_progress_ms_ > unread_since_ms_;
  if (unread < kWorthTaking || unread_replies_ == 0 || read_on) {
    unread_replies_ = unread < kWorthTaking ? 0 : unread;
    unread_since_ms_ = now_ms;
    return false;
  }
  return now_ms - unread_since_ms_ >= kPatienceMs;
}

// All that was written may still lie in the kernel; what that takes will be measured, but thousands of
// clients may have had replies by then.
void Connection::expect_unsent(size_t written) noexcept {
  constexpr size_t kStep = 4096;      // at least, so that small replies seldom touch what threads share
  constexpr size_t kPerWrite = 1024;  // the kernel's own, beside the bytes
  const uint32_t now = zm::line::measurements();
  if (measurement_ != now) {
    measurement_ = now;
    expected_unsent_ = written_since_ = 0;
  }
  written_since_ += written + kPerWrite;
  if (written_since_ <= expected_unsent_ || expected_unsent_ >= unsent_limit_) return;
  const size_t more =
      std::min(std::max(written_since_ - expected_unsent_, kStep), unsent_limit_ - expected_unsent_);
  expected_unsent_ += more;
  server().expect_outside(more);
}

void Connection::limit_unsent() noexcept {
  const size_t most = MemoryLine::unsent_per_client(server().connection_count());
  const bool about_the_same = most > unsent_limit_ / 2 && most < unsent_limit_ * 2;
  if (most == unsent_limit_ || about_the_same) return;
  const bool kernels_own = most == MemoryLine::kUnsentByDefault && unsent_limit_ == 0;
  if (most != 0 && !kernels_own) server::limit_unsent(fd_, has(kUnixSocket), most);
  unsent_limit_ = most;
}

// In Redis a monitor is a normal client, which are unlimited unless told otherwise; one that does not read
// then has the limits of those that are pushed to.
OutputLimit Connection::output_limit() const noexcept {
  const OutputLimit limit = server().output_limit(ClientClass::normal);
  const bool unlimited = limit.hard == 0 && limit.soft == 0;
  return has(kMonitor) && unlimited ? server().output_limit(ClientClass::pubsub) : limit;
}

void Connection::apply_output_limits() noexcept {
  if (output_.empty()) {
    over_soft_limit_ms_ = 0;
    return;
  }
  const OutputLimit limit = output_limit();
  if (limit.hard == 0 && limit.soft == 0) return;
  const size_t size = output_.footprint();
  const bool over_hard = limit.hard != 0 && size >= limit.hard;
  const bool over_soft = limit.soft != 0 && size >= limit.soft;
  if (!over_soft) {
    over_soft_limit_ms_ = 0;
  } else if (over_soft_limit_ms_ == 0) {
    over_soft_limit_ms_ = unix_ms();  // the coarse clock is behind: it would close too early
  }
  if (!over_hard) return;
  log_warning("Client {} closed for overcoming of output buffer limits.", id_);
  server().counters().output_buffer_limit_disconnections.fetch_add(1, kRelaxed);
  kill();
}

}  // namespace plimsoll::server
