#include "server.h"

#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmalloc/line.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <new>
#include <system_error>
#include <thread>

#include "command_batch.h"
#include "listeners.h"
#include "log.h"
#include "process.h"
#include "socket_options.h"
#include "unix_time.h"

namespace plimsoll::server {

namespace {

constexpr std::string_view kTooManyClients = "-ERR max number of clients reached\r\n";
constexpr std::string_view kProtectedMode =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for "
    "the default "
    "user. In this mode connections are only accepted from the loopback interface. If you want to connect "
    "from external "
    "computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending "
    "the command "
    "'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host "
    "the server is "
    "running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG "
    "REWRITE to make "
    "this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis "
    "configuration "
    "file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started "
    "the server "
    "manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an "
    "authentication password "
    "for the default user. NOTE: You only need to do one of the above things in order for the server to "
    "start accepting "
    "connections from the outside.\r\n";

std::array<char, 40> random_id() {
  std::array<unsigned char, 20> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<char, 40> id;
  for (size_t i = 0; i < bytes.size(); ++i) {
    id[2 * i] = kDigits[bytes[i] >> 4];
    id[2 * i + 1] = kDigits[bytes[i] & 15];
  }
  return id;
}

// SIGTERM and SIGINT end the server.
class SignalWatch {
 public:
  SignalWatch(Server& server, asio::io_context& context)
      : server_(server),
        fd_(open_signals()),
        readiness_(
            context, this, [](void* self) noexcept { static_cast<SignalWatch*>(self)->read(); },
            [](void*) noexcept {}) {
    readiness_.start(fd_);
  }
  ~SignalWatch() {
    readiness_.stop();
    ::close(fd_);
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  void read() noexcept {
    signalfd_siginfo info;
    while (::read(fd_, &info, sizeof(info)) == sizeof(info)) {
      const bool interrupt = info.ssi_signo == SIGINT;
      log_warning("Received {} scheduling shutdown...", interrupt ? "SIGINT" : "SIGTERM");
      server_.shut_down();
    }
  }

  Server& server_;
  int fd_;
  Readiness readiness_;
};

}  // namespace

Server::Server(Config& config, CommandTable& commands)
    : config_(config),
      commands_(commands),
      store_(zm::make_unique<Store, zm::Tag::server>(store_options())),
      run_id_(random_id()),
      start_ms_(unix_ms()),
      start_monotonic_us_(Clock::system().monotonic_us()) {
  const auto threads = static_cast<unsigned>(config.number(Opt::io_threads));
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i)
    threads_.push_back(zm::make_unique<IoThread, zm::Tag::server>(*this, i));
  listeners_ = zm::make_unique<Listeners, zm::Tag::server>(*threads_[0]);
  maintenance_ = zm::make_unique<Ticker, zm::Tag::server>(
      threads_[0]->context(), this, [](void* self) noexcept { static_cast<Server*>(self)->maintain(); });
  pause_end_ = zm::make_unique<Ticker, zm::Tag::server>(
      threads_[0]->context(), this,
      [](void* self) noexcept { static_cast<Server*>(self)->end_pause_if_due(); });
  active_defrag_ = zm::make_unique<ActiveDefrag, zm::Tag::server>(*this, threads_[0]->context());
  for (const Opt id :
       {Opt::client_output_buffer_limit, Opt::requirepass, Opt::jemalloc_bg_thread, Opt::activedefrag})
    apply_option(id);
  memory_line_ =
      zm::make_unique<MemoryLine, zm::Tag::server>(parse_line_setting(config.text(Opt::memory_line)));
  register_hooks();
}

Server::~Server() {
  for (auto& thread : threads_) thread->finish_connections();
  listeners_.reset();
  maintenance_.reset();
  pause_end_.reset();
  active_defrag_.reset();
}

void Server::set_extension(zm::unique_ptr<ServerExtension, zm::Tag::server> extension) noexcept {
  extension_ = std::move(extension);
}

int64_t Server::uptime_seconds() const noexcept {
  return (Clock::system().monotonic_us() - start_monotonic_us_) / 1'000'000;
}

int Server::tcp_port() const noexcept {
  return static_cast<int>(config_.number(Opt::port));
}

// --- life ---

int Server::run() {
  SignalWatch signals(*this, threads_[0]->context());
  const std::string unix_path(config_.text(Opt::unixsocket));
  if (!listen(unix_path)) return 1;
  std::vector<std::thread> running;
  const bool started = start_threads(running);
  if (started) {
    for (auto& thread : threads_) thread->set_frequency(config_.number(Opt::hz));
    startup_memory_.store(zm::used_memory(), std::memory_order_relaxed);
    log_notice("Ready to accept connections");
    if (!unix_path.empty()) log_notice("The server is now ready to accept connections at {}", unix_path);
    notify_supervisor(config_);
    threads_[0]->run();
    let_interrupt_end_at_once();
  }

  listeners_->stop_all();
  for (auto& thread : running) thread.join();
  for (auto& thread : threads_) thread->finish_connections();
  if (!unix_path.empty()) {
    log_notice("Removing the unix socket file.");
    ::unlink(unix_path.c_str());
  }
  return started ? 0 : 1;
}

// False if there is nothing to listen on, or it failed; the log says so.
bool Server::listen(const std::string& unix_path) {
  const int backlog = static_cast<int>(config_.number(Opt::tcp_backlog));
  ListeningSockets sockets;
  try {
    sockets = listen_on_tcp(config_.words(Opt::bind), tcp_port(), backlog);
  } catch (const ListenError&) {
    log_warning("Failed listening on port {} (TCP), aborting.", tcp_port());
    return false;
  }
  try {
    if (!unix_path.empty()) {
      sockets.push_back(
          listen_on_unix(unix_path, static_cast<unsigned>(config_.number(Opt::unixsocketperm)), backlog));
    }
  } catch (const ListenError& error) {
    log_warning("Failed opening Unix socket: {}", error.what());
    return false;
  }
  if (sockets.empty()) {
    log_warning("Configured to not listen anywhere, exiting.");
    return false;
  }
  listeners_->watch(std::move(sockets));
  return true;
}

// All but thread 0. False if the system refused one: those before it end then, and are to be joined.
bool Server::start_threads(std::vector<std::thread>& running) noexcept {
  try {
    running.reserve(threads_.size());
    for (size_t i = 1; i < threads_.size(); ++i) running.emplace_back([this, i] { threads_[i]->run(); });
    return true;
  } catch (const std::exception& error) {
    log_warning("Can't start I/O thread {} of {}: {}", running.size() + 1, threads_.size(), error.what());
    for (auto& thread : threads_) thread->stop();
    return false;
  }
}

void Server::shut_down() noexcept {
  if (shutting_down_.exchange(true)) return;
  log_warning("User requested shutdown...");
  notify_stopping(config_);
  for (auto& thread : threads_) thread->stop();
}

// --- connections ---

// Tells the client why it may not stay; a full socket buffer may lose that.
void Server::refuse(int fd, std::string_view reason) noexcept {
  if (::send(fd, reason.data(), reason.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    log_debug("A refused client has gone");
  counters_.connections_rejected.fetch_add(1, std::memory_order_relaxed);
  ::close(fd);
}

void Server::refuse_for_want_of_descriptors(int fd) noexcept {
  refuse(fd, kTooManyClients);
}

// False if the client may not stay, and was refused.
bool Server::admit(int fd, const SocketAddress& peer) noexcept {
  std::string_view refusal;
  if (connection_count() >= static_cast<size_t>(config_.number(Opt::maxclients))) {
    refusal = kTooManyClients;
  } else if (config_.flag(Opt::protected_mode) && !peer.is_unix() && !peer.is_loopback() && !has_password()) {
    refusal = kProtectedMode;
  }
  if (refusal.empty()) return true;
  refuse(fd, refusal);
  return false;
}

void Server::expect_outside(size_t bytes) noexcept {
  if (memory_line_ != nullptr) memory_line_->expect_outside(bytes);
}

void Server::measure_after_rest() noexcept {
  if (memory_line_ != nullptr) memory_line_->measure_after_rest();
}

// A connection takes memory of the kernel's, too. Thousands may come between two measurements, and none of
// them may have commands that make room.
void Server::expect_socket() noexcept {
  constexpr size_t kSocket = 4096;
  constexpr int64_t kSliceUs = 500;
  if (zm::line::limit() == 0) return;
  expect_outside(kSocket);
  if (zm::line::room() < zm::line::margin()) store().make_room(0, kSliceUs);
}

void Server::accepted(int fd, const SocketAddress& peer) noexcept {
  if (!admit(fd, peer)) return;
  counters_.connections_received.fetch_add(1, std::memory_order_relaxed);
  if (!peer.is_unix()) set_tcp_options(fd, config_.number(Opt::tcp_keepalive));
  expect_socket();
  const uint64_t id = next_connection_id_++;
  IoThread& thread = *threads_[id % threads_.size()];
  count_connection(1);
  if (thread.index() == 0) return thread.adopt(fd, peer, id);
  try {
    thread.post([&thread, fd, peer, id] { thread.adopt(fd, peer, id); });
  } catch (const std::bad_alloc&) {
    ::close(fd);
    count_connection(-1);
  }
}

// --- CLIENT PAUSE ---

void Server::pause_clients(PauseMode mode, int64_t until_ms) {
  std::lock_guard lock(pause_mutex_);
  const PauseMode before = pause_mode();
  if (mode > before) pause_mode_.store(mode, std::memory_order_relaxed);
  if (before != PauseMode::none)
    until_ms = std::max(until_ms, pause_until_ms_.load(std::memory_order_relaxed));
  pause_until_ms_.store(until_ms, std::memory_order_relaxed);
  store_->freeze(true);
  pause_end_->once_in(
      std::chrono::milliseconds(std::clamp<int64_t>(until_ms - unix_ms() + 1, 1, 1000 * 1000)));
}

void Server::unpause_clients() {
  {
    std::lock_guard lock(pause_mutex_);
    if (pause_mode() == PauseMode::none) return;
    pause_mode_.store(PauseMode::none, std::memory_order_relaxed);
    pause_end_->stop();
    store_->freeze(false);
  }
  resume_paused();
}

PauseMode Server::pause_mode() const noexcept {
  return pause_mode_.load(std::memory_order_relaxed);
}

void Server::end_pause_if_due() noexcept {
  if (pause_mode() != PauseMode::none && unix_ms() >= pause_until_ms_.load(std::memory_order_relaxed))
    unpause_clients();
  // A thread that could not be told, for want of memory, is told again.
  if (pause_mode() == PauseMode::none && paused_connections() > 0) resume_paused();
}

void Server::resume_paused() noexcept {
  for (auto& thread : threads_) {
    try {
      thread->post([&each = *thread] { each.resume_paused(); });
    } catch (const std::bad_alloc&) {  // cron asks again
    }
  }
}

}  // namespace plimsoll::server
