#pragma once

#include <resp_client/connection.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "options.h"

namespace plimsoll::cli {

// The connection of this program and what the server remembers of it: database, protocol, transaction. All of
// that but a transaction is put back when it connects again. Failures are told on standard error, as
// redis-cli words them.
class Session {
 public:
  // `cancel_fd`, if not -1, ends any wait when it becomes readable.
  Session(const Options& options, int cancel_fd);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Connects anew: authenticates, selects the database, switches protocol. False if there is no connection; a
  // refusal of AUTH, SELECT or HELLO is told and leaves one.
  bool connect();
  void disconnect();
  bool connected() const { return connection_.has_value(); }
  client::Connection& connection() { return *connection_; }

  // Pushes are printed or dropped, as the options say, and are no replies. So after connect(), until the
  // connection is given another handler.
  void watch_pushes();

  // Other end point from now on; connects.
  bool connect_to(const client::Endpoint& endpoint);

  // Learns from a command and its reply what changed on the server's side.
  void note_reply(const std::vector<std::string>& command, const resp::Value& reply);

  bool in_transaction() const { return in_transaction_; }
  bool resp3() const { return resp3_; }
  int database() const { return database_; }
  const client::Endpoint& endpoint() const { return endpoint_; }
  // "127.0.0.1:6379[2](TX)> ", or "not connected> ".
  std::string prompt() const;

 private:
  void set_up();
  bool accepted(const resp::Value& reply, const std::string& what);
  void end_transaction(bool applied);

  client::Endpoint endpoint_;
  client::ConnectionOptions connection_options_;
  std::optional<Credentials> credentials_;
  bool show_pushes_;
  OutputStyle style_;
  std::optional<client::Connection> connection_;
  int wanted_database_;
  int database_ = 0;
  bool wanted_resp3_;
  bool resp3_ = false;
  bool in_transaction_ = false;
  int database_before_transaction_ = 0;
};

}  // namespace plimsoll::cli
