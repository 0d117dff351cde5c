#include <poll.h>
#include <resp_client/connection.h>
#include <resp_client/encode.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "socket.h"

namespace plimsoll::client {
namespace {
using Kind = ConnectionError::Kind;
constexpr std::size_t kReadBytes = 64 * 1024;
// Sent bytes are dropped from the front of the output only when there are this many: moving the rest costs.
constexpr std::size_t kCompactBytes = 256 * 1024;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}
}  // namespace

std::string Endpoint::describe() const {
  if (!unix_socket.empty()) return unix_socket;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

struct Connection::State {
  Socket socket;
  ConnectionOptions options;
  Decoder decoder;
  std::string output;
  std::size_t sent = 0;  // bytes of output already sent
  // Why nothing more can be received or sent. What the server said before it closed is still worth reading,
  // so this is thrown only by a read that finds nothing decoded.
  std::optional<ConnectionError> receive_failure;
  std::optional<ConnectionError> send_failure;
  std::function<void(const Value&)> on_push;
};

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Connection Connection::open(const Endpoint& endpoint, const ConnectionOptions& options) {
  auto state = std::make_unique<State>();
  state->socket = connect_to(endpoint, options);
  state->options = options;
  state->decoder = Decoder(options.limits);
  return Connection(std::move(state));
}

int Connection::fd() const {
  return state_->socket.fd();
}
std::size_t Connection::unsent_bytes() const {
  return state_->output.size() - state_->sent;
}
std::string_view Connection::raw() const {
  return state_->decoder.raw();
}

void Connection::set_on_push(std::function<void(const Value&)> on_push) {
  state_->on_push = std::move(on_push);
}

void Connection::append(std::span<const std::string_view> args) {
  encode(state_->output, args);
}
void Connection::append(std::span<const std::string> args) {
  encode(state_->output, args);
}
void Connection::append(std::initializer_list<std::string_view> args) {
  append(std::span<const std::string_view>(args.begin(), args.size()));
}
void Connection::append_raw(std::string_view bytes) {
  state_->output += bytes;
}

// One send; true when nothing is left to send.
bool Connection::send_some() {
  State& state = *state_;
  if (unsent_bytes() > 0) {
    const ssize_t count = ::send(fd(), state.output.data() + state.sent, unsent_bytes(), MSG_NOSIGNAL);
    if (count >= 0) {
      state.sent += static_cast<std::size_t>(count);
    } else if (!would_block(errno)) {
      state.send_failure.emplace(Kind::kIo, std::strerror(errno));
      state.sent = state.output.size();
    }
  }
  const bool done = unsent_bytes() == 0;
  if (done || state.sent > kCompactBytes) {
    state.output.erase(0, state.sent);
    state.sent = 0;
  }
  return done;
}

// One receive; false when nothing was there. After the end of the stream it does nothing.
bool Connection::receive_some() {
  State& state = *state_;
  if (state.receive_failure) return false;
  const std::span<char> room = state.decoder.prepare(kReadBytes);
  const ssize_t count = ::recv(fd(), room.data(), room.size(), 0);
  const int error = errno;
  state.decoder.commit(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (count > 0) return true;
  if (count < 0 && would_block(error)) return false;
  if (count == 0 || error == ECONNRESET || error == EPIPE)
    state.receive_failure.emplace(Kind::kClosed, "Server closed the connection");
  else
    state.receive_failure.emplace(Kind::kIo, std::strerror(error));
  return false;
}

void Connection::wait(bool for_write) {
  const State& state = *state_;
  const short events = for_write ? POLLIN | POLLOUT : POLLIN;
  switch (wait_for(fd(), events, state.options.cancel_fd, state.options.io_timeout)) {
    case Ready::kSocket:
      return;
    case Ready::kCancelled:
      throw ConnectionError(Kind::kCancelled, "cancelled");
    case Ready::kTimeout:
      throw ConnectionError(Kind::kTimeout,
                            "no answer within " + std::to_string(state.options.io_timeout.count()) + " ms");
  }
}

void Connection::flush() {
  while (!send_some()) {
    wait(true);
    receive_some();
    if (state_->receive_failure) return;
  }
}

std::optional<Value> Connection::decode() {
  while (auto value = state_->decoder.next()) {
    if (value->type != Type::kPush || !state_->on_push) return value;
    state_->on_push(*value);
  }
  return std::nullopt;
}

void Connection::throw_failure() const {
  if (state_->receive_failure) throw *state_->receive_failure;
  if (state_->send_failure) throw *state_->send_failure;
}

Value Connection::read() {
  flush();
  while (true) {
    if (auto value = decode()) return std::move(*value);
    if (receive_some()) continue;
    throw_failure();
    wait(false);
  }
}

std::optional<Value> Connection::try_read() {
  send_some();
  if (auto value = decode()) return value;
  if (receive_some()) return decode();
  throw_failure();
  return std::nullopt;
}

Value Connection::call(std::initializer_list<std::string_view> args) {
  append(args);
  return read();
}

Value Connection::call(std::span<const std::string> args) {
  append(args);
  return read();
}

Value Connection::authenticate(std::string_view user, std::string_view password) {
  return user.empty() ? call({"AUTH", password}) : call({"AUTH", user, password});
}

Value Connection::hello(int protocol) {
  return call({"HELLO", std::to_string(protocol)});
}
Value Connection::select(int database) {
  return call({"SELECT", std::to_string(database)});
}

}  // namespace plimsoll::client
