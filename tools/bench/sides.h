#pragma once

#include <cstdint>
#include <memory>

#include "child_server.h"
#include "compare_options.h"
#include "load_engine.h"
#include "server_probe.h"

namespace plimsoll::bench {

/// A side that is up and holds no keys: its process if it was started here, and a probe.
struct RunningSide {
  std::unique_ptr<ChildServer> child;
  Target target;
  std::unique_ptr<ServerProbe> probe;

  /// Deletes the keys of a server that runs already; one that was started here ends with this object.
  void leave_empty();
};

/// Starts the side's server, `{threads}` of its command line being `io_threads`, or connects to the one that
/// runs already, which must be empty unless it is to be flushed. Throws BenchError.
RunningSide bring_up(const Side& side, const CompareOptions& options, unsigned io_threads = 1);

/// Writes the keys from workload.first_key on, each once, over one connection only: the buffers of many
/// clients would show in the memory. Throws BenchError, for an error reply too.
void fill(RunningSide& side, Workload workload);

/// The keys and values of the options, the first `keys` of them.
Workload plain_workload(const CompareOptions& options, TestKind kind, uint64_t keys);

/// The load of a case over the first `keys` keys.
LoadConfig load_of(const CompareOptions& options, const Case& what, uint64_t keys, const RunningSide& side,
                   unsigned round);

}  // namespace plimsoll::bench
