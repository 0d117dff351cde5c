#pragma once

#include <plimsoll/call.h>

namespace plimsoll::server {

// CLIENT KILL addr:port, and CLIENT KILL with filters.
void client_kill(Call& call);

}  // namespace plimsoll::server
