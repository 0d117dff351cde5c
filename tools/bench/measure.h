#pragma once

#include <optional>

#include "json.h"
#include "load_engine.h"
#include "server_probe.h"

namespace plimsoll::bench {

/// A load with what it cost the server.
struct Measurement {
  LoadResult load;
  std::optional<CpuTime> cpu;  // used by the server from the first request to the last reply

  /// Nanoseconds of server CPU for each command.
  std::optional<double> cpu_per_command() const;
};

/// Connects the clients, then runs the load between two readings of the server's CPU time.
Measurement measure(const LoadConfig& config, ServerProbe& probe);

/// Bytes that a server grew by for each key added. Absent when the server tells no figure.
struct BytesPerKey {
  uint64_t keys = 0;  // added
  std::optional<double> used_memory;
  std::optional<double> rss;
};

/// No value if no key was added.
std::optional<BytesPerKey> growth_per_key(const Footprint& before, const Footprint& after);

/// Members of one measurement, inside an object that the caller opened.
void write_measurement(JsonWriter& json, const Measurement& measurement);

}  // namespace plimsoll::bench
