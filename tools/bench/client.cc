#include "client.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "error.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr size_t kMaxText = size_t{64} << 20;
constexpr uint64_t kMaxItems = 1 << 20;
constexpr int kMaxDepth = 8;

void append_header(std::string& out, char type, size_t count) {
  out += type;
  out += std::to_string(count);
  out += "\r\n";
}

}  // namespace

void append_command(std::string& out, const std::vector<std::string_view>& words) {
  append_header(out, '*', words.size());
  for (const std::string_view word : words) {
    append_header(out, '$', word.size());
    out += word;
    out += "\r\n";
  }
}

Client::Client(const Target& target)
    : name_(target.endpoint.text()),
      timeout_ms_(target.timeout_ms),
      fd_(connect_to(target.endpoint, target.timeout_ms)) {
  log_in(target);
}

void Client::log_in(const Target& target) {
  const std::string user = target.user.empty() ? "default" : target.user;
  if (target.resp3) {
    std::vector<std::string_view> hello{"HELLO", "3"};
    if (!target.password.empty()) hello.insert(hello.end(), {"AUTH", user, target.password});
    must(hello);
  } else if (!target.password.empty()) {
    must(target.user.empty() ? std::vector<std::string_view>{"AUTH", target.password}
                             : std::vector<std::string_view>{"AUTH", user, target.password});
  }
  if (target.database != 0) must({"SELECT", std::to_string(target.database)});
}

Reply Client::call(const std::vector<std::string_view>& words) {
  std::string request;
  append_command(request, words);
  send_all(request);
  Reply reply = read_reply(0);
  buffer_.erase(0, read_at_);
  read_at_ = 0;
  return reply;
}

Reply Client::must(const std::vector<std::string_view>& words) {
  Reply reply = call(words);
  if (reply.is_error()) throw BenchError(name_ + " refused " + std::string(words[0]) + ": " + reply.text);
  return reply;
}

void Client::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!wait_for(fd_.get(), POLLOUT, timeout_ms_))
        throw BenchError(name_ + " takes no more data: timed out");
    } else if (errno != EINTR) {
      throw BenchError(with_errno("connection to " + name_ + " lost", errno));
    }
  }
}

void Client::receive_more() {
  char chunk[16 * 1024];
  while (true) {
    const ssize_t size = ::recv(fd_.get(), chunk, sizeof chunk, 0);
    if (size > 0) {
      buffer_.append(chunk, static_cast<size_t>(size));
      return;
    }
    if (size == 0) throw BenchError("connection to " + name_ + " lost: closed by the server");
    if (errno == EAGAIN) {
      if (!wait_for(fd_.get(), POLLIN, timeout_ms_)) {
        throw BenchError("no reply from " + name_ + " within " + std::to_string(timeout_ms_ / 1000) + " s");
      }
    } else if (errno != EINTR) {
      throw BenchError(with_errno("connection to " + name_ + " lost", errno));
    }
  }
}

std::string Client::read_line() {
  size_t searched = read_at_;
  while (true) {
    const size_t end = buffer_.find("\r\n", searched);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(read_at_, end - read_at_);
      read_at_ = end + 2;
      return line;
    }
    if (buffer_.size() - read_at_ > kMaxText) throw BenchError(name_ + " sent a reply line without an end");
    // A lone \r may be the first half of the terminator.
    searched = buffer_.size() > read_at_ ? buffer_.size() - 1 : read_at_;
    receive_more();
  }
}

std::string Client::read_bytes(size_t size) {
  while (buffer_.size() - read_at_ < size) receive_more();
  std::string bytes = buffer_.substr(read_at_, size);
  read_at_ += size;
  return bytes;
}

Reply Client::read_reply(int depth) {
  const std::string line = read_line();
  if (line.empty() || depth > kMaxDepth) throw BenchError(name_ + " sent a malformed reply");
  Reply reply;
  reply.type = line[0];
  reply.text = line.substr(1);
  static constexpr std::string_view kSimple = "+-:,#(", kBulk = "$=!", kAggregate = "*~>%";
  if (kSimple.find(reply.type) != std::string_view::npos) return reply;
  reply.is_null = reply.type == '_' || reply.text == "-1";
  if (reply.is_null) return reply;
  const auto length = parse_unsigned(reply.text);
  if (kBulk.find(reply.type) != std::string_view::npos && length && *length <= kMaxText) {
    reply.text = read_bytes(*length + 2);
    reply.text.resize(*length);
    return reply;
  }
  if (kAggregate.find(reply.type) != std::string_view::npos && length && *length <= kMaxItems) {
    const uint64_t items = reply.type == '%' ? 2 * *length : *length;
    for (uint64_t i = 0; i < items; ++i) reply.items.push_back(read_reply(depth + 1));
    return reply;
  }
  throw BenchError(name_ + " sent a malformed reply: '" + line.substr(0, 80) + "' (is it a RESP server?)");
}

}  // namespace plimsoll::bench
