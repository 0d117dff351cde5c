#pragma once

#include <plimsoll/call.h>

namespace plimsoll::server {

// What CLIENT sets and tells of the caller's own connection.
void client_getname(Call& call);
void client_no_evict(Call& call);
void client_no_touch(Call& call);
void client_reply(Call& call);
void client_setinfo(Call& call);
void client_setname(Call& call);

}  // namespace plimsoll::server
