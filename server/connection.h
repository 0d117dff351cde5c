#pragma once

#include <plimsoll/command_table.h>
#include <plimsoll/output_buffer.h>
#include <plimsoll/reply.h>
#include <plimsoll/session.h>
#include <zmalloc/allocator.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "input_buffer.h"
#include "readiness.h"
#include "socket_address.h"

namespace plimsoll::server {

class IoThread;
class Server;

// What becomes of the replies to a connection's commands: CLIENT REPLY.
enum class ReplyMode : uint8_t { on, off, skip_next, skip_this };

// States of a connection that CLIENT LIST and others show.
enum ConnectionFlag : uint32_t {
  kMonitor = 1u << 0,          // receives the command feed
  kNoEvict = 1u << 1,          // CLIENT NO-EVICT: maxmemory-clients spares it
  kCloseAfterReply = 1u << 2,  // closes once its output is sent; runs no more commands
  kPausedByClient = 1u << 3,   // waits for the end of CLIENT PAUSE
  kPausedOutput = 1u << 4,     // not read until its pending output shrinks
  kUnixSocket = 1u << 5,
};

// One client. Belongs to the I/O thread that accepted it: all members are for that thread only, except those under
// "any thread", which others may call while they hold the registry (inside IoThread::for_each_connection and the like).
//
// An idle connection owns no buffers: input is parsed in the thread's buffer and replies are gathered in the thread's
// output; only what is left over (half a command, unsent replies) moves here.
class Connection final : public SessionHost {
 public:
  using Text = zm::string<zm::Tag::client>;

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
  SocketAddress local() const noexcept;                            // a system call
  std::string_view name() const noexcept { return name_; }         // CLIENT SETNAME
  std::string_view lib_name() const noexcept { return lib_name_; }
  std::string_view lib_version() const noexcept { return lib_version_; }
  uint32_t flags() const noexcept { return flags_.load(std::memory_order_relaxed); }
  bool has(ConnectionFlag flag) const noexcept { return (flags() & flag) != 0; }
  int database() const noexcept { return database_.load(std::memory_order_relaxed); }
  int resp_version() const noexcept { return resp_version_.load(std::memory_order_relaxed); }
  const Command* last_command() const noexcept { return last_command_.load(std::memory_order_relaxed); }  // or null
  int64_t created_ms() const noexcept { return created_ms_; }      // Unix time
  int64_t last_interaction_ms() const noexcept { return last_interaction_ms_.load(std::memory_order_relaxed); }
  // Bytes; as of the end of the last batch, the running command's own included for the caller's connection.
  size_t query_buffer() const noexcept { return query_buffer_.load(std::memory_order_relaxed); }       // qbuf
  size_t query_buffer_free() const noexcept { return query_free_.load(std::memory_order_relaxed); }    // qbuf-free
  size_t argument_memory() const noexcept { return argument_memory_.load(std::memory_order_relaxed); } // argv-mem
  size_t output_memory() const noexcept { return output_memory_.load(std::memory_order_relaxed); }     // omem
  size_t output_pieces() const noexcept { return output_pieces_.load(std::memory_order_relaxed); }     // oll
  size_t total_memory() const noexcept;                                                                // tot-mem
  bool authenticated() const noexcept { return authenticated_.load(std::memory_order_relaxed); }
  bool killed() const noexcept { return killed_.load(std::memory_order_acquire); }
  // Marks the connection: from now on it runs no command, and its thread closes it soon. Never throws: if the thread can't be
  // told for want of memory, its next cron tick finds the mark.
  void kill() noexcept;

  // --- its own thread: what handlers change ---
  Server& server() const noexcept;
  IoThread& thread() const noexcept { return thread_; }
  Session& session() noexcept { return session_; }
  // The setters take the registry's mutex, since other threads read names. They throw std::bad_alloc, changing nothing.
  void set_name(std::string_view name);
  void set_lib_name(std::string_view name);
  void set_lib_version(std::string_view version);
  void set_flag(ConnectionFlag flag, bool on) noexcept;
  void set_authenticated(bool on) noexcept { authenticated_.store(on, std::memory_order_relaxed); }
  ReplyMode reply_mode() const noexcept { return reply_mode_; }
  void set_reply_mode(ReplyMode mode) noexcept { reply_mode_ = mode; }
  void close_after_reply() noexcept { set_flag(kCloseAfterReply, true); }
  // RESET: everything a client set goes back to how a new connection starts.
  void reset() noexcept;

  // Bytes the client did not ask for by this command: MONITOR's feed. They follow everything written before. A client that lets
  // too much pile up (client-output-buffer-limit pubsub) is closed. Swallows a refused allocation by closing.
  void push(const SharedBytes& bytes) noexcept;

  // --- its own thread: the driver's side ---
  void on_readable() noexcept;
  void on_writable() noexcept;
  // Goes on with commands and reading after a pause of any kind.
  void resume() noexcept;
  // True when the cron finds it should go: timed out, killed, stuck with unread output, over an output limit for too long.
  bool overdue(int64_t now_ms) noexcept;
  void close() noexcept;  // closes the socket; the object goes when its thread has left it

 private:
  friend class CommandBatch;

  IoThread& thread_;
  Readiness readiness_;
  Session session_;
  const uint64_t id_;
  const int64_t created_ms_;
  int fd_;
  ReplyMode reply_mode_ = ReplyMode::on;
  std::atomic<bool> authenticated_;
  std::atomic<bool> killed_{false};
  bool closed_ = false;
  std::atomic<uint32_t> flags_{0};
  std::atomic<int> database_{0};
  std::atomic<int> resp_version_{2};
  std::atomic<const Command*> last_command_{nullptr};
  std::atomic<int64_t> last_interaction_ms_;
  std::atomic<size_t> query_buffer_{0}, query_free_{0}, argument_memory_{0}, output_memory_{0}, output_pieces_{0};
  InputBuffer input_;
  OutputBuffer output_;
  int64_t output_progress_ms_ = 0;   // when unsent output last shrank
  int64_t over_soft_limit_ms_ = 0;   // since when the soft output limit is exceeded; 0: it is not
  SocketAddress peer_;
  Text name_, lib_name_, lib_version_;
};

}  // namespace plimsoll::server
