// plimsoll-server: reads the configuration, as redis-server does, and serves.

#include <plimsoll/command_table.h>
#include <unistd.h>
#include <zmalloc/line.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "command_line.h"
#include "commands.h"
#include "config.h"
#include "config_file.h"
#include "extension.h"
#include "io_thread.h"
#include "log.h"
#include "process.h"
#include "server.h"

namespace plimsoll::server {
namespace {

constexpr const char* kDefaultPidFile = "/var/run/redis.pid";

std::string executable_path() {
  char path[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", path, sizeof(path));
  return n > 0 ? std::string(path, static_cast<size_t>(n)) : std::string();
}

void load(Config& config, CommandTable& commands, const CommandLine& line) {
  std::string text;
  if (!line.file.empty()) text = read_config_file(line.file);
  if (line.read_stdin) {
    log_warning("Reading config from stdin");
    text += "\n" + read_config_file("-");
  }
  load_config_text(config, commands, text.empty() ? line.directives : text + line.directives);
  config.set_file(line.file);
  config.set_executable(executable_path());
}

void warn_of_unused(const Config& config) {
  if (config.flag(Opt::appendonly))
    log_warning("appendonly is set, but this server keeps its data in memory only");
  if (config.number(Opt::maxmemory) == 0) return;
  if (config.number(Opt::maxmemory) < 1024 * 1024) {
    log_warning(
        "WARNING: You specified a maxmemory value that is less than 1MB (current value is {} bytes). Are you "
        "sure this is what you really want?",
        config.number(Opt::maxmemory));
  }
}

void fit_clients(Config& config) {
  const auto wanted = static_cast<size_t>(config.number(Opt::maxclients));
  const auto threads = static_cast<size_t>(config.number(Opt::io_threads));
  const size_t fit = raise_file_limit(wanted, IoThread::kFiles * threads);
  if (fit >= wanted) return;
  log_warning(
      "Current maximum open files is too low for {} clients: maxclients has been reduced to {}. If you need "
      "more, increase 'ulimit -n'.",
      wanted, fit);
  config.assign(Opt::maxclients, static_cast<int64_t>(fit));
}

int serve(Config& config, CommandTable& commands) {
  const bool background = config.flag(Opt::daemonize) && config.number(Opt::supervised) == 0;
  try {
    open_log(std::string(config.text(Opt::logfile)), static_cast<LogLevel>(config.number(Opt::loglevel)));
  } catch (const std::runtime_error& error) {
    throw ConfigFileError("Can't open the log file: " + std::string(error.what()));
  }
  if (background) daemonize();
  log_warning("Plimsoll server version={}, redis={}, bits=64, pid={}, just started", PLIMSOLL_VERSION,
              kRedisVersion, ::getpid());
  set_log_role('M');
  std::string pid_file(config.text(Opt::pidfile));
  if (background && pid_file.empty()) pid_file = kDefaultPidFile;
  if (!pid_file.empty()) write_pid_file(pid_file);
  if (config.flag(Opt::disable_thp)) disable_huge_pages();
  fit_clients(config);
  if (!apply_oom_score(config)) log_warning("Unable to write oom_score_adj");
  warn_of_unused(config);

  int status = 0;
  {
    Server server(config, commands);
    server.set_extension(make_admin_extension(server));
    status = server.run();
  }
  if (!pid_file.empty()) {
    log_notice("Removing the pid file.");
    ::unlink(pid_file.c_str());
  }
  log_warning("Plimsoll is now ready to exit, bye bye...");
  return status;
}

int run(int argc, char** argv) {
  CommandLine line;
  try {
    line = parse_command_line(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "%s\n%s", error.what(), help_text(argv[0]).c_str());
    return 1;
  }
  if (line.action == CommandLine::Action::print_version)
    return std::fputs(version_text().c_str(), stdout) < 0;
  if (line.action == CommandLine::Action::print_help)
    return std::fputs(help_text(argv[0]).c_str(), stdout) < 0;
  Config config;
  CommandTable commands;
  try {
    add_commands(commands);
    load(config, commands, line);
    return serve(config, commands);
  } catch (const ConfigFileError& error) {
    std::fputs(error.what(), stderr);
  } catch (const ConfigError& error) {
    std::fprintf(stderr, "%s\n", error.what());
  } catch (const ConfigFileMissing& error) {
    log_warning("{}", error.what());
  } catch (const std::exception& error) {
    log_warning("Fatal error: {}", error.what());
  }
  return 1;
}

}  // namespace
}  // namespace plimsoll::server

// jemalloc(3), TUNING: one arena for all threads but those that ask for one (zm::use_own_arena), since each
// lets some memory lie about; none of its own for large blocks, which would give them back late; and small
// blocks alone in the caches of threads, where nobody else can use them. jemalloc keeps 128 bytes for each
// slab, and slabs of these sizes would be one page: 3 % of what they hold.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
    "narenas:1,oversize_threshold:0,tcache_max:4096,"
    "slab_sizes:64-64:4|128-128:4|256-256:4|512-512:4|1024-1024:4|2048-2048:4|4096-4096:4";
}

int main(int argc, char** argv) {
  zm::line::install();
  return plimsoll::server::run(argc, argv);
}
