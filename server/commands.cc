#include "commands.h"

#include <plimsoll/command_table.h>

#include "extension.h"

namespace plimsoll::server {

void add_commands(CommandTable& table) {
  for (const auto rows : CommandTable::builtin_families()) table.add(rows);
  table.add(session_command_rows());
  table.add(config_command_rows());
  table.add(missing_command_rows());
  table.add(admin_command_rows());
}

}  // namespace plimsoll::server
