// INFO: stats, commandstats, errorstats, latencystats, keyspace.

#include "admin/extension.h"
#include "admin/info.h"
#include "server.h"

namespace plimsoll::server {

namespace {

void traffic_fields(InfoWriter& out, const Server& server, const ServerTotals& totals) {
  out.number("total_connections_received", totals.connections_received);
  out.number("total_commands_processed", totals.commands);
  out.line("instantaneous_ops_per_sec:%.0f", server.rate(RateMetric::commands));
  out.number("total_net_input_bytes", totals.input_bytes);
  out.number("total_net_output_bytes", totals.output_bytes);
  out.number("total_net_repl_input_bytes", 0);
  out.number("total_net_repl_output_bytes", 0);
  out.fixed("instantaneous_input_kbps", server.rate(RateMetric::input_bytes) / 1024, 2);
  out.fixed("instantaneous_output_kbps", server.rate(RateMetric::output_bytes) / 1024, 2);
  out.fixed("instantaneous_input_repl_kbps", 0, 2);
  out.fixed("instantaneous_output_repl_kbps", 0, 2);
  out.number("rejected_connections", totals.connections_rejected);
  out.number("sync_full", 0);
  out.number("sync_partial_ok", 0);
  out.number("sync_partial_err", 0);
}

void keyspace_fields(InfoWriter& out, const StoreStatistics& store, const ServerTotals& totals) {
  out.number("expired_keys", store.expired_keys);
  out.fixed("expired_stale_perc", 0, 2);  // the sweep finds due keys by their marks: none is left behind
  out.number("expired_time_cap_reached_count", 0);
  out.number("expire_cycle_cpu_milliseconds", store.expire_cycle_us / 1000);
  out.number("evicted_keys", store.evicted_keys);
  out.number("evicted_clients", totals.evicted_clients);
  out.number("total_eviction_exceeded_time", store.eviction_exceeded_us / 1000);
  out.number("current_eviction_exceeded_time", store.current_eviction_exceeded_us / 1000);
  out.number("keyspace_hits", store.keyspace_hits);
  out.number("keyspace_misses", store.keyspace_misses);
}

// What belongs to features this server does not have.
constexpr std::string_view kNoChannelsNoForks[] = {
    "pubsub_channels", "pubsub_patterns",        "pubsubshard_channels",       "latest_fork_usec",
    "total_forks",     "migrate_cached_sockets", "slave_expires_tracked_keys",
};
constexpr std::string_view kNoTracking[] = {
    "tracking_total_keys",
    "tracking_total_items",
    "tracking_total_prefixes",
    "unexpected_error_replies",
};

// An entry is one block: a key's hit is a block's. Moves that memory-line asked for count as well.
void defrag_fields(InfoWriter& out, Server& server) {
  const CompactionStatistics compaction = server.store().compaction_statistics();
  const ActiveDefrag& defrag = server.active_defrag();
  out.number("active_defrag_hits", compaction.moved);
  out.number("active_defrag_misses", compaction.stayed);
  out.number("active_defrag_key_hits", compaction.moved);
  out.number("active_defrag_key_misses", compaction.stayed);
  out.number("total_active_defrag_time", defrag.total_us() / 1000);
  out.number("current_active_defrag_time", defrag.current_us() / 1000);
}

}  // namespace

void info_stats(InfoWriter& out, const InfoSource& source) {
  const ServerTotals totals = source.server.totals();
  out.heading("Stats");
  traffic_fields(out, source.server, totals);
  keyspace_fields(out, source.server.store().statistics(), totals);
  for (const std::string_view name : kNoChannelsNoForks) out.number(name, 0);
  defrag_fields(out, source.server);
  for (const std::string_view name : kNoTracking) out.number(name, 0);
  out.number("total_error_replies", totals.errors);
  out.number("dump_payload_sanitizations", 0);
  out.number("total_reads_processed", totals.reads);
  out.number("total_writes_processed", totals.writes);
  out.number("io_threaded_reads_processed", source.server.thread_count() > 1 ? totals.reads : 0);
  out.number("io_threaded_writes_processed", source.server.thread_count() > 1 ? totals.writes : 0);
  out.number("reply_buffer_shrinks", 0);
  out.number("reply_buffer_expands", 0);
  out.number("plimsoll_ring_calls", totals.ring_calls);
}

void info_commandstats(InfoWriter& out, const InfoSource& source) {
  out.heading("Commandstats");
  const CommandTable& commands = source.server.commands();
  for (uint32_t id = 0; id < commands.size(); ++id) {
    const Command* command = commands.by_id(id);
    if (command == nullptr) continue;
    const CommandTotals totals = source.server.command_totals(id);
    if (totals.calls == 0 && totals.rejected == 0 && totals.failed == 0) continue;
    const uint64_t microseconds = totals.nanoseconds / 1000;
    const double each = totals.calls == 0 ? 0
                                          : static_cast<double>(totals.nanoseconds) / 1000 /
                                                static_cast<double>(totals.calls);
    out.line("cmdstat_%s:calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu",
             command->name.c_str(), static_cast<unsigned long long>(totals.calls),
             static_cast<unsigned long long>(microseconds), each,
             static_cast<unsigned long long>(totals.rejected),
             static_cast<unsigned long long>(totals.failed));
  }
}

void info_errorstats(InfoWriter& out, const InfoSource& source) {
  out.heading("Errorstats");
  for (const auto& [code, count] : source.server.error_counts()) {
    out.line("errorstat_%s:count=%llu", code.c_str(), static_cast<unsigned long long>(count));
  }
}

void info_latencystats(InfoWriter& out, const InfoSource& source) {
  out.heading("Latencystats");
  if (!source.server.config().flag(Opt::latency_tracking)) return;
  const auto percentiles = source.server.config().words(Opt::latency_tracking_info_percentiles);
  const CommandTable& commands = source.server.commands();
  for (uint32_t id = 0; id < commands.size(); ++id) {
    const Command* command = commands.by_id(id);
    if (command == nullptr) continue;
    const LatencyHistogram histogram = source.server.latency_histogram(id);
    if (histogram.total == 0) continue;
    Text values;
    for (const auto& percentile : percentiles) {
      if (!values.empty()) values += ',';
      const uint64_t ns = histogram.percentile_ns(std::strtod(percentile.c_str(), nullptr));
      append_format(values, "p%s=%.3f", percentile.c_str(), static_cast<double>(ns) / 1000);
    }
    Text name("latency_percentiles_usec_");
    name += command->name;
    out.text(name, values);
  }
}

void info_keyspace(InfoWriter& out, const InfoSource& source) {
  out.heading("Keyspace");
  const Store& store = source.server.store();
  for (int i = 0; i < store.databases(); ++i) {
    const DatabaseStatistics database = store.database_statistics(i);
    if (database.keys == 0) continue;
    out.line("db%d:keys=%llu,expires=%llu,avg_ttl=%lld", i, static_cast<unsigned long long>(database.keys),
             static_cast<unsigned long long>(database.expiring_keys),
             static_cast<long long>(database.average_ttl_ms));
  }
}

}  // namespace plimsoll::server
