// AUTH, HELLO, QUIT, RESET.

#include <plimsoll/call.h>
#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>

#include "commands.h"
#include "connection.h"
#include "names.h"
#include "resp_parser.h"
#include "server.h"

namespace plimsoll::server {

namespace {

constexpr std::string_view kWrongPassword = "WRONGPASS invalid username-password pair or user is disabled.";

// Takes the same time whatever the guess, as far as lengths don't tell.
bool equal_in_constant_time(std::string_view secret, std::string_view guess) noexcept {
  if (secret.size() != guess.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < secret.size(); ++i) difference |= static_cast<unsigned char>(secret[i] ^ guess[i]);
  return difference == 0;
}

// There is one user, "default"; without requirepass any password is hers.
bool authenticate(const Call& call, std::string_view user, std::string_view password) {
  Connection& connection = Connection::of(call.session());
  Server& server = connection.server();
  const auto secret = server.config().text(Opt::requirepass);
  if (user != "default" || (!secret.empty() && !equal_in_constant_time(secret, password))) {
    if (server.extension() != nullptr) server.extension()->login_failed(connection, call.arg(0), user);
    return false;
  }
  connection.set_authenticated(true);
  return true;
}

void auth(Call& call) {
  Connection& connection = Connection::of(call.session());
  if (call.argc() > 3) return call.reply().error("ERR syntax error");
  if (call.argc() == 2 && !connection.server().has_password()) {
    return call.reply().error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration is correct?");
  }
  const bool named = call.argc() == 3;
  if (!authenticate(call, named ? call.arg(1) : "default", call.arg(named ? 2 : 1))) {
    return call.reply().error(kWrongPassword);
  }
  call.reply().ok();
}

void answer_hello(Call& call, const Connection& connection) {
  Reply& reply = call.reply();
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(kRedisVersion);
  reply.bulk("proto");
  reply.integer(reply.resp_version());
  reply.bulk("id");
  reply.integer(static_cast<int64_t>(connection.id()));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

// Carries out HELLO's options one by one, as Redis: those before a wrong one stand. False if an error was
// answered.
bool hello_options(Call& call, Connection& connection) {
  for (size_t i = 2; i < call.argc(); ++i) {
    const std::string_view option = call.arg(i);
    const size_t more = call.argc() - i - 1;
    if (ascii_equal_nocase(option, "AUTH") && more >= 2) {
      if (!authenticate(call, call.arg(i + 1), call.arg(i + 2))) {
        call.reply().error(kWrongPassword);
        return false;
      }
      i += 2;
    } else if (ascii_equal_nocase(option, "SETNAME") && more >= 1) {
      if (!valid_client_name(call.arg(i + 1))) {
        call.reply().error(kInvalidClientName);
        return false;
      }
      connection.set_name(call.arg(++i));
    } else {
      zm::string<zm::Tag::client_output> text("ERR Syntax error in HELLO option '");
      text += option.substr(0, option.find('\0'));
      text += "'";
      call.reply().error(text);
      return false;
    }
  }
  return true;
}

void hello(Call& call) {
  Connection& connection = Connection::of(call.session());
  int64_t version = 0;
  if (call.argc() >= 2) {
    if (!parse_integer(call.arg(1), version)) {
      return call.reply().error("ERR Protocol version is not an integer or out of range");
    }
    if (version < 2 || version > 3) return call.reply().error("NOPROTO unsupported protocol version");
  }
  if (!hello_options(call, connection)) return;
  if (!connection.authenticated() && connection.server().has_password()) {
    return call.reply().error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> "
        "<pass> "
        "option can be used to authenticate the client and select the RESP protocol version at the same "
        "time");
  }
  if (version != 0) {
    call.session().set_resp_version(static_cast<int>(version));
    call.reply().set_resp_version(static_cast<int>(version));
  }
  answer_hello(call, connection);
}

void quit(Call& call) {
  Connection::of(call.session()).close_after_reply();
  call.reply().ok();
}

void reset(Call& call) {
  Connection& connection = Connection::of(call.session());
  connection.reset();
  connection.set_authenticated(!connection.server().has_password());
  call.reply().set_resp_version(call.session().resp_version());
  call.reply().simple("RESET");
}

constexpr uint32_t kFlags = kNoscript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;

// clang-format off
constexpr CommandRow kRows[] = {
    {.name = "auth", .arity = -2, .flags = kFlags, .acl = kAclConnection, .handler = auth, .since = "1.0.0",
     .group = "connection", .complexity = "O(N), N being the length of the password",
     .summary = "Proves who the client is", .syntax = "[username] password"},
    {.name = "hello", .arity = -1, .flags = kFlags, .acl = kAclConnection, .handler = hello, .since = "6.0.0",
     .group = "connection", .complexity = "O(1)", .summary = "Agrees on the protocol, and says who is there",
     .syntax = "[protover:integer [AUTH username password] [SETNAME clientname]]"},
    {.name = "quit", .arity = -1, .flags = kFlags, .acl = kAclConnection, .handler = quit, .since = "1.0.0",
     .group = "connection", .complexity = "O(1)", .summary = "Closes the connection"},
    {.name = "reset", .arity = 1, .flags = kFlags, .acl = kAclConnection, .handler = reset, .since = "6.2.0",
     .group = "connection", .complexity = "O(1)", .summary = "Makes the connection as if it were new"},
};
// clang-format on

}  // namespace

std::span<const CommandRow> session_command_rows() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
