#include <plimsoll/text/ascii.h>

#include "admin/families.h"
#include "admin/replies.h"
#include "log.h"
#include "server.h"

namespace plimsoll::server {

namespace {

struct ShutdownOptions {
  bool nosave = false;
  bool save = false;
  bool now = false;
  bool force = false;
  bool abort = false;

  bool* named(std::string_view name) noexcept {
    if (ascii_equal_nocase(name, "nosave")) return &nosave;
    if (ascii_equal_nocase(name, "save")) return &save;
    if (ascii_equal_nocase(name, "now")) return &now;
    if (ascii_equal_nocase(name, "force")) return &force;
    if (ascii_equal_nocase(name, "abort")) return &abort;
    return nullptr;
  }
  bool consistent() const noexcept {
    return !(abort && (nosave || save || now || force)) && !(nosave && save);
  }
};

// The connection closes without a reply, unless something forbids the shutdown. Nothing is ever saved, so
// SAVE is refused unless forced; NOW changes nothing, for there are no replicas to wait for.
void shutdown(Call& call) {
  ShutdownOptions options;
  for (size_t i = 1; i < call.argc(); ++i) {
    bool* option = options.named(call.arg(i));
    if (option == nullptr) return call.reply().error(kSyntaxError);
    *option = true;
  }
  if (!options.consistent()) return call.reply().error(kSyntaxError);
  if (options.abort) return call.reply().error("ERR No shutdown in progress.");
  if (options.save && !options.force) {
    log_warning("SHUTDOWN SAVE refused: there is no persistence to save to");
    return call.reply().error("ERR Errors trying to SHUTDOWN. Check logs.");
  }
  server_of(call).shut_down();
}

constexpr CommandRow kRows[] = {
    {.name = "shutdown",
     .arity = -1,
     .flags = kAdmin | kNoscript | kLoading | kStale | kNoMulti | kAllowBusy | kOwnLocks,
     .handler = shutdown,
     .since = "1.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Ends the server, without saving",
     .syntax = "[NOSAVE|SAVE]:nosave_save [NOW] [FORCE] [ABORT]"},
};

}  // namespace

std::span<const CommandRow> shutdown_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
