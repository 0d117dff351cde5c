#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "modes.h"
#include "options.h"
#include "password.h"
#include "repl.h"

namespace plimsoll::cli {
namespace {

int run(Options options) {
  switch (options.mode) {
    case Mode::kHelp:
      std::fputs(usage_text().c_str(), stdout);
      return 0;
    case Mode::kVersion:
      std::fputs(version_text().c_str(), stdout);
      return 0;
    case Mode::kPipe:
      return run_pipe(options);
    case Mode::kStat:
      return run_stat(options);
    case Mode::kBigKeys:
    case Mode::kMemKeys:
      return run_key_sizes(options);
    case Mode::kLatency:
    case Mode::kLatencyHistory:
      return run_latency(options);
    case Mode::kScan:
      return run_scan(options);
    case Mode::kMemory:
      return run_memory(options);
    case Mode::kCommand:
      break;
  }
  if (!options.command.empty()) return run_command(std::move(options));
  run_interactive(options);
  return 0;
}

Surroundings surroundings() {
  Surroundings found;
  // FAKETTY makes programs that read our output see what people see, as it does for redis-cli.
  found.output_is_terminal = isatty(STDOUT_FILENO) || std::getenv("FAKETTY") != nullptr;
  if (const char* password = std::getenv("REDISCLI_AUTH"); password != nullptr && *password != '\0')
    found.password = password;
  return found;
}

int run_with(const std::vector<std::string>& arguments) {
  Options options = parse_options(arguments, surroundings());
  for (const std::string& notice : options.notices) std::fprintf(stderr, "%s\n", notice.c_str());
  if (options.warn_about_password) {
    std::fprintf(stderr,
                 "Warning: Using a password with '-a' or '-u' option on the command line interface may not "
                 "be safe.\n");
  }
  if (options.ask_password) options.credentials->password = ask_password("Please input password: ");
  return run(std::move(options));
}

}  // namespace
}  // namespace plimsoll::cli

int main(int count, char** arguments) {
  // A reader that went away, as head does, ends the program at its next write; a server that did is an error
  // we report.
  try {
    return plimsoll::cli::run_with({arguments + 1, arguments + count});
  } catch (const plimsoll::cli::UsageError& error) {
    std::fprintf(stderr, "%s\n", error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "plimsoll-cli: %s\n", error.what());
  }
  return 1;
}
