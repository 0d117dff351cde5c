#include <cstdio>
#include <string>

#include "info.h"
#include "mode_session.h"
#include "modes.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

constexpr int kLinesPerHeader = 20;
constexpr double kUsualInterval = 1;

// What the server does beside serving.
std::string children(const Info& info) {
  std::string text;
  if (info.integer_or_zero("loading") != 0) text += "LOAD ";
  if (info.integer_or_zero("rdb_bgsave_in_progress") != 0) text += "SAVE ";
  if (info.integer_or_zero("aof_rewrite_in_progress") != 0) text += "AOF ";
  return text;
}

std::string line_of(const Info& info, std::int64_t new_requests) {
  const auto count = [&](const char* name) { return std::to_string(info.integer_or_zero(name)); };
  const std::string requests =
      format("%s (+%lld)", count("total_commands_processed").c_str(), static_cast<long long>(new_requests));
  return format("%-11lld%-9s%-8s%-8s%-20s%-12s%s\n", static_cast<long long>(info.total_keys()),
                human_bytes(static_cast<std::uint64_t>(info.integer_or_zero("used_memory"))).c_str(),
                count("connected_clients").c_str(), count("blocked_clients").c_str(), requests.c_str(),
                count("total_connections_received").c_str(), children(info).c_str());
}

int stat_loop(const Options& options, ModeSession& session) {
  std::int64_t left = options.repeat.value_or(-1);
  std::int64_t requests_before = 0;
  for (std::int64_t line = 0; left < 0 || line < left; ++line) {
    const Info info(session.ask({"INFO"}).text);
    if (line % kLinesPerHeader == 0) {
      std::fputs(
          "------- data ------ --------------------- load -------------------- - child -\n"
          "keys       mem      clients blocked requests            connections          \n",
          stdout);
    }
    const std::int64_t requests = info.integer_or_zero("total_commands_processed");
    std::fputs(line_of(info, line == 0 ? 0 : requests - requests_before).c_str(), stdout);
    std::fflush(stdout);
    requests_before = requests;
    const bool is_last = left >= 0 && line + 1 == left;
    if (!is_last && !session.pause(options.interval.value_or(kUsualInterval))) break;
  }
  return 0;
}

}  // namespace

int run_stat(const Options& options) {
  return run_mode(options, [&](ModeSession& session) { return stat_loop(options, session); });
}

}  // namespace plimsoll::cli
