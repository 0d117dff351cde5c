// INFO: memory. Names and meanings of the first part are Redis's; those that begin with plimsoll_ are our
// own.

#include <zmalloc/process_memory.h>

#include <algorithm>

#include "admin/extension.h"
#include "admin/info.h"
#include "admin/memory_report.h"
#include "server.h"

namespace plimsoll::server {

namespace {

void used_fields(InfoWriter& out, const MemoryReport& report) {
  out.bytes("used_memory", report.used);
  out.bytes("used_memory_rss", report.rss);
  out.bytes("used_memory_peak", report.peak);
  out.percent("used_memory_peak_perc", report.peak_percent);
  out.number("used_memory_overhead", report.overhead);
  out.number("used_memory_startup", report.startup);
  out.number("used_memory_dataset", report.dataset);
  out.percent("used_memory_dataset_perc", report.dataset_percent);
  out.number("allocator_allocated", report.allocator.allocated);
  out.number("allocator_active", report.allocator.active);
  out.number("allocator_resident", report.allocator.resident);
  out.bytes("total_system_memory", zm::physical_memory());
}

// There are no scripts and no functions.
void script_fields(InfoWriter& out) {
  out.number("used_memory_lua", 0);
  out.number("used_memory_vm_eval", 0);
  out.human("used_memory_lua", 0);
  out.number("used_memory_scripts_eval", 0);
  out.number("number_of_cached_scripts", 0);
  out.number("number_of_functions", 0);
  out.number("number_of_libraries", 0);
  out.number("used_memory_vm_functions", 0);
  out.bytes("used_memory_vm_total", 0);
  out.number("used_memory_functions", 0);
  out.bytes("used_memory_scripts", 0);
}

void overhead_fields(InfoWriter& out, std::string_view ratio, std::string_view bytes,
                     const Overhead& overhead) {
  out.fixed(ratio, overhead.ratio, 2);
  out.signed_number(bytes, overhead.bytes);
}

void ratio_fields(InfoWriter& out, const MemoryReport& report) {
  overhead_fields(out, "allocator_frag_ratio", "allocator_frag_bytes", report.allocator_fragmentation());
  overhead_fields(out, "allocator_rss_ratio", "allocator_rss_bytes", report.allocator_rss());
  overhead_fields(out, "rss_overhead_ratio", "rss_overhead_bytes", report.rss_overhead());
  overhead_fields(out, "mem_fragmentation_ratio", "mem_fragmentation_bytes", report.fragmentation());
}

void remaining_fields(InfoWriter& out, const InfoSource& source, const MemoryReport& report) {
  const StoreStatistics store = source.server.store().statistics();
  out.number("mem_not_counted_for_evict", report.not_counted_for_evict());
  out.number("mem_replication_backlog", 0);
  out.number("mem_total_replication_buffers", 0);
  out.number("mem_clients_slaves", 0);
  out.number("mem_clients_normal", report.clients);
  out.number("mem_cluster_links", 0);
  out.number("mem_aof_buffer", 0);
  out.text("mem_allocator", zm::backend_version());
  out.number("active_defrag_running", static_cast<uint64_t>(source.server.active_defrag().effort()));
  out.number("lazyfree_pending_objects", store.lazyfree_pending_objects);
  out.number("lazyfreed_objects", store.lazyfreed_objects);
}

void tag_fields(InfoWriter& out, const MemoryReport& report) {
  for (size_t i = 0; i < zm::kTagCount; ++i) {
    const std::string_view name = zm::tag_name(static_cast<zm::Tag>(i));
    out.line("plimsoll_tag_%.*s:%zu", static_cast<int>(name.size()), name.data(), report.tags[i]);
  }
}

void smaps_fields(InfoWriter& out, const ProcessSample& sample) {
  const int64_t age_ms = sample.taken_us == 0 ? -1 : (ProcessSampler::now_us() - sample.taken_us) / 1000;
  out.signed_number("plimsoll_smaps_age_ms", age_ms);
  for (size_t i = 0; i < zm::kSmapsFieldCount; ++i) {
    const auto field = static_cast<zm::SmapsField>(i);
    if (!sample.smaps.known(field)) continue;
    Text name("plimsoll_smaps_");
    for (const char c : zm::smaps_field_name(field))
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    out.number(name, sample.smaps[field]);
  }
}

void cgroup_fields(InfoWriter& out, const ProcessSample& sample) {
  out.number("plimsoll_cgroup_limit", sample.cgroup_known && sample.cgroup.limited ? sample.cgroup.limit : 0);
  out.number("plimsoll_cgroup_usage",
             sample.cgroup_known && sample.cgroup.usage_known ? sample.cgroup.usage : 0);
}

// The memory line: what it is compared with is the sum of the heap's ledger and what was measured outside it.
void line_fields(InfoWriter& out, const MemoryReport& report) {
  out.number("plimsoll_line_limit", report.line.limit);
  out.number("plimsoll_line_held", report.line.heap + report.line.outside + report.line.expected);
  out.number("plimsoll_line_heap", report.line.heap);
  out.number("plimsoll_line_heap_peak", report.line.heap_peak);
  out.number("plimsoll_line_outside", report.line.outside);
  out.number("plimsoll_line_expected", report.line.expected);
  out.number("plimsoll_line_unfilled", report.unfilled + report.untouched);
  out.number("plimsoll_line_reserved", report.line.reserved);
  out.number("plimsoll_line_client_share", report.line.limit != 0 ? zm::line::client_share() : 0);
  out.number("plimsoll_line_refusals", report.line.refusals);
}

void breakdown_fields(InfoWriter& out, const MemoryReport& report) {
  for (const Breakdown::Part& part : break_down(report).parts) {
    out.line("plimsoll_breakdown_%.*s:%lld", static_cast<int>(part.name.size()), part.name.data(),
             static_cast<long long>(part.bytes));
  }
}

}  // namespace

void info_memory(InfoWriter& out, const InfoSource& source) {
  const MemoryReport report = gather_memory_report(source.server, source.extension);
  const Config& config = source.server.config();
  out.heading("Memory");
  used_fields(out, report);
  script_fields(out);
  out.bytes("maxmemory", static_cast<uint64_t>(config.number(Opt::maxmemory)));
  out.text("maxmemory_policy", config.shown(Opt::maxmemory_policy));
  ratio_fields(out, report);
  remaining_fields(out, source, report);
  tag_fields(out, report);
  smaps_fields(out, report.process);
  cgroup_fields(out, report.process);
  line_fields(out, report);
  breakdown_fields(out, report);
}

}  // namespace plimsoll::server
