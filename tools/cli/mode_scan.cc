#include <cstdio>

#include "key_scan.h"
#include "mode_session.h"
#include "modes.h"
#include "text.h"

namespace plimsoll::cli {

int run_scan(const Options& options) {
  return run_mode(options, [&](ModeSession& session) {
    KeyScan scan(options, session);
    while (!scan.finished()) {
      for (const std::string& key : scan.next()) {
        const std::string line = (options.style.mode == OutputMode::kTyped ? quote(key) : key) + "\n";
        std::fwrite(line.data(), 1, line.size(), stdout);
      }
      std::fflush(stdout);
      if (!scan.finished() && !session.pause(options.interval.value_or(0))) break;
    }
    return 0;
  });
}

}  // namespace plimsoll::cli
