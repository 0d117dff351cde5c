#pragma once

#include <plimsoll/call.h>

namespace plimsoll::server {

// CLIENT TRACKING and its kin, of a server that never tracks: the answers Redis gives while tracking is off.
void client_caching(Call& call);
void client_getredir(Call& call);
void client_tracking(Call& call);
void client_trackinginfo(Call& call);

}  // namespace plimsoll::server
