#include "load_worker.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "error.h"
#include "interrupt.h"

namespace plimsoll::bench {
namespace {

constexpr size_t kInputSize = 128 * 1024;
constexpr int kTickMs = 100;
constexpr int kMaxEvents = 256;
constexpr uint64_t kSecond = 1'000'000'000;

}  // namespace

struct LoadWorker::Connection {
  UniqueFd fd;
  std::string out;      // the batch
  size_t out_size = 0;  // its bytes in use
  size_t sent = 0;
  unsigned waiting = 0;  // replies still to come
  bool watches_writable = false;
  uint64_t start_ns = 0;
  uint64_t progress_ns = 0;
  ReplySkipper skipper;
};

uint64_t now_ns() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * kSecond + static_cast<uint64_t>(now.tv_nsec);
}

LoadWorker::LoadWorker(const LoadConfig& config, const BatchTemplate& batch, const WorkerShare& share)
    : config_(config),
      batch_(batch),
      share_(share),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      input_(kInputSize) {
  if (epoll_.get() < 0) throw BenchError(with_errno("cannot create an epoll", errno));
  if (share_.rate <= 0) return;
  interval_ns_ = static_cast<double>(kSecond) * config.pipeline / share_.rate;
  timer_ = UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  epoll_event event{EPOLLIN, {.ptr = nullptr}};
  if (timer_.get() < 0 || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer_.get(), &event) < 0) {
    throw BenchError(with_errno("cannot create a timer", errno));
  }
}

LoadWorker::~LoadWorker() = default;

void LoadWorker::add_connection(UniqueFd fd) {
  auto connection = std::make_unique<Connection>();
  connection->fd = std::move(fd);
  connection->out = batch_.bytes();
  epoll_event event{EPOLLIN, {.ptr = connection.get()}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection->fd.get(), &event) < 0) {
    throw BenchError(with_errno("cannot watch a connection", errno));
  }
  connections_.push_back(std::move(connection));
}

void LoadWorker::run(uint64_t deadline_ns, std::atomic<bool>& stop) {
  deadline_ns_ = deadline_ns;
  try {
    begin();
    loop(stop);
  } catch (...) {
    failure_ = std::current_exception();
    stop.store(true, std::memory_order_relaxed);
  }
  finished_ns_ = now_ns();
}

void LoadWorker::begin() {
  result_ = LoadResult();
  remaining_ = share_.requests;
  idle_.clear();
  const uint64_t now = now_ns();
  next_due_ns_ = static_cast<double>(now);
  next_stall_check_ns_ = now + kSecond;
  for (const auto& connection : connections_) {
    if (share_.rate > 0) {
      idle_.push_back(connection.get());
    } else if (may_send(now)) {
      send_batch(*connection, now_ns());
    }
  }
  if (share_.rate > 0) send_due(now);
}

void LoadWorker::loop(const std::atomic<bool>& stop) {
  epoll_event events[kMaxEvents];
  while (active_ > 0 || (share_.rate > 0 && may_send(now_ns()))) {
    const int count = ::epoll_wait(epoll_.get(), events, kMaxEvents, kTickMs);
    if (count < 0 && errno != EINTR) throw BenchError(with_errno("epoll_wait failed", errno));
    if (stop.load(std::memory_order_relaxed)) return;
    bool timer_fired = false;
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[i].data.ptr);
      if (connection == nullptr) {
        timer_fired = true;
        continue;
      }
      if (events[i].events & EPOLLOUT) flush(*connection);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(*connection);
    }
    if (timer_fired) {
      uint64_t expirations;
      if (::read(timer_.get(), &expirations, sizeof expirations) < 0 && errno != EAGAIN) {
        throw BenchError(with_errno("cannot read the timer", errno));
      }
      send_due(now_ns());
    }
    if (count < kMaxEvents) check_stalls(now_ns());
  }
}

bool LoadWorker::may_send(uint64_t now) const {
  return remaining_ > 0 && (deadline_ns_ == 0 || now < deadline_ns_);
}

void LoadWorker::send_batch(Connection& connection, uint64_t start_ns) {
  const auto requests = static_cast<unsigned>(std::min<uint64_t>(config_.pipeline, remaining_));
  if (remaining_ != UINT64_MAX) remaining_ -= requests;
  batch_.write_keys(connection.out.data(), requests, share_.keys);
  connection.out_size = batch_.size_of(requests);
  connection.sent = 0;
  connection.waiting = requests;
  connection.start_ns = start_ns;
  connection.progress_ns = std::max(start_ns, connection.progress_ns);
  ++active_;
  flush(connection);
}

void LoadWorker::flush(Connection& connection) {
  while (connection.sent < connection.out_size) {
    const ssize_t size = ::send(connection.fd.get(), connection.out.data() + connection.sent,
                                connection.out_size - connection.sent, MSG_NOSIGNAL);
    if (size >= 0) {
      connection.sent += static_cast<size_t>(size);
    } else if (errno == EAGAIN) {
      return watch(connection, true);
    } else if (errno != EINTR) {
      lost(connection, with_errno("send", errno));
    }
  }
  watch(connection, false);
}

void LoadWorker::watch(Connection& connection, bool writable) {
  if (connection.watches_writable == writable) return;
  epoll_event event{EPOLLIN | (writable ? EPOLLOUT : 0u), {.ptr = &connection}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event) < 0) {
    throw BenchError(with_errno("cannot watch a connection", errno));
  }
  connection.watches_writable = writable;
}

void LoadWorker::receive(Connection& connection) {
  const ssize_t size = ::recv(connection.fd.get(), input_.data(), input_.size(), 0);
  if (size > 0) return count_replies(connection, static_cast<size_t>(size));
  if (size == 0) lost(connection, "closed by the server");
  if (errno != EAGAIN && errno != EINTR) lost(connection, with_errno("receive", errno));
}

void LoadWorker::count_replies(Connection& connection, size_t size) {
  uint64_t replies = 0;
  const bool is_resp = connection.skipper.feed(input_.data(), size, [&](ReplyKind kind) {
    ++replies;
    if (kind == ReplyKind::kNull) ++result_.nulls;
    if (kind == ReplyKind::kError) ++result_.errors;
  });
  const uint64_t now = now_ns();
  connection.progress_ns = now;
  if (result_.first_error.empty()) result_.first_error = connection.skipper.first_error();
  if (!is_resp)
    throw BenchError(config_.target.endpoint.text() + " sent no RESP: " + connection.skipper.problem());
  if (replies > connection.waiting) {
    lost(connection, "the server sent a reply that nothing asked for");
  }
  result_.latency.record(now - std::min(now, connection.start_ns), replies);
  result_.replies += replies;
  connection.waiting -= static_cast<unsigned>(replies);
  if (connection.waiting == 0 && replies > 0) batch_complete(connection, now);
}

void LoadWorker::batch_complete(Connection& connection, uint64_t now) {
  --active_;
  if (share_.rate > 0) {
    idle_.push_back(&connection);
    return send_due(now);
  }
  if (may_send(now)) send_batch(connection, now);
}

// A batch that finds no idle connection at its due moment is sent when one comes back, its latency counted
// from the due moment all the same.
void LoadWorker::send_due(uint64_t now) {
  while (!idle_.empty() && next_due_ns_ <= static_cast<double>(now) && may_send(now)) {
    Connection* connection = idle_.back();
    idle_.pop_back();
    const auto due = static_cast<uint64_t>(next_due_ns_);
    next_due_ns_ += interval_ns_;
    send_batch(*connection, due);
  }
  if (!idle_.empty() && may_send(now)) arm_timer();
}

void LoadWorker::arm_timer() {
  const auto due = static_cast<uint64_t>(next_due_ns_);
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(due / kSecond);
  when.it_value.tv_nsec = static_cast<long>(due % kSecond);
  if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr) < 0) {
    throw BenchError(with_errno("cannot set the timer", errno));
  }
}

void LoadWorker::check_stalls(uint64_t now) {
  if (now < next_stall_check_ns_) return;
  next_stall_check_ns_ = now + kSecond / 10;
  check_interrupt();
  const uint64_t limit = static_cast<uint64_t>(config_.target.timeout_ms) * 1'000'000;
  for (const auto& connection : connections_) {
    if (connection->waiting == 0 || now - std::min(now, connection->progress_ns) < limit) continue;
    throw BenchError("no reply from " + config_.target.endpoint.text() + " within " +
                     std::to_string(config_.target.timeout_ms / 1000) + " s, " +
                     std::to_string(result_.replies) + " came before");
  }
}

void LoadWorker::lost(const Connection& connection, const std::string& why) const {
  std::string message = "connection to " + config_.target.endpoint.text() + " lost after " +
                        std::to_string(result_.replies) + " replies: " + why;
  if (!connection.skipper.first_error().empty())
    message += " (it said: " + connection.skipper.first_error() + ")";
  throw BenchError(message);
}

}  // namespace plimsoll::bench
