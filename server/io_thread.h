#pragma once

#include <zmalloc/allocator.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "arrivals.h"
#include "call_ring.h"
#include "command_batch.h"
#include "command_stats.h"
#include "connection.h"
#include "event_rounds.h"
#include "held_replies.h"
#include "ticker.h"
#include "unix_time.h"
#include "value_admission.h"

namespace plimsoll::server {

class Server;

// Totals of one I/O thread since the start: it alone writes, anyone reads.
struct ThreadTotals {
  std::atomic<uint64_t> commands{0};
  std::atomic<uint64_t> input_bytes{0};
  std::atomic<uint64_t> output_bytes{0};
  std::atomic<uint64_t> reads{0};       // recv calls that brought something
  std::atomic<uint64_t> writes{0};      // sendmsg calls that took something
  std::atomic<uint64_t> ring_calls{0};  // of both, those made by a CallRing
  // Not since the start but now: memory that connections hold for what has been announced and not received.
  std::atomic<uint64_t> unfilled_input{0};

  static void add(std::atomic<uint64_t>& counter, uint64_t n) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
};

// One thread with an io_context and the connections that were given to it. Everything of a connection happens
// on it.
//
// Work for another thread's connections is posted there. Facts of them are read in place: the registry's
// mutex is taken by the owner only to add, remove or rename a connection, never per command, so whoever
// gathers (CLIENT LIST, INFO) locks one thread's registry after the other and waits for nobody's commands. No
// two registries are ever locked at once, and nothing that waits runs under one; so gathering from a handler
// cannot deadlock.
class IoThread {
 public:
  IoThread(Server& server, unsigned index);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  // Files that one holds: the reactor's epoll, eventfd and timerfd, a timerfd for each Ticker, and the ring.
  static constexpr size_t kFiles = 6;

  // --- any thread ---
  Server& server() const noexcept { return server_; }
  unsigned index() const noexcept { return index_; }
  const ThreadTotals& totals() const noexcept { return totals_; }
  const CommandStatistics& command_statistics() const noexcept { return command_statistics_; }
  size_t connection_count() const noexcept { return connection_count_.load(std::memory_order_relaxed); }

  // Runs `work()` on this thread, after what was posted before. Throws std::bad_alloc. What `work` throws is
  // logged.
  template <class Work>
  void post(Work&& work) {
    asio::post(context_, std::forward<Work>(work));
  }

  // Calls `visit(Connection&)` for each connection, in the order of their ids, under the registry's mutex.
  // The visitor uses only members that are for any thread, and nothing that waits.
  template <class Visit>
  void for_each_connection(Visit&& visit) const {
    std::lock_guard lock(registry_mutex_);
    for (const auto& [id, connection] : connections_) visit(*connection);
  }

  // The same for one connection; false if it is not on this thread.
  template <class Visit>
  bool with_connection(uint64_t id, Visit&& visit) const {
    std::lock_guard lock(registry_mutex_);
    const auto found = connections_.find(id);
    if (found == connections_.end()) return false;
    visit(*found->second);
    return true;
  }

  // --- this thread only ---
  asio::io_context& context() noexcept { return context_; }
  ThreadTotals& totals() noexcept { return totals_; }
  CommandStatistics& command_statistics() noexcept { return command_statistics_; }
  CommandBatch& batch() noexcept { return *batch_; }
  ValueAdmission& admission() noexcept { return admission_; }
  // Somebody waits for memory, or will soon: none is left for those that hold it to no purpose.
  bool memory_is_wanted() noexcept;
  // Of some connections, others each time, whose clients have not read what was sent to them: the one whose
  // unsent replies have cost most (Connection::unsent_cost), of those that read nothing if there are any.
  // Null if nobody leaves anything unread.
  Connection* costliest_unread_output() noexcept;
  // Null if it has gone. Takes no lock: only this thread adds and removes.
  Connection* find(uint64_t id) noexcept;

  // Takes over an accepted socket; closes it if memory is refused.
  void adopt(int fd, const SocketAddress& peer, uint64_t id) noexcept;
  void remove(Connection& connection) noexcept;  // destroys it
  // For the time of a change of what others read of a connection.
  std::mutex& registry_mutex() const noexcept { return registry_mutex_; }
  // Calls connection.resume() in a later turn, after the other connections had theirs; no later than some
  // tick if memory for that is refused.
  void resume_later(Connection& connection) noexcept;
  // Calls connection.look_again() some milliseconds later.
  void look_again_later(Connection& connection) noexcept;
  // The turn of a connection without output has ended: its `replies` become `output`, and it is called back
  // when others of the round have had theirs. False: they are to be sent now.
  bool hold_replies(Connection& connection, OutputBuffer& replies, OutputBuffer& output) noexcept;
  HeldReplies& held_replies() noexcept { return held_replies_; }
  // Something has arrived for it: its turn comes when that of the others is read as well, perhaps now, and
  // may destroy it. False: it is to be read by itself.
  bool read_with_others(Connection& connection) noexcept;
  Arrivals& arrivals() noexcept { return arrivals_; }
  // All that are held; also in the turn of another connection, between two commands.
  void send_held_replies() noexcept;
  void send_overdue_replies() noexcept {
    if (!held_replies_.empty()) send_overdue_replies(monotonic_ns());
  }
  void send_overdue_replies(uint64_t now_ns) noexcept {
    if (held_replies_.due(now_ns)) send_held_replies();
  }
  // CLIENT PAUSE has ended.
  void resume_paused() noexcept;

  void set_frequency(int64_t hz) noexcept;  // any thread: of the ticks
  void run() noexcept;                      // until stop()
  void stop() noexcept;                     // any thread
  void finish_connections() noexcept;       // after run()

 private:
  using Owned = zm::unique_ptr<Connection, zm::Tag::client>;
  using Ids = zm::vector<uint64_t, zm::Tag::client>;

  void restart() noexcept;
  void end_round() noexcept;
  void read_arrivals() noexcept;
  void tick() noexcept;
  void sweep() noexcept;
  void run_resumes() noexcept;
  void look_again() noexcept;
  template <class Visit>
  void take_and_visit(Ids& ids, Visit&& visit) noexcept;
  template <class Visit>
  void visit_all(Visit&& visit) noexcept;
  void visit_unlisted() noexcept;

  Server& server_;
  const unsigned index_;
  asio::io_context context_;
  EventRounds rounds_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  ThreadTotals totals_;
  CommandStatistics command_statistics_;
  zm::unique_ptr<CommandBatch, zm::Tag::server> batch_;
  ValueAdmission admission_{*this};
  Ticker ticker_;
  Ticker second_look_;
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> hz_{10};
  uint64_t swept_id_ = 0;     // the sweep goes on behind it
  uint64_t compared_id_ = 0;  // and costliest_unread_output() behind this one
  CallRing ring_;
  Arrivals arrivals_;
  HeldReplies held_replies_;
  Ids resumes_;
  bool resumes_posted_ = false;
  Ids second_looks_;
  bool some_unlisted_ = false;  // no memory to list one for either: the next tick asks all
  mutable std::mutex registry_mutex_;
  zm::map<uint64_t, Owned, zm::Tag::client> connections_;
  std::atomic<size_t> connection_count_{0};
};

}  // namespace plimsoll::server
