#include "connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>

#include "command_batch.h"
#include "io_thread.h"
#include "log.h"
#include "output_limits.h"
#include "server.h"
#include "unix_time.h"
#include "with_memory.h"

namespace plimsoll::server {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

Connection::Connection(IoThread& thread, uint64_t id, int fd, const SocketAddress& peer, int64_t now_ms)
    : thread_(thread),
      session_(this),
      id_(id),
      created_ms_(now_ms),
      fd_(fd),
      authenticated_(!thread.server().has_password()),
      flags_(peer.is_unix() ? uint32_t{kUnixSocket} : 0),
      last_interaction_ms_(now_ms),
      output_progress_ms_(now_ms),
      readiness_(
          thread.context(), this,
          [](void* self) noexcept {
            auto* connection = static_cast<Connection*>(self);
            if (connection->may_be_read_with_others() && connection->thread_.read_with_others(*connection))
              return;
            connection->enter([connection] { connection->read_turn(); });
          },
          [](void* self) noexcept {
            auto* connection = static_cast<Connection*>(self);
            connection->enter([connection] { connection->on_writable(); });
          }),
      peer_(peer) {}

Connection::~Connection() {
  close();
  ::close(fd_);
}

Server& Connection::server() const noexcept {
  return thread_.server();
}

SocketAddress Connection::local() const noexcept {
  return has(kUnixSocket) ? SocketAddress::unix_socket() : SocketAddress::of_local(fd_);
}

size_t Connection::total_memory() const noexcept {
  return sizeof(*this) + input_memory_.load(kRelaxed) + output_memory_.load(kRelaxed) + name_.capacity() +
         lib_name_.capacity() + lib_version_.capacity();
}

void Connection::kill() noexcept {
  if (killed_.exchange(true, std::memory_order_acq_rel)) return;
  try {
    thread_.post([&thread = thread_, id = id_] {
      if (Connection* connection = thread.find(id)) connection->close_if_overdue(unix_ms());
    });
  } catch (const std::exception&) {
  }
}

// --- what handlers change ---

void Connection::set_name(std::string_view name) {
  Text text(name);
  std::lock_guard lock(thread_.registry_mutex());
  name_.swap(text);
}

void Connection::set_lib_name(std::string_view name) {
  Text text(name);
  std::lock_guard lock(thread_.registry_mutex());
  lib_name_.swap(text);
}

void Connection::set_lib_version(std::string_view version) {
  Text text(version);
  std::lock_guard lock(thread_.registry_mutex());
  lib_version_.swap(text);
}

void Connection::set_flag(ConnectionFlag flag, bool on) noexcept {
  const uint32_t before = flags();
  const uint32_t after = on ? before | flag : before & ~flag;
  if (before == after) return;
  flags_.store(after, kRelaxed);
  if (flag == kMonitor) on ? server().add_monitor() : server().remove_monitor();
  if (flag == kPausedByClient) server().count_paused(on ? 1 : -1);
  if ((flag == kPausedOutput || flag == kCloseAfterReply) && on) output_progress_ms_ = unix_ms_coarse();
}

void Connection::reset() noexcept {
  set_flag(kMonitor, false);
  session_.reset();
  reply_mode_ = ReplyMode::on;
  {
    std::lock_guard lock(thread_.registry_mutex());
    name_.clear();
  }
}

void Connection::push(const SharedBytes& bytes) noexcept {
  constexpr size_t kSmallestReference = 4096;
  if (closed_ || killed() || has(kCloseAfterReply)) return;
  try {
    const bool running = thread_.batch().current() == this;
    OutputBuffer& output = running ? thread_.batch().current_output() : output_;
    if (bytes.size() < kSmallestReference) {
      output.append(bytes.view());
    } else {
      output.append(bytes, 0, bytes.size());
    }
    // The exact figures and limits are settle()'s; one busy turn of others may push much before that comes.
    const size_t hard = output_limit().hard;
    if (hard != 0 && output_.size() > hard) return apply_output_limits();
    if (!running && !waits_to_write_) resume_later();
  } catch (const std::bad_alloc&) {
    kill();
  }
}

// --- turns ---

// What every turn of a connection is wrapped in: nothing escapes, and a connection that was closed goes.
// `this` may be gone afterwards.
template <class Work>
void Connection::enter(Work&& work) noexcept {
  if (closed_) return;
  IoThread& thread = thread_;
  try {
    if (killed()) {
      close();
    } else {
      if (replies_held_) send_before_turn();
      if (!closed_) work();
    }
    if (!closed_ && !hold_replies()) settle();
  } catch (const std::bad_alloc&) {
    const zm::Refusal refusal = zm::last_refusal();
    log_warning("Closing connection {}: memory is refused ({} bytes of {})", id_, refusal.bytes,
                zm::tag_name(refusal.tag));
    close();
  } catch (const std::exception& error) {
    log_warning("Closing connection {}: {}", id_, error.what());
    close();
  }
  if (closed_) {
    thread_.batch().output().clear();  // what was gathered for it
    thread.remove(*this);
  }
  thread.send_overdue_replies();
}

// Before another turn, or none.
void Connection::send_before_turn() {
  replies_held_ = false;
  thread_.held_replies().forget(*this);
  send(thread_.batch().output());
}

void Connection::start() {
  limit_unsent();
  readiness_.start(fd_);
}

// At most one turn is asked for at a time.
void Connection::resume_later() noexcept {
  if (resume_queued_) return;
  resume_queued_ = true;
  thread_.resume_later(*this);
}

// After a turn. False: its replies are to be sent now.
bool Connection::hold_replies() noexcept {
  constexpr uint32_t kOrdinary = kUnixSocket | kNoEvict;
  if ((flags() & ~kOrdinary) != 0 || yielded_ || killed()) return false;
  OutputBuffer& replies = thread_.batch().output();
  if (replies.empty() || !output_.empty()) return false;
  replies_held_ = thread_.hold_replies(*this, replies, output_);
  return replies_held_;
}

void Connection::send_held() noexcept {
  enter([] {});
}

iovec Connection::put_held_under_way() noexcept {
  iovec piece{};
  if (killed() || output_.gather(&piece, 1) != 1) return {};
  replies_under_way_ = true;
  return piece;
}

void Connection::note_held_sent(int result) noexcept {
  replies_under_way_ = false;
  if (result == CallRing::kNotMade) return send_held();
  replies_held_ = false;
  ThreadTotals::add(thread_.totals().ring_calls, 1);
  enter([this, result] {
    if (note_written(output_, result) && output_.empty()) thread_.held_replies().recycle(output_);
  });
}

bool Connection::may_be_read_with_others() const noexcept {
  return may_run() && !yielded_ && !stalled_ && !input_ended_ && !sends_much_ && input_.empty();
}

void Connection::take_arrived(const char* place, size_t room, int result) noexcept {
  read_with_others_ = false;
  enter([&] {
    if (result == CallRing::kNotMade) return read_turn();
    unread_ = false;
    ThreadTotals::add(thread_.totals().ring_calls, 1);
    if (result <= 0) {
      errno = -result;
      return find_nothing(result == 0);
    }
    const auto received = static_cast<size_t>(result);
    sends_much_ = received == room;
    note_received(received);
    thread_.batch().parser().clear();
    run_received({place, received});
    after_read(received, room);
  });
}

void Connection::resume() noexcept {
  resume_queued_ = false;
  enter([this] {
    const bool waited = waits_for_memory_;
    waits_for_memory_ = false;
    if (stalled_ || waited) run_pending();
    if (closed_) return;
    if (input_ended_) return close_once_answered();
    if (unread_) read_turn();
  });
}

void Connection::look_again() noexcept {
  if (!unverified_) return;
  unverified_ = false;
  enter([this] { read_turn(); });
}

void Connection::close_if_overdue(int64_t now_ms) noexcept {
  if (closed_) return;
  const bool slow = arrives_slowly(now_ms) && thread_.memory_is_wanted();
  if (slow) log_warning("Closing client {} whose command arrives too slowly: others want the memory", id_);
  const bool unread = leaves_replies_unread(now_ms);
  if (unread) log_warning("Closing client {} that leaves its replies unread: others want the memory", id_);
  if (!slow && !unread && !overdue(now_ms)) {
    look_at_pause();
    return limit_unsent();
  }
  close();
  thread_.remove(*this);
}

void Connection::settle() {
  send(thread_.batch().output());
  if (closed_) return;
  make_way_for_replies();
  if (closed_) return;
  set_output_pause();
  if (yielded_) resume_later();
  publish_memory();
  apply_output_limits();
  if (has(kCloseAfterReply) && output_.empty()) {
    // Unread bytes would make close() a reset, which can overtake the replies.
    ::shutdown(fd_, SHUT_WR);
    char discarded[4096];
    for (int i = 0; i < 64 && ::recv(fd_, discarded, sizeof(discarded), 0) > 0; ++i) {
    }
    close();
  }
}

// --- figures and ends ---

void Connection::publish_memory() noexcept {
  const size_t input = input_.footprint();
  const size_t size = input_.size();
  query_buffer_.store(size, kRelaxed);
  publish_room();
  input_memory_.store(input, kRelaxed);
  argument_memory_.store(0, kRelaxed);
  output_memory_.store(output_.empty() ? 0 : output_.footprint(), kRelaxed);
}

// Right when it is taken, too: it stands in the ledger then, and to fill it takes milliseconds.
void Connection::publish_room() noexcept {
  const size_t room = input_.room();
  ThreadTotals::add(thread_.totals().unfilled_input, room - unfilled_input_);
  unfilled_input_ = room;
  query_free_.store(room, kRelaxed);
}

bool Connection::overdue(int64_t now_ms) const noexcept {
  if (killed()) return true;
  const Config& config = server().config();
  const int64_t stuck_ms = config.number(Opt::client_output_pause_timeout) * 1000;
  const bool must_read = has(kPausedOutput) || (has(kCloseAfterReply) && !output_.empty());
  if (must_read && now_ms - output_progress_ms_ > stuck_ms) {
    log_warning("Closing client {} that reads none of its {} pending bytes", id_, output_.size());
    return true;
  }
  const OutputLimit limit = output_limit();
  if (over_soft_limit_ms_ != 0 && now_ms - over_soft_limit_ms_ > limit.soft_seconds * 1000) {
    log_warning("Client {} closed for overcoming of output buffer limits.", id_);
    server().counters().output_buffer_limit_disconnections.fetch_add(1, kRelaxed);
    return true;
  }
  const int64_t timeout_ms = config.number(Opt::timeout) * 1000;
  return timeout_ms > 0 && !must_read && !has(kMonitor) && !has(kPausedByClient) && !waits_for_memory_ &&
         now_ms - last_interaction_ms() > timeout_ms;
}

void Connection::finish() noexcept {
  if (closed_) return;
  try {
    if (!output_.empty()) write_some(output_);
  } catch (const std::exception&) {
  }
  close();
}

// To commands that have run; it is closed for something else.
void Connection::give_last_replies() noexcept {
  thread_.held_replies().forget(*this);
  if (replies_under_way_) return;
  iovec piece;
  if (output_.gather(&piece, 1) == 1) (void)!::send(fd_, piece.iov_base, piece.iov_len, MSG_NOSIGNAL);
}

void Connection::close() noexcept {
  if (closed_) return;
  closed_ = true;
  if (read_with_others_) thread_.arrivals().forget(*this);
  if (replies_held_) give_last_replies();
  thread_.admission().done(id_);
  ThreadTotals::add(thread_.totals().unfilled_input, -unfilled_input_);
  unfilled_input_ = 0;
  if (ServerExtension* extension = server().extension()) extension->connection_closed(*this);
  set_flag(kMonitor, false);
  set_flag(kPausedByClient, false);
  readiness_.stop();
  // The descriptor stays open until no other thread can come upon this connection: see the destructor.
}

}  // namespace plimsoll::server
