#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string>

#include "memory_view.h"
#include "mode_session.h"
#include "modes.h"
#include "screen.h"

namespace plimsoll::cli {
namespace {

constexpr double kUsualInterval = 1;

constexpr char kClearScreen[] = "\x1b[H\x1b[2J";

// Three questions rather than one of several sections: servers before 7.0 know only the former.
Info ask_info(ModeSession& session) {
  Info info;
  for (const char* section : {"memory", "stats", "keyspace"}) session.connection().append({"INFO", section});
  for (int i = 0; i < 3; ++i) info.append(Info(session.next_reply().text));
  return info;
}

int memory_loop(const Options& options, ModeSession& session) {
  const bool on_terminal = isatty(STDOUT_FILENO);
  const std::int64_t views = options.count ? *options.count : options.repeat.value_or(-1);
  const MemoryViewStyle style{on_terminal, on_terminal};
  if (on_terminal) std::fputs(kClearScreen, stdout);
  std::optional<Info> before;
  for (std::int64_t view = 0; views < 0 || view < views; ++view) {
    if (view > 0 && !session.pause(options.interval.value_or(kUsualInterval))) break;
    Info now = ask_info(session);
    const std::string text =
        render_memory(now, before ? &*before : nullptr, session.endpoint().describe(), style);
    const std::string shown = on_terminal ? redraw(text, screen_size()) : (view > 0 ? "\n" : "") + text;
    std::fputs(shown.c_str(), stdout);
    std::fflush(stdout);
    before = std::move(now);
  }
  return 0;
}

}  // namespace

int run_memory(const Options& options) {
  return run_mode(options, [&](ModeSession& session) { return memory_loop(options, session); });
}

}  // namespace plimsoll::cli
