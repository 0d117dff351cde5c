#pragma once

#include "admin/memory_report.h"
#include "admin/text.h"

namespace plimsoll::server {

// MEMORY DOCTOR: what of the report is out of the ordinary, by Redis's thresholds, and what may be done.
Text diagnose_memory(const MemoryReport& report, size_t connections);

}  // namespace plimsoll::server
