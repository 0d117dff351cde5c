#include "io_thread.h"

#include <poll.h>
#include <unistd.h>
#include <zmalloc/line.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <utility>

#include "command_batch.h"
#include "log.h"
#include "server.h"
#include "unix_time.h"

namespace plimsoll::server {

namespace {

constexpr size_t kKeptIds = 1024;
constexpr size_t kFewestSwept = 16;  // connections per tick
// Half-closed connections are noticed so late at most; a busy connection pays one recv in that time for it.
constexpr std::chrono::milliseconds kSecondLook(10);

}  // namespace

IoThread::IoThread(Server& server, unsigned index)
    : server_(server),
      index_(index),
      context_(ASIO_CONCURRENCY_HINT_UNSAFE_IO),  // one thread runs it; others post
      rounds_(context_, this, [](void* self) noexcept { static_cast<IoThread*>(self)->end_round(); }),
      work_(asio::make_work_guard(context_)),
      command_statistics_(server.commands().size(), server.statistics_generation()),
      batch_(zm::make_unique<CommandBatch, zm::Tag::server>(*this)),
      ticker_(context_, this, [](void* self) noexcept { static_cast<IoThread*>(self)->tick(); }),
      second_look_(context_, this, [](void* self) noexcept { static_cast<IoThread*>(self)->look_again(); }),
      ring_(server.config().flag(Opt::io_uring)) {
  ring_.open();
}

IoThread::~IoThread() {
  finish_connections();
}

Connection* IoThread::find(uint64_t id) noexcept {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

Connection* IoThread::costliest_unread_output() noexcept {
  constexpr size_t kCompared = 64;
  std::array<Connection*, kCompared> waiting;
  std::array<pollfd, kCompared> sockets;
  size_t count = 0;
  for (size_t left = std::min(connections_.size(), kCompared); left > 0; --left) {
    auto next = connections_.upper_bound(compared_id_);
    if (next == connections_.end()) next = connections_.begin();
    compared_id_ = next->first;
    if (next->second->unsent_cost(0) == 0) continue;
    waiting[count] = next->second.get();
    sockets[count++] = {next->second->fd(), POLLOUT, 0};
  }
  // Whose socket takes more has read: it is this thread that has not come round to it.
  if (::poll(sockets.data(), count, 0) < 0) return nullptr;
  const int64_t now_ms = unix_ms_coarse();
  Connection* costliest = nullptr;
  std::pair<bool, uint64_t> most{};  // who reads on comes after all who do not
  for (size_t i = 0; i < count; ++i) {
    if (sockets[i].revents != 0) continue;
    const std::pair cost{!waiting[i]->reads_on(now_ms), waiting[i]->unsent_cost(now_ms)};
    if (cost <= most) continue;
    most = cost;
    costliest = waiting[i];
  }
  return costliest;
}

bool IoThread::memory_is_wanted() noexcept {
  constexpr size_t kSoon = 1024 * 1024;
  if (admission_.anybody_waits()) return true;
  return zm::line::limit() != 0 ? !zm::line::fits(std::min(kSoon, zm::line::client_share() / 8))
                                : server_.store().room_for(kSoon) != RoomFor::there;
}

void IoThread::adopt(int fd, const SocketAddress& peer, uint64_t id) noexcept {
  try {
    Owned owned;
    try {
      owned = zm::make_unique<Connection, zm::Tag::client>(*this, id, fd, peer, unix_ms());
    } catch (...) {
      ::close(fd);
      throw;
    }
    Connection& connection = *owned;
    {
      std::lock_guard lock(registry_mutex_);
      connections_.emplace(id, std::move(owned));
    }
    connection_count_.store(connections_.size(), std::memory_order_relaxed);
    connection.start();
  } catch (const std::exception& error) {
    log_warning("Refusing a connection: {}", error.what());
    if (Connection* connection = find(id)) return remove(*connection);
    server_.count_connection(-1);
  }
}

void IoThread::remove(Connection& connection) noexcept {
  Owned owned;
  {
    std::lock_guard lock(registry_mutex_);
    const auto found = connections_.find(connection.id());
    owned = std::move(found->second);
    connections_.erase(found);
  }
  connection_count_.store(connections_.size(), std::memory_order_relaxed);
  server_.count_connection(-1);
}

// Swaps the list out first, since a visit may add to it; its memory is kept unless it is large.
template <class Visit>
void IoThread::take_and_visit(Ids& ids, Visit&& visit) noexcept {
  Ids taken;
  taken.swap(ids);
  for (const uint64_t id : taken) {
    if (Connection* connection = find(id)) visit(*connection);
  }
  taken.clear();
  if (ids.empty() && taken.capacity() <= kKeptIds) ids.swap(taken);
}

void IoThread::resume_later(Connection& connection) noexcept {
  try {
    resumes_.push_back(connection.id());
  } catch (const std::bad_alloc&) {
    some_unlisted_ = true;
    return;
  }
  if (resumes_posted_) return;
  try {
    asio::post(context_, [this] { run_resumes(); });
    resumes_posted_ = true;
  } catch (const std::exception&) {  // the next tick runs them
  }
}

void IoThread::run_resumes() noexcept {
  resumes_posted_ = false;
  take_and_visit(resumes_, [](Connection& connection) { connection.resume(); });
}

// With one connection at a time there is nobody to wait for.
bool IoThread::hold_replies(Connection& connection, OutputBuffer& replies, OutputBuffer& output) noexcept {
  return rounds_.several() && held_replies_.hold(connection, replies, output, batch_->last_ended_ns());
}

void IoThread::send_held_replies() noexcept {
  if (held_replies_.empty()) return;
  OutputBuffer under_way;  // of the connection whose turn it is
  under_way.swap(batch_->output());
  held_replies_.send_all(ring_);
  under_way.swap(batch_->output());
}

bool IoThread::read_with_others(Connection& connection) noexcept {
  if (!rounds_.several() || !arrivals_.add(connection)) return false;
  connection.set_read_with_others();
  if (arrivals_.full()) read_arrivals();
  return true;
}

// What has to wait would be kept, so little is read when clients have no memory left.
void IoThread::read_arrivals() noexcept {
  constexpr size_t kScarce = 4096;
  if (!arrivals_.empty()) arrivals_.take_turns(ring_, zm::line::fits(1) ? Arrivals::kPlaceBytes : kScarce);
}

void IoThread::end_round() noexcept {
  read_arrivals();
  send_held_replies();
}

void IoThread::look_again_later(Connection& connection) noexcept {
  try {
    second_looks_.push_back(connection.id());
    if (second_looks_.size() == 1) second_look_.once_in(kSecondLook);
  } catch (const std::bad_alloc&) {
    some_unlisted_ = true;
  }
}

void IoThread::look_again() noexcept {
  take_and_visit(second_looks_, [](Connection& connection) { connection.look_again(); });
}

// The visit may end the connection.
template <class Visit>
void IoThread::visit_all(Visit&& visit) noexcept {
  for (auto next = connections_.begin(); next != connections_.end();) {
    const uint64_t id = next->first;
    visit(*next->second);
    next = connections_.upper_bound(id);
  }
}

void IoThread::resume_paused() noexcept {
  visit_all([](Connection& connection) {
    if (!connection.has(kPausedByClient)) return;
    connection.set_flag(kPausedByClient, false);
    connection.resume();
  });
}

void IoThread::visit_unlisted() noexcept {
  if (!some_unlisted_) return;
  some_unlisted_ = false;
  visit_all([this](Connection& connection) {
    const uint64_t id = connection.id();
    if (connection.asked_to_resume()) connection.resume();
    if (Connection* still_there = find(id)) still_there->look_again();
  });
}

void IoThread::set_frequency(int64_t hz) noexcept {
  hz_.store(hz, std::memory_order_relaxed);
  ticker_.every(std::chrono::microseconds(1'000'000 / hz));
}

void IoThread::tick() noexcept {
  send_held_replies();                                       // it takes a while
  if (!resumes_.empty() && !resumes_posted_) run_resumes();  // posting was refused
  visit_unlisted();
  sweep();  // first: it goes by who waits, and those are about to ask again after what follows
  admission_.watch_giver(unix_ms());
  batch_->trim();
  held_replies_.trim();
  arrivals_.trim();
  batch_->compare_clocks();
  if (index_ == 0) server_.cron();
}

// A part of the connections, so that each is seen about once a second.
void IoThread::sweep() noexcept {
  const int64_t now_ms = unix_ms();
  const size_t share = connections_.size() / static_cast<size_t>(hz_.load(std::memory_order_relaxed));
  for (size_t left = std::min(connections_.size(), std::max(share, kFewestSwept)); left > 0; --left) {
    auto next = connections_.upper_bound(swept_id_);
    if (next == connections_.end()) next = connections_.begin();
    if (next == connections_.end()) return;
    swept_id_ = next->first;
    next->second->close_if_overdue(now_ms);
  }
}

void IoThread::run() noexcept {
  if (index_ > 0) zm::use_own_arena();  // thread 0 is the main thread, which has one
  while (!stopping_.load(std::memory_order_acquire)) {
    try {
      context_.run();
      if (!stopping_.load(std::memory_order_acquire)) restart();
    } catch (const std::exception& error) {
      log_warning("I/O thread {}: {}", index_, error.what());
    }
  }
}

// Clients must not pay for a miscount of the io_context's work, which ends its run when none is left: work_
// should prevent that.
void IoThread::restart() noexcept {
  log_warning("I/O thread {}: bug: the io_context stopped by itself; it is started again", index_);
  context_.get_executor().on_work_started();
  context_.restart();
  if (stopping_.load(std::memory_order_acquire)) context_.stop();  // stop() may have come before restart()
}

void IoThread::stop() noexcept {
  stopping_.store(true, std::memory_order_release);
  context_.stop();
}

void IoThread::finish_connections() noexcept {
  while (!connections_.empty()) {
    Connection& connection = *connections_.begin()->second;
    connection.finish();
    remove(connection);
  }
}

}  // namespace plimsoll::server
