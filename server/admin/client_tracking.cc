#include "admin/client_tracking.h"

#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>

#include "admin/replies.h"
#include "admin/text.h"
#include "server.h"

namespace plimsoll::server {

namespace {

struct TrackingOptions {
  bool broadcast = false;
  bool opt_in = false;
  bool opt_out = false;
  bool prefixes = false;
};

bool parse_redirect(Call& call, std::string_view value) {
  int64_t id = 0;
  if (!parse_integer(value, id)) {
    call.reply().error(kNotAnInteger);
    return false;
  }
  if (server_of(call).with_connection(static_cast<uint64_t>(id), [](const Connection&) {})) return true;
  call.reply().error("ERR The client ID you want redirect to does not exist");
  return false;
}

// False: an error was answered.
bool parse_options(Call& call, TrackingOptions& options) {
  for (size_t i = 3; i < call.argc(); ++i) {
    const std::string_view option = call.arg(i);
    const bool more = i + 1 < call.argc();
    if (ascii_equal_nocase(option, "redirect") && more) {
      if (!parse_redirect(call, call.arg(++i))) return false;
    } else if (ascii_equal_nocase(option, "bcast")) {
      options.broadcast = true;
    } else if (ascii_equal_nocase(option, "optin")) {
      options.opt_in = true;
    } else if (ascii_equal_nocase(option, "optout")) {
      options.opt_out = true;
    } else if (ascii_equal_nocase(option, "prefix") && more) {
      options.prefixes = true;
      ++i;
    } else if (!ascii_equal_nocase(option, "noloop")) {
      call.reply().error(kSyntaxError);
      return false;
    }
  }
  return true;
}

}  // namespace

void client_caching(Call& call) {
  call.reply().error(
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "
      "enabled");
}

void client_getredir(Call& call) {
  call.reply().integer(-1);
}

void client_tracking(Call& call) {
  TrackingOptions options;
  if (!parse_options(call, options)) return;
  if (ascii_equal_nocase(call.arg(2), "off")) return call.reply().ok();
  if (!ascii_equal_nocase(call.arg(2), "on")) return call.reply().error(kSyntaxError);
  if (options.prefixes && !options.broadcast) {
    return call.reply().error("ERR PREFIX option requires BCAST mode to be enabled");
  }
  if (options.broadcast && (options.opt_in || options.opt_out)) {
    return call.reply().error("ERR OPTIN and OPTOUT are not compatible with BCAST");
  }
  if (options.opt_in && options.opt_out) {
    return call.reply().error("ERR You can't specify both OPTIN mode and OPTOUT mode");
  }
  call.reply().error("ERR This server has no client-side caching");
}

void client_trackinginfo(Call& call) {
  call.reply().map(3);
  call.reply().bulk("flags");
  call.reply().set(1);
  call.reply().bulk("off");
  call.reply().bulk("redirect");
  call.reply().integer(-1);
  call.reply().bulk("prefixes");
  call.reply().array(0);
}

}  // namespace plimsoll::server
