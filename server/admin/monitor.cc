#include "admin/monitor.h"

#include <plimsoll/text/quoted_words.h>

#include <algorithm>
#include <exception>

#include "admin/extension.h"
#include "admin/families.h"
#include "admin/redaction.h"
#include "admin/replies.h"
#include "admin/text.h"
#include "connection.h"
#include "io_thread.h"
#include "server.h"
#include "unix_time.h"

namespace plimsoll::server {

namespace {

// +1339518083.107412 [0 127.0.0.1:60866] "SET" "key" "value"
SharedBytes format_line(Connection& from, const Command& command, Args args) {
  const int64_t now_us = unix_us();
  Text line;
  append_format(line, "+%lld.%06lld [%d %s", static_cast<long long>(now_us / 1'000'000),
                static_cast<long long>(now_us % 1'000'000), from.session().database(),
                from.has(kUnixSocket) ? "unix:" : "");
  const std::string full = address_text(from, from.peer());
  std::string_view address = full;
  if (from.has(kUnixSocket)) address = address.substr(0, address.rfind(':'));
  line += address;
  line += ']';
  for (size_t i = 0; i < args.size(); ++i) {
    line += ' ';
    append_quoted(line, is_secret(command, args, i) ? kRedacted : args[i]);
  }
  line += "\r\n";
  SharedBytes bytes = SharedBytes::allocate(line.size(), zm::Tag::client_output);
  std::copy(line.begin(), line.end(), bytes.data());
  bytes.set_size(line.size());
  return bytes;
}

}  // namespace

void Monitors::add(const Connection& connection) {
  std::lock_guard lock(mutex_);
  for (const Monitor& monitor : monitors_) {
    if (monitor.id == connection.id()) return;  // was one before RESET
  }
  monitors_.push_back({connection.id(), connection.thread().index()});
}

void Monitors::remove(uint64_t id) noexcept {
  std::lock_guard lock(mutex_);
  std::erase_if(monitors_, [id](const Monitor& monitor) { return monitor.id == id; });
}

void Monitors::feed(Connection& from, const Command& command, Args args) noexcept {
  try {
    const SharedBytes line = format_line(from, command, args);
    std::lock_guard lock(mutex_);
    for (const Monitor& monitor : monitors_) send(monitor, line, from);
  } catch (const std::exception&) {
    server_.for_each_connection([](Connection& connection) {
      if (connection.has(kMonitor)) connection.kill();
    });
  }
}

void Monitors::send(const Monitor& monitor, const SharedBytes& line, Connection& from) {
  IoThread& thread = server_.thread(monitor.thread);
  const auto deliver = [&thread, id = monitor.id, line] {
    Connection* connection = thread.find(id);
    if (connection == nullptr || !connection->has(kMonitor)) return;
    if (!connection->has(kCloseAfterReply)) connection->push(line);  // QUIT's OK is the last it gets
  };
  if (&from.thread() == &thread) {
    deliver();
  } else {
    thread.post(deliver);
  }
}

namespace {

// A client that is a monitor already gets no answer, as in Redis.
void monitor(Call& call) {
  Connection& connection = caller(call);
  if (connection.has(kMonitor)) return;
  extension_of(call).monitors().add(connection);
  connection.set_flag(kMonitor, true);
  call.reply().ok();
}

constexpr CommandRow kRows[] = {
    {.name = "monitor",
     .arity = 1,
     .flags = kAdmin | kNoscript | kLoading | kStale | kOwnLocks,
     .handler = monitor,
     .since = "1.0.0",
     .group = "server",
     .summary = "Shows every command the server runs, as it runs"},
};

}  // namespace

std::span<const CommandRow> monitor_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
