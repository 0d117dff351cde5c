#include "admin/families.h"
#include "admin/replies.h"

namespace plimsoll::server {

namespace {

void module_list(Call& call) {
  call.reply().array(0);
}

void module_refused(Call& call) {
  call.reply().error("ERR This server loads no modules");
}

void module_unload(Call& call) {
  call.reply().error("ERR Error unloading module: no such module with that name");
}

void module_help(Call& call) {
  reply_help(call, {
                       "LIST",
                       "    The modules that are loaded: none.",
                       "LOAD <path> [<arg> ...]",
                       "    Refused: this server loads no modules.",
                       "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
                       "    Refused: this server loads no modules.",
                       "UNLOAD <name>",
                       "    Refused: there is none to unload.",
                   });
}

constexpr uint32_t kLoadFlags = kAdmin | kNoscript | kNoAsyncLoading | kProtected | kOwnLocks;
constexpr std::string_view kRefusal = "Refused: this server loads no modules";

constexpr CommandRow kSubcommands[] = {
    {.name = "help",
     .arity = 2,
     .flags = kLoading | kStale | kOwnLocks,
     .handler = module_help,
     .since = "5.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "A short text about the subcommands"},
    {.name = "list",
     .arity = 2,
     .flags = kAdmin | kNoscript | kOwnLocks,
     .handler = module_list,
     .since = "4.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "The modules that are loaded",
     .tips = "nondeterministic_output_order"},
    {.name = "load",
     .arity = -3,
     .flags = kLoadFlags,
     .handler = module_refused,
     .since = "4.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = kRefusal,
     .syntax = "path [arg ...]"},
    {.name = "loadex",
     .arity = -3,
     .flags = kLoadFlags,
     .handler = module_refused,
     .since = "7.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = kRefusal,
     .syntax = "path [CONFIG (name value)]... [ARGS arg...]"},
    {.name = "unload",
     .arity = 3,
     .flags = kLoadFlags,
     .handler = module_unload,
     .since = "4.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = kRefusal,
     .syntax = "name"},
};

constexpr CommandRow kRows[] = {
    {.name = "module",
     .arity = -2,
     .since = "4.0.0",
     .group = "server",
     .complexity = "Depends on subcommand.",
     .summary = "Modules",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandRow> module_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
