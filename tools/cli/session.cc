#include "session.h"

#include <plimsoll/text/ascii.h>

#include <cstdio>

#include "text.h"

namespace plimsoll::cli {
namespace {

using client::ConnectionError;
using resp::Value;

bool is(const std::vector<std::string>& command, const char* name) {
  return ascii_equal_nocase(command[0], name);
}

}  // namespace

Session::Session(const Options& options, int cancel_fd)
    : endpoint_(options.endpoint),
      credentials_(options.credentials),
      show_pushes_(options.show_pushes),
      style_(options.style),
      wanted_database_(options.database),
      wanted_resp3_(options.resp3) {
  connection_options_.cancel_fd = cancel_fd;
}

bool Session::connect() {
  disconnect();
  try {
    connection_ = client::Connection::open(endpoint_, connection_options_);
    watch_pushes();
    set_up();
    return true;
  } catch (const std::runtime_error& error) {
    disconnect();
    std::fprintf(stderr, "Could not connect to Redis at %s: %s\n", endpoint_.describe().c_str(),
                 error.what());
    return false;
  }
}

// Pushes nobody asked to see must still not be taken for replies.
void Session::watch_pushes() {
  connection_->set_on_push([this](const Value& push) {
    if (!show_pushes_) return;
    const std::string text = format_push(push, style_);
    std::fwrite(text.data(), 1, text.size(), stdout);
  });
}

void Session::disconnect() {
  connection_.reset();
  database_ = 0;
  resp3_ = false;
  in_transaction_ = false;
}

bool Session::connect_to(const client::Endpoint& endpoint) {
  endpoint_ = endpoint;
  return connect();
}

// Stops at the first refusal: after a failed AUTH the others would only fail too.
void Session::set_up() {
  if (credentials_ &&
      !accepted(connection_->authenticate(credentials_->user, credentials_->password), "AUTH"))
    return;
  if (wanted_database_ != 0) {
    if (!accepted(connection_->select(wanted_database_), "SELECT " + std::to_string(wanted_database_)))
      return;
    database_ = wanted_database_;
  }
  if (wanted_resp3_) resp3_ = accepted(connection_->hello(3), "HELLO 3");
}

bool Session::accepted(const Value& reply, const std::string& what) {
  if (!reply.is_error()) return true;
  std::fprintf(stderr, "%s failed: %s\n", what.c_str(), reply.text.c_str());
  return false;
}

void Session::end_transaction(bool applied) {
  in_transaction_ = false;
  if (!applied) database_ = wanted_database_ = database_before_transaction_;
}

void Session::note_reply(const std::vector<std::string>& command, const Value& reply) {
  if (is(command, "exec"))
    return in_transaction_ ? end_transaction(!reply.is_error() && !reply.is_nil()) : void();
  if (reply.is_error()) return;
  if (is(command, "select") && command.size() == 2) {
    database_ = wanted_database_ = static_cast<int>(parse_integer(command[1]).value_or(0));
  } else if (is(command, "multi") && reply.text == "OK") {
    in_transaction_ = true;
    database_before_transaction_ = database_;
  } else if (is(command, "discard") && in_transaction_) {
    end_transaction(false);
  } else if (is(command, "reset")) {
    in_transaction_ = false;
    database_ = wanted_database_ = 0;
    resp3_ = wanted_resp3_ = false;
  } else if (is(command, "hello") && command.size() > 1) {
    resp3_ = wanted_resp3_ = command[1] == "3";
  } else if (is(command, "auth") && command.size() <= 3 && command.size() > 1) {
    credentials_ = command.size() == 2 ? Credentials{"", command[1]} : Credentials{command[1], command[2]};
    if (database_ != wanted_database_ && accepted(connection_->select(wanted_database_), "SELECT"))
      database_ = wanted_database_;
  }
}

std::string Session::prompt() const {
  if (!connected()) return "not connected> ";
  std::string text = endpoint_.unix_socket.empty() ? endpoint_.describe() : "redis " + endpoint_.unix_socket;
  if (database_ != 0) text += "[" + std::to_string(database_) + "]";
  if (in_transaction_) text += "(TX)";
  return text + "> ";
}

}  // namespace plimsoll::cli
