#include "runner.h"

#include <plimsoll/text/ascii.h>

#include <cstdio>

#include "text.h"

namespace plimsoll::cli {
namespace {

using client::ConnectionError;
using resp::Value;
using Words = std::vector<std::string>;

bool is_one_of(const std::string& word, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (ascii_equal_nocase(word, name)) return true;
  }
  return false;
}

bool is(const Words& command, const char* first, const char* second) {
  return command.size() > 1 && ascii_equal_nocase(command[0], first) &&
         ascii_equal_nocase(command[1], second);
}

bool is_connection_lost(const ConnectionError& error) {
  return error.kind() == ConnectionError::Kind::kClosed || error.kind() == ConnectionError::Kind::kIo;
}

}  // namespace

bool prints_verbatim(const Words& command) {
  if (is_one_of(command[0], {"info", "lolwut"})) return true;
  if (is(command, "memory", "malloc-stats") || is(command, "memory", "doctor")) return true;
  if (is(command, "client", "list") || is(command, "client", "info")) return true;
  if (is(command, "debug", "htstats") || is(command, "debug", "htstats-key")) return true;
  if (is(command, "debug", "client-eviction") || is(command, "proxy", "info")) return true;
  if (is(command, "latency", "graph")) return command.size() == 3;
  if (is(command, "latency", "doctor")) return command.size() == 2;
  return command.size() == 2 && (is(command, "cluster", "nodes") || is(command, "cluster", "info"));
}

Runner::Runner(const Options& options, Session& session, SignalPipe* interrupt, bool interactive)
    : options_(options), session_(session), interrupt_(interrupt), interactive_(interactive) {}

Runner::Outcome Runner::run(const Words& command, std::int64_t repeat) {
  if (!session_.connected() && !session_.connect()) return Outcome::kFailed;
  for (bool second_try = false;; second_try = true) {
    try {
      return send_repeatedly(command, repeat);
    } catch (const ConnectionError& error) {
      session_.disconnect();
      if (error.kind() == ConnectionError::Kind::kCancelled) {
        interrupt_->drain();
        return session_.connect() ? Outcome::kDone : Outcome::kFailed;
      }
      // A server that shuts down has no other way to say so.
      if (ascii_equal_nocase(command[0], "shutdown")) return Outcome::kDone;
      if (interactive_ && !second_try && is_connection_lost(error)) {
        if (!session_.connect()) return Outcome::kFailed;
        continue;
      }
      std::fprintf(stderr, "Error: %s\n", error.what());
      return Outcome::kFailed;
    } catch (const resp::ProtocolError& error) {
      session_.disconnect();
      std::fprintf(stderr, "Error: %s\n", error.what());
      return Outcome::kFailed;
    }
  }
}

// Counts `repeat` down, so that after a reconnection only what is left is sent.
Runner::Outcome Runner::send_repeatedly(const Words& command, std::int64_t& repeat) {
  while (repeat != 0) {
    if (!send_once(command)) return Outcome::kRefused;
    std::fflush(stdout);
    if (repeat > 0) --repeat;
    const int interrupt_fd = interrupt_ == nullptr ? -1 : interrupt_->fd();
    if (repeat != 0 && !pause_for(options_.interval.value_or(0), interrupt_fd)) {
      interrupt_->drain();
      break;
    }
  }
  return Outcome::kDone;
}

// False if the reply is an error that is to end the program.
bool Runner::send_once(const Words& command) {
  session_.connection().append(command);
  if (ascii_equal_nocase(command[0], "monitor")) {
    stream_monitor(command);
    return true;
  }
  if (is_one_of(command[0], {"subscribe", "psubscribe", "ssubscribe"})) {
    stream_messages(command);
    return true;
  }
  const bool unsubscribes = is_one_of(command[0], {"unsubscribe", "punsubscribe", "sunsubscribe"});
  if (unsubscribes && (session_.resp3() || interactive_)) return read_unsubscriptions(command);
  return answer(command, session_.connection().read());
}

bool Runner::answer(const Words& command, const Value& reply) {
  session_.note_reply(command, reply);
  if (options_.fail_on_error && !interactive_ && reply.is_error()) {
    std::fprintf(stderr, "%s\n", reply.text.c_str());
    return false;
  }
  print(command, reply);
  return true;
}

void Runner::print(const Words& command, const Value& reply) {
  const std::string text = prints_verbatim(command) ? format_raw(reply, options_.style.element_delimiter)
                                                    : format_reply(reply, options_.style);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

// Ends only with the connection, unless the server refuses it.
void Runner::stream_monitor(const Words& command) {
  while (true) {
    const Value reply = session_.connection().read();
    print(command, reply);
    std::fflush(stdout);
    if (reply.is_error()) return;
  }
}

// In RESP3 everything that arrives from now on is a push, which the connection would otherwise set aside.
void Runner::stream_messages(const Words& command) {
  if (options_.style.mode != OutputMode::kRaw) std::printf("Reading messages... (press Ctrl-C to quit)\n");
  session_.connection().set_on_push(nullptr);
  while (true) {
    const Value message = session_.connection().read();
    print(command, message);
    std::fflush(stdout);
    if (message.is_error()) return;
  }
}

// Each channel is confirmed, in RESP3 with a push; none at all, once. In a transaction there is the one
// ordinary reply.
bool Runner::read_unsubscriptions(const Words& command) {
  client::Connection& connection = session_.connection();
  connection.set_on_push(nullptr);
  for (std::size_t left = command.size() > 1 ? command.size() - 1 : 1; left > 0; --left) {
    const Value reply = connection.read();
    if (!answer(command, reply)) return false;
    if (!reply.is_aggregate()) break;
  }
  session_.watch_pushes();
  return true;
}

}  // namespace plimsoll::cli
