#include "commands/families.h"

#include "commands/introspection.h"
#include "plimsoll/command_table.h"

namespace plimsoll {

std::span<const std::span<const CommandRow>> CommandTable::builtin_families() noexcept {
  static const std::span<const CommandRow> families[] = {
      string_commands(),     string_range_commands(), string_batch_commands(), counter_commands(),
      lcs_commands(),        keyspace_commands(),     expiry_commands(),       scan_commands(),
      object_commands(),     database_commands(),     command_commands(),      lolwut_commands(),
      connection_commands(),
  };
  return families;
}

}  // namespace plimsoll
