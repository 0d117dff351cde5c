// CONFIG and its subcommands.

#include <plimsoll/call.h>
#include <plimsoll/help.h>

#include "commands.h"
#include "config_values.h"
#include "connection.h"
#include "log.h"
#include "server.h"

namespace plimsoll::server {

namespace {

using Text = Config::Text;

Server& server_of(const Call& call) {
  return Connection::of(call.session()).server();
}

bool allowed(Locality locality, const Connection& connection) noexcept {
  if (locality != Locality::local) return locality == Locality::yes;
  return connection.has(kUnixSocket) || connection.peer().is_loopback();
}

void get(Call& call) {
  zm::vector<std::pair<Text, Text>, zm::Tag::config> found;
  const Config& config = server_of(call).config();
  config.match(call.args().subspan(2),
               [&found](std::string_view name, std::string_view shown) { found.emplace_back(name, shown); });
  call.reply().map(found.size());
  for (const auto& [name, shown] : found) {
    call.reply().bulk(name);
    call.reply().bulk(shown);
  }
}

void set(Call& call) {
  Connection& connection = Connection::of(call.session());
  Config& config = connection.server().config();
  const Args pairs = call.args().subspan(2);
  if (pairs.size() % 2 != 0) return call.reply().error("ERR syntax error");
  const auto protected_options = static_cast<Locality>(config.number(Opt::enable_protected_configs));
  try {
    config.set(pairs, allowed(protected_options, connection));
  } catch (const ConfigError& error) {
    return call.reply().error(error.what());
  }
  call.reply().ok();
}

void reset_statistics(Call& call) {
  server_of(call).reset_statistics();
  call.reply().ok();
}

void rewrite(Call& call) {
  try {
    server_of(call).config().rewrite();
  } catch (const ConfigError& error) {
    log_warning("CONFIG REWRITE failed: {}", error.what());
    return call.reply().error(error.what());
  }
  log_warning("CONFIG REWRITE executed with success.");
  call.reply().ok();
}

void help(Call& call) {
  reply_help(call, {
                       "GET <pattern>",
                       "    Return parameters matching the glob-like <pattern> and their values.",
                       "SET <directive> <value>",
                       "    Set the configuration <directive> to <value>.",
                       "RESETSTAT",
                       "    Reset statistics reported by the INFO command.",
                       "REWRITE",
                       "    Rewrite the configuration file.",
                   });
}

constexpr uint32_t kFlags = kAdmin | kNoscript | kLoading | kStale;

// clang-format off
constexpr CommandRow kSubcommands[] = {
    {.name = "get", .arity = -3, .flags = kFlags, .handler = get, .since = "2.0.0", .group = "server",
     .complexity = "O(N), N being the number of options and patterns",
     .summary = "The options whose names match patterns", .syntax = "parameter..."},
    {.name = "set", .arity = -4, .flags = kFlags, .handler = set, .since = "2.0.0", .group = "server",
     .complexity = "O(N), N being the number of options given", .summary = "Changes options, all or none",
     .syntax = "(parameter value)...", .tips = "request_policy:all_nodes response_policy:all_succeeded"},
    {.name = "resetstat", .arity = 2, .flags = kFlags, .handler = reset_statistics, .since = "2.0.0",
     .group = "server", .complexity = "O(1)", .summary = "Starts the statistics of INFO anew"},
    {.name = "rewrite", .arity = 2, .flags = kFlags, .handler = rewrite, .since = "2.8.0", .group = "server",
     .complexity = "O(1)", .summary = "Writes changed options to the configuration file"},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .handler = help, .since = "5.0.0", .group = "server",
     .complexity = "O(1)", .summary = "Describes the subcommands"},
};
// clang-format on

// clang-format off
constexpr CommandRow kRows[] = {
    {.name = "config", .arity = -2, .since = "2.0.0", .group = "server", .complexity = "Depends on subcommand.",
     .summary = "The server's configuration", .subcommands = kSubcommands},
};
// clang-format on

}  // namespace

std::span<const CommandRow> config_command_rows() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
