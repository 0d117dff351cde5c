#include "protected_commands.h"

#include "config_values.h"
#include "connection.h"
#include "server.h"

namespace plimsoll::server {

namespace {

bool is_module_command(const Command& command) noexcept {
  return command.name.starts_with("module");
}

}  // namespace

bool protected_command_allowed(const Command& command, const Connection& connection) noexcept {
  const Opt option = is_module_command(command) ? Opt::enable_module_command : Opt::enable_debug_command;
  switch (static_cast<Locality>(connection.server().config().number(option))) {
    case Locality::no:
      return false;
    case Locality::yes:
      return true;
    case Locality::local:
      break;
  }
  return connection.has(kUnixSocket) || connection.peer().is_loopback();
}

void answer_protected(const Command& command, Reply& reply) {
  const bool module = is_module_command(command);
  zm::string<zm::Tag::client_output> text("ERR ");
  text += module ? "MODULE" : "DEBUG";
  text += " command not allowed. If the ";
  text += module ? "enable-module-command" : "enable-debug-command";
  text +=
      " option is set to \"local\", you can run it from a local connection, otherwise you need to set this "
      "option in "
      "the configuration file, and then restart the server.";
  reply.error(text);
}

}  // namespace plimsoll::server
