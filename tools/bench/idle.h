#pragma once

#include <cstdint>

#include "compare_memory.h"
#include "compare_options.h"

namespace plimsoll::bench {

struct IdleResult {
  uint64_t connections = 0;
  MemoryFigures a, b;  // bytes per connection, of the server's process; the kernel's sockets are not in it
};

/// What connections that do nothing take: each was answered one PING, then all are left alone for a while.
/// Raises the server's maxclients where it is too low. Throws BenchError if this process or the server may
/// not have so many files open.
IdleResult measure_idle(const CompareOptions& options);

}  // namespace plimsoll::bench
