#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/resp_reply.h"
#include "support/server_process.h"

namespace plimsoll::test {

// Starts plimsoll-server (PLIMSOLL_SERVER_UNDER_TEST), or redis-server (PLIMSOLL_REDIS_SERVER), on a unix
// socket.
std::unique_ptr<ServerProcess> start_plimsoll(std::vector<std::string> arguments = {}, bool tcp = false);
std::unique_ptr<ServerProcess> start_redis(std::vector<std::string> arguments = {});

// A connection and its replies as trees.
class Client {
 public:
  explicit Client(RawConnection connection) : connection_(std::move(connection)) {}
  explicit Client(const ServerProcess& server) : connection_(server.connect()) {}

  RespReply call(const std::vector<std::string>& argv) { return parse_reply(connection_.call(argv)); }
  std::string text(const std::vector<std::string>& argv) { return call(argv).text; }
  long long number(const std::vector<std::string>& argv) { return std::stoll(call(argv).text); }
  RawConnection& raw() { return connection_; }

  // INFO's fields by name.
  std::map<std::string, std::string> info(const std::string& section);

 private:
  RawConnection connection_;
};

// The words before ':' of each line that has one, and other lines whole.
std::vector<std::string> field_names(const std::string& info);

// Waits until it holds; false after ten seconds.
bool eventually(const std::function<bool()>& condition);

}  // namespace plimsoll::test
