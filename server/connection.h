#pragma once

#include <plimsoll/command_table.h>
#include <plimsoll/output_buffer.h>
#include <plimsoll/session.h>
#include <plimsoll/shared_bytes.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <zmalloc/allocator.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "input_buffer.h"
#include "output_limits.h"
#include "readiness.h"
#include "socket_address.h"
#include "value_admission.h"

namespace plimsoll::server {

class IoThread;
class Server;

// What becomes of the replies to a connection's commands: CLIENT REPLY. The handler of SKIP sets skip_next.
enum class ReplyMode : uint8_t { on, off, skip_next, skip_this };

// States of a connection that CLIENT LIST and others show.
enum ConnectionFlag : uint32_t {
  kMonitor = 1u << 0,          // receives the command feed
  kNoEvict = 1u << 1,          // CLIENT NO-EVICT: maxmemory-clients spares it
  kCloseAfterReply = 1u << 2,  // closes once its output is sent; runs no more commands
  kPausedByClient = 1u << 3,   // waits for the end of CLIENT PAUSE
  kPausedOutput = 1u << 4,     // runs no command until its pending output shrinks
  kUnixSocket = 1u << 5,
};

// One client. Belongs to the I/O thread that accepted it: all members are for that thread only, except those
// under "any thread", which others may call while they hold the registry (inside
// IoThread::for_each_connection and the like).
//
// An idle connection owns no buffers: input is parsed in the thread's buffer and replies are gathered in the
// thread's output; only what is left over (half a command, unsent replies) moves here. What is announced to
// be large is read straight into its place, once memory may be had for it (ValueAdmission).
//
// Pending output above client-output-pause stops the commands of a connection until half of it is sent. What
// the client writes meanwhile is taken in, unparsed, up to the same size, so that a client which writes a
// long pipeline before it reads its replies is no deadlock; then its socket is no longer read.
class Connection final : public SessionHost {
 public:
  using Text = zm::string<zm::Tag::client>;

  // Owns `fd`, a non-blocking socket.
  Connection(IoThread& thread, uint64_t id, int fd, const SocketAddress& peer, int64_t now_ms);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The connection a session belongs to. REQUIRES: the session is a connection's.
  static Connection& of(const Session& session) noexcept { return static_cast<Connection&>(*session.host()); }

  // --- any thread, under the registry ---
  uint64_t id() const noexcept { return id_; }
  int fd() const noexcept { return fd_; }
  const SocketAddress& peer() const noexcept { return peer_; }
  SocketAddress local() const noexcept;                     // a system call
  std::string_view name() const noexcept { return name_; }  // CLIENT SETNAME
  std::string_view lib_name() const noexcept { return lib_name_; }
  std::string_view lib_version() const noexcept { return lib_version_; }
  uint32_t flags() const noexcept { return flags_.load(std::memory_order_relaxed); }
  bool has(ConnectionFlag flag) const noexcept { return (flags() & flag) != 0; }
  int database() const noexcept { return database_.load(std::memory_order_relaxed); }
  int resp_version() const noexcept { return resp_version_.load(std::memory_order_relaxed); }
  const Command* last_command() const noexcept {
    return last_command_.load(std::memory_order_relaxed);
  }                                                            // or null
  int64_t created_ms() const noexcept { return created_ms_; }  // Unix time
  int64_t last_interaction_ms() const noexcept {
    return last_interaction_ms_.load(std::memory_order_relaxed);
  }
  // Bytes. Of the connection whose command is running: what that batch and command take. Of others: what is
  // left over.
  size_t query_buffer() const noexcept { return query_buffer_.load(std::memory_order_relaxed); }  // qbuf
  size_t query_buffer_free() const noexcept {
    return query_free_.load(std::memory_order_relaxed);
  }  // qbuf-free
  size_t argument_memory() const noexcept {
    return argument_memory_.load(std::memory_order_relaxed);
  }  // argv-mem
  size_t output_memory() const noexcept { return output_memory_.load(std::memory_order_relaxed); }  // omem
  size_t total_memory() const noexcept;                                                             // tot-mem
  bool authenticated() const noexcept { return authenticated_.load(std::memory_order_relaxed); }
  bool killed() const noexcept { return killed_.load(std::memory_order_acquire); }
  // Marks the connection: from now on it runs no command, and its thread closes it soon. If its thread can't
  // be told for want of memory, the next cron tick finds the mark.
  void kill() noexcept;

  // --- its own thread: what handlers read and change ---
  Server& server() const noexcept;
  IoThread& thread() const noexcept { return thread_; }
  Session& session() noexcept { return session_; }
  // The setters take the registry's mutex, since other threads read names. They throw std::bad_alloc,
  // changing nothing.
  void set_name(std::string_view name);
  void set_lib_name(std::string_view name);
  void set_lib_version(std::string_view version);
  void set_flag(ConnectionFlag flag, bool on) noexcept;  // kMonitor also counts in Server::monitors()
  void set_authenticated(bool on) noexcept { authenticated_.store(on, std::memory_order_relaxed); }
  ReplyMode reply_mode() const noexcept { return reply_mode_; }
  void set_reply_mode(ReplyMode mode) noexcept { reply_mode_ = mode; }
  void close_after_reply() noexcept { set_flag(kCloseAfterReply, true); }
  // RESET: everything a client set goes back to how a new connection starts, but CLIENT NO-EVICT.
  void reset() noexcept;

  // Bytes the client did not ask for by this command: MONITOR's feed. Call it on its own thread (from another
  // one: post there and find it by id). They follow everything written before. A client that lets more pile
  // up than client-output-buffer-limit allows for the pubsub class is killed, and so is one for whom memory
  // is refused.
  void push(const SharedBytes& bytes) noexcept;

  // --- its own thread: called by IoThread; each may destroy the connection ---
  void start();            // throws what Readiness::start() throws
  void resume() noexcept;  // goes on after a pause of any kind
  void close_if_overdue(int64_t now_ms) noexcept;
  // IoThread::read_with_others(): `result` is CallRing's of a read of `room` bytes into `place`.
  bool may_be_read_with_others() const noexcept;
  void set_read_with_others() noexcept { read_with_others_ = true; }
  void take_arrived(const char* place, size_t room, int result) noexcept;
  // IoThread::hold_replies(): the round has ended. Either they are sent, or it is told what has become of
  // that by a CallRing: meanwhile they are under way.
  void send_held() noexcept;
  iovec put_held_under_way() noexcept;
  void note_held_sent(int result) noexcept;
  void look_again() noexcept;  // for a stream's end that came along with its last bytes
  bool asked_to_resume() const noexcept { return resume_queued_; }
  // Whether it is its client that the command under way waits for, and what has come of that.
  bool awaits_its_client() const noexcept;
  size_t arrived() const noexcept { return input_.size(); }
  // Refuses the command under way. REQUIRES: awaits_its_client().
  void give_way() noexcept;
  // What unsent replies have cost: their memory, in bytes, times the milliseconds since the kernel last took
  // any; 0 if there are none.
  uint64_t unsent_cost(int64_t now_ms) const noexcept;
  // Its socket, once full, has taken more within the last second.
  bool reads_on(int64_t now_ms) const noexcept;
  void finish() noexcept;  // the server ends: sends what it can without waiting, and closes

 private:
  friend class CommandBatch;

  template <class Work>
  void enter(Work&& work) noexcept;
  bool hold_replies() noexcept;
  void send_before_turn();
  void give_last_replies() noexcept;
  void resume_later() noexcept;

  // connection_input.cc
  void read_turn();
  void read_shared();
  void read_large();
  bool grows_in_place() noexcept;
  void read_in_place();
  void pass_over();
  void take_in_unparsed();
  void run_received(std::string_view bytes);
  void keep(std::string_view rest, RespParser& parser);
  void run_pending();
  bool start_large();
  bool may_take(size_t bytes);
  bool make_room_to_parse();
  bool wait_for_memory(ValueAdmission::Answer answer) noexcept;
  const Command* arriving_command() noexcept;
  bool arriving_command_may_evict() noexcept;
  void refuse_command() noexcept;
  InputBuffer::Text error_of_arriving();
  bool arrives_slowly(int64_t now_ms) noexcept;
  // Nothing when there is nothing to go on with: no bytes for now, or the connection is closed.
  bool has_arrived();
  size_t receive(std::span<const iovec> places);
  void note_received(size_t bytes) noexcept;
  void find_nothing(bool at_end) noexcept;
  void end_input() noexcept;
  void close_once_answered() noexcept;
  void after_read(size_t received, size_t asked);
  void settle();                   // after each turn: sends, publishes figures, applies limits
  bool may_run() const noexcept {  // commands may run now
    return !closed_ && !waits_for_memory_ &&
           (flags() & (kCloseAfterReply | kPausedByClient | kPausedOutput)) == 0 && !killed();
  }
  void send(OutputBuffer& replies);
  bool write_some(OutputBuffer& output);  // false when the connection is closed by it
  bool note_written(OutputBuffer& output, ssize_t result) noexcept;
  void set_output_pause() noexcept;  // begins or ends it
  void look_at_pause() noexcept;     // some time later
  void apply_output_limits() noexcept;
  void make_way_for_replies() noexcept;
  OutputLimit output_limit() const noexcept;
  void limit_unsent() noexcept;  // of what the kernel holds for it, below a memory line
  void expect_unsent(size_t written) noexcept;
  bool leaves_replies_unread(int64_t now_ms) noexcept;
  void publish_memory() noexcept;
  void publish_room() noexcept;
  bool overdue(int64_t now_ms) const noexcept;
  void on_writable();
  void close() noexcept;  // enter() removes it then

  IoThread& thread_;
  Session session_;
  const uint64_t id_;
  const int64_t created_ms_;
  int fd_;
  ReplyMode reply_mode_ = ReplyMode::on;
  bool closed_ = false;
  bool stalled_ = false;            // input_ holds commands that have not been tried
  bool yielded_ = false;            // stalled_, only until the other connections had their turns
  bool unread_ = false;             // the socket may hold bytes for which no edge will come
  bool input_ended_ = false;        // the client sends no more, and is closed once it has its replies
  bool unverified_ = false;         // the last read was short: the end of the stream may hide behind it
  bool waits_to_write_ = false;     // the socket was full
  bool read_with_others_ = false;   // listed for that
  bool sends_much_ = false;         // as its last read showed: more than a place among others' takes
  bool replies_held_ = false;       // output_ waits for the end of the round
  bool replies_under_way_ = false;  // and is being sent
  bool resume_queued_ = false;
  bool waits_for_memory_ = false;  // the next part of a command does not fit yet
  std::atomic<bool> authenticated_;
  std::atomic<bool> killed_{false};
  std::atomic<uint32_t> flags_{0};
  std::atomic<int> database_{0};
  std::atomic<int> resp_version_{2};
  std::atomic<const Command*> last_command_{nullptr};
  std::atomic<int64_t> last_interaction_ms_;
  std::atomic<size_t> query_buffer_{0}, query_free_{0}, argument_memory_{0}, output_memory_{0},
      input_memory_{0};
  InputBuffer input_;
  OutputBuffer output_;
  int64_t arrival_mark_ms_ = 0;  // when so much had arrived of a large command; 0: there is none
  size_t arrival_mark_bytes_ = 0;
  size_t refused_bytes_ = 0;        // that its next command was refused when it ran: it is to find them
  size_t unfilled_input_ = 0;       // this connection's part of its thread's total
  int64_t output_progress_ms_ = 0;  // when unsent output last shrank
  int64_t last_writable_ms_ = 0;    // when its full socket last took more: the client had read
  size_t unread_replies_ = 0;       // here and in the kernel, as last looked at; 0: few, or nobody minds
  int64_t unread_since_ms_ = 0;     // when they last became fewer
  size_t unsent_limit_ = 0;         // of what the kernel may hold; 0 without a line
  // What the line was told to expect in the kernel since the measurement of that number.
  size_t expected_unsent_ = 0;
  size_t written_since_ = 0;
  uint32_t measurement_ = 0;
  int64_t over_soft_limit_ms_ = 0;  // since when the soft output limit is exceeded; 0: it is not
  Readiness readiness_;
  SocketAddress peer_;
  Text name_, lib_name_, lib_version_;
};

}  // namespace plimsoll::server
