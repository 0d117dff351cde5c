#pragma once

#include <string_view>

#include "admin/latency.h"
#include "admin/text.h"

namespace plimsoll::server {

// LATENCY GRAPH: the samples as bars, four lines high, with each sample's age below it.
Text latency_graph(std::string_view event, const LatencySeries& series, int64_t now_seconds);

// LATENCY DOCTOR: what the spikes look like and what may be done. `threshold_ms` 0: the monitor is off.
Text latency_diagnosis(const LatencyMonitor::Events& events, int64_t threshold_ms, int64_t slowlog_us);

}  // namespace plimsoll::server
