#include "admin/memory_doctor.h"

#include <iterator>

namespace plimsoll::server {

namespace {

constexpr size_t kTooLittle = size_t{5} << 20;   // used memory below which ratios say nothing
constexpr int64_t kNotable = int64_t{10} << 20;  // differences below are not worth a word
constexpr size_t kLargeClient = 200 << 10;       // on average

bool high(const Overhead& overhead, double ratio) {
  return overhead.ratio > ratio && overhead.bytes > kNotable;
}

struct Finding {
  bool (*applies)(const MemoryReport& report, size_t connections);
  std::string_view text;
};

constexpr Finding kFindings[] = {
    {[](const MemoryReport& report, size_t) {
       return static_cast<double>(report.peak) > 1.5 * static_cast<double>(report.used);
     },
     "Past peak: used memory was more than half as high again as it is now. RSS may stay up for a while: the "
     "allocator "
     "returns free pages with a delay. MEMORY PURGE returns them at once."},
    {[](const MemoryReport& report, size_t) {
       return report.line.limit != 0 && report.line.heap + report.line.outside > report.line.limit;
     },
     "Over the line: the process holds more than memory-line allows. Until it does not, keys are evicted, or "
     "commands that need memory are refused. plimsoll_line_outside of INFO memory is what no eviction "
     "frees."},
    {[](const MemoryReport& report, size_t) { return high(report.fragmentation(), 1.4); },
     "High RSS: the process takes over 1.4 times what is in use. The plimsoll_breakdown_ lines of INFO "
     "memory say where "
     "the difference is."},
    {[](const MemoryReport& report, size_t) { return high(report.allocator_fragmentation(), 1.1); },
     "Fragmentation: pages in use are more than a tenth free. Values of one size were replaced by values of "
     "another, or deleted. CONFIG SET activedefrag yes moves what is left together."},
    {[](const MemoryReport& report, size_t) { return high(report.allocator_rss(), 1.1); },
     "Held pages: the allocator keeps free pages for reuse, more than a tenth of those in use. MEMORY PURGE "
     "returns "
     "them."},
    {[](const MemoryReport& report, size_t) { return high(report.rss_overhead(), 1.1); },
     "Outside the heap: RSS is over a tenth more than what the allocator holds. Tables are mapped outside it "
     "and belong "
     "there; see plimsoll_breakdown_keyspace_table and plimsoll_breakdown_rest."},
    {[](const MemoryReport& report, size_t connections) {
       return connections > 0 && report.clients / connections > kLargeClient;
     },
     "Big clients: clients hold more than 200 KiB each on average. CLIENT LIST shows which (tot-mem); "
     "client-output-buffer-limit and maxmemory-clients bound them."},
};

}  // namespace

Text diagnose_memory(const MemoryReport& report, size_t connections) {
  if (report.used < kTooLittle) {
    return Text("Less than 5 MiB are in use: too little to say anything of. Ask again when there is data.\n");
  }
  Text text;
  size_t number = 0;
  for (const Finding& finding : kFindings) {
    if (!finding.applies(report, connections)) continue;
    append_format(text, "%s%zu. ", number == 0 ? "" : "\n", number + 1);
    text += finding.text;
    text += '\n';
    ++number;
  }
  if (number == 0) text = "Nothing is out of the ordinary.\n";
  return text;
}

}  // namespace plimsoll::server
