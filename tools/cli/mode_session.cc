#include "mode_session.h"

#include <signal.h>

#include <cstdio>

namespace plimsoll::cli {

ModeSession::ModeSession(const Options& options) : interrupt_{SIGINT}, session_(options, interrupt_.fd()) {}

resp::Value ModeSession::ask(std::initializer_list<std::string_view> command) {
  connection().append(command);
  return next_reply();
}

resp::Value ModeSession::next_reply() {
  resp::Value reply = connection().read();
  if (reply.is_error()) throw ModeError(reply.text);
  return reply;
}

int run_mode(const Options& options, const std::function<int(ModeSession&)>& body) {
  ModeSession session(options);
  if (!session.connect()) return 1;
  try {
    return body(session);
  } catch (const client::ConnectionError& error) {
    if (error.kind() == client::ConnectionError::Kind::kCancelled) return 0;
    std::fflush(stdout);
    std::fprintf(stderr, "Error: %s\n", error.what());
  } catch (const std::runtime_error& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "Error: %s\n", error.what());
  }
  return 1;
}

}  // namespace plimsoll::cli
