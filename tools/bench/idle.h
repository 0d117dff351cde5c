#pragma once

#include <cstdint>

#include "compare_memory.h"
#include "compare_options.h"

namespace plimsoll::bench {

struct IdleResult {
  uint64_t connections = 0;
  MemoryFigures a, b;  // bytes per connection, of the server's process; the kernel's sockets are not in it
};

/// Lets this process have that many connections. Throws BenchError if it may not.
void allow_idle(uint64_t connections);

/// What connections that do nothing take: each was answered one PING, then all are left alone for a while.
/// Raises the server's maxclients where it is too low. Throws BenchError if the server may not have so
/// many files open. REQUIRES: allow_idle().
IdleResult measure_idle(const CompareOptions& options);

}  // namespace plimsoll::bench
