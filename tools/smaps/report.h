// A summary as text.
#pragma once

#include <string>
#include <vector>

#include "summary.h"

namespace plimsoll::smaps {

struct ReportOptions {
  std::vector<zm::SmapsField> fields;
  std::size_t top = 0;     // groups shown, 0: all; the total is of all in any case
  bool raw_bytes = false;  // table only: plain numbers instead of "1.5M"
};

// Columns: the fields, the number of mappings, the name. The last row is the total.
std::string table(const Summary& summary, const ReportOptions& options);

// {"pid": N, "mappings": [{"name": ..., "mappings": N, "Rss": bytes, ...}, ...], "total": {...}}. Control
// characters, quotes and bytes that are no UTF-8 in names are escaped (the latter as U+FFFD).
std::string json(const Summary& summary, const ReportOptions& options, pid_t pid);

}  // namespace plimsoll::smaps
