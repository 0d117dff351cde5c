#pragma once

#include <string>

#include "info.h"

namespace plimsoll::cli {

struct MemoryViewStyle {
  bool bars = false;  // a bar beside each share
  bool color = false;
};

// One view of a server's memory from its INFO memory, stats and keyspace: what is used of what limit,
// evictions and hits, and every plimsoll_ field by group. Groups the server does not report are left out; in
// place of the breakdown a server without one gets the fields Redis has. `before`, if not null, is the
// previous view's INFO: changes are counted from it.
std::string render_memory(const Info& now, const Info* before, const std::string& server,
                          const MemoryViewStyle& style);

}  // namespace plimsoll::cli
