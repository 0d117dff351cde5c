#include "admin/client_kill.h"

#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>

#include <optional>
#include <string>

#include "admin/client_list.h"
#include "admin/extension.h"
#include "admin/replies.h"

namespace plimsoll::server {

namespace {

struct KillFilter {
  std::optional<uint64_t> id;
  std::optional<ClientType> type;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  bool skip_caller = true;

  bool accepts(const Connection& connection) const {
    if (id && connection.id() != *id) return false;
    if (type && *type != ClientType::normal) return false;
    if (address && address_text(connection, connection.peer()) != *address) return false;
    return !local_address || address_text(connection, connection.local()) == *local_address;
  }
};

bool parse_skipme(std::string_view value, KillFilter& filter) {
  filter.skip_caller = ascii_equal_nocase(value, "yes");
  return filter.skip_caller || ascii_equal_nocase(value, "no");
}

// One filter and its value. False: an error was answered.
bool parse_filter(Call& call, std::string_view name, std::string_view value, KillFilter& filter) {
  if (ascii_equal_nocase(name, "id")) {
    int64_t id = 0;
    if (!parse_integer(value, id) || id < 1) {
      call.reply().error("ERR client-id should be greater than 0");
      return false;
    }
    filter.id = static_cast<uint64_t>(id);
  } else if (ascii_equal_nocase(name, "type")) {
    filter.type = client_type_from_name(value);
    if (!filter.type) {
      reply_error(call, {"ERR Unknown client type '", value, "'"});
      return false;
    }
  } else if (ascii_equal_nocase(name, "addr")) {
    filter.address = value;
  } else if (ascii_equal_nocase(name, "laddr")) {
    filter.local_address = value;
  } else if (ascii_equal_nocase(name, "user")) {
    if (value != "default") {
      reply_error(call, {"ERR No such user '", value, "'"});
      return false;
    }
  } else if (!ascii_equal_nocase(name, "skipme") || !parse_skipme(value, filter)) {
    call.reply().error(kSyntaxError);
    return false;
  }
  return true;
}

bool parse_filters(Call& call, KillFilter& filter) {
  for (size_t i = 2; i < call.argc(); i += 2) {
    if (i + 1 == call.argc()) {
      call.reply().error(kSyntaxError);
      return false;
    }
    if (!parse_filter(call, call.arg(i), call.arg(i + 1), filter)) return false;
  }
  return true;
}

// The caller gets its answer before it goes.
size_t kill_matching(const Call& call, const KillFilter& filter) {
  Connection& self = caller(call);
  size_t killed = 0;
  bool kill_self = false;
  server_of(call).for_each_connection([&](Connection& connection) {
    if (connection.killed() || (&connection == &self && filter.skip_caller) || !filter.accepts(connection))
      return;
    ++killed;
    if (&connection == &self) {
      kill_self = true;
    } else {
      connection.kill();
    }
  });
  if (kill_self) self.close_after_reply();
  return killed;
}

}  // namespace

void client_kill(Call& call) {
  KillFilter filter;
  if (call.argc() == 3) {
    filter.address = call.arg(2);
    filter.skip_caller = false;
    if (kill_matching(call, filter) == 0) return call.reply().error("ERR No such client");
    return call.reply().ok();
  }
  if (!parse_filters(call, filter)) return;
  call.reply().integer(static_cast<int64_t>(kill_matching(call, filter)));
}

}  // namespace plimsoll::server
