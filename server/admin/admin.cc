#include <memory>

#include "admin/extension.h"
#include "admin/families.h"
#include "extension.h"

namespace plimsoll::server {

std::span<const CommandRow> admin_command_rows() noexcept {
  static const auto rows = [] {
    zm::vector<CommandRow, zm::Tag::server> all;
    for (const auto family : {acl_commands(), client_commands(), cluster_commands(), debug_commands(),
                              info_commands(), latency_commands(), memory_commands(), module_commands(),
                              monitor_commands(), shutdown_commands(), slowlog_commands()}) {
      all.insert(all.end(), family.begin(), family.end());
    }
    return all;
  }();
  return rows;
}

zm::unique_ptr<ServerExtension, zm::Tag::server> make_admin_extension(Server& server) {
  return zm::make_unique<AdminExtension, zm::Tag::server>(server);
}

}  // namespace plimsoll::server
