#include "admin/client_settings.h"

#include <plimsoll/text/ascii.h>

#include <optional>

#include "admin/replies.h"
#include "names.h"

namespace plimsoll::server {

namespace {

// ON or OFF; anything else is answered with an error.
std::optional<bool> parse_switch(Call& call) {
  if (ascii_equal_nocase(call.arg(2), "on")) return true;
  if (ascii_equal_nocase(call.arg(2), "off")) return false;
  call.reply().error(kSyntaxError);
  return std::nullopt;
}

}  // namespace

void client_setname(Call& call) {
  if (!valid_client_name(call.arg(2))) return call.reply().error(kInvalidClientName);
  caller(call).set_name(call.arg(2));
  call.reply().ok();
}

void client_getname(Call& call) {
  const std::string_view name = caller(call).name();
  name.empty() ? call.reply().null() : call.reply().bulk(name);
}

void client_setinfo(Call& call) {
  const bool is_name = ascii_equal_nocase(call.arg(2), "lib-name");
  if (!is_name && !ascii_equal_nocase(call.arg(2), "lib-ver")) {
    return reply_error(call, {"ERR Unrecognized option '", call.arg(2), "'"});
  }
  if (!valid_client_name(call.arg(3))) {
    return reply_error(call, {"ERR ", is_name ? "lib-name" : "lib-ver",
                              " cannot contain spaces, newlines or special characters."});
  }
  if (is_name) {
    caller(call).set_lib_name(call.arg(3));
  } else {
    caller(call).set_lib_version(call.arg(3));
  }
  call.reply().ok();
}

void client_no_evict(Call& call) {
  if (const auto on = parse_switch(call)) {
    caller(call).set_flag(kNoEvict, *on);
    call.reply().ok();
  }
}

void client_no_touch(Call& call) {
  if (const auto on = parse_switch(call)) {
    call.session().set_no_touch(*on);
    call.reply().ok();
  }
}

// OFF and SKIP have no reply: what is written here is dropped then.
void client_reply(Call& call) {
  Connection& connection = caller(call);
  if (ascii_equal_nocase(call.arg(2), "on")) {
    connection.set_reply_mode(ReplyMode::on);
  } else if (ascii_equal_nocase(call.arg(2), "off")) {
    connection.set_reply_mode(ReplyMode::off);
  } else if (ascii_equal_nocase(call.arg(2), "skip")) {
    if (connection.reply_mode() != ReplyMode::off) connection.set_reply_mode(ReplyMode::skip_next);
  } else {
    return call.reply().error(kSyntaxError);
  }
  call.reply().ok();
}

}  // namespace plimsoll::server
