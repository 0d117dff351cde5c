// INFO: persistence and replication, of a server that has neither.

#include "admin/extension.h"
#include "admin/info.h"
#include "server.h"

namespace plimsoll::server {

namespace {

void rdb_fields(InfoWriter& out, const InfoSource& source) {
  out.number("rdb_changes_since_last_save", source.server.store().statistics().changes);
  out.number("rdb_bgsave_in_progress", 0);
  out.signed_number("rdb_last_save_time", source.server.start_ms() / 1000);
  out.text("rdb_last_bgsave_status", "ok");
  out.signed_number("rdb_last_bgsave_time_sec", -1);
  out.signed_number("rdb_current_bgsave_time_sec", -1);
  out.number("rdb_saves", 0);
  out.number("rdb_last_cow_size", 0);
  out.number("rdb_last_load_keys_expired", 0);
  out.number("rdb_last_load_keys_loaded", 0);
}

void aof_fields(InfoWriter& out) {
  out.number("aof_enabled", 0);
  out.number("aof_rewrite_in_progress", 0);
  out.number("aof_rewrite_scheduled", 0);
  out.signed_number("aof_last_rewrite_time_sec", -1);
  out.signed_number("aof_current_rewrite_time_sec", -1);
  out.text("aof_last_bgrewrite_status", "ok");
  out.number("aof_rewrites", 0);
  out.number("aof_rewrites_consecutive_failures", 0);
  out.text("aof_last_write_status", "ok");
  out.number("aof_last_cow_size", 0);
}

}  // namespace

void info_persistence(InfoWriter& out, const InfoSource& source) {
  out.heading("Persistence");
  out.number("loading", 0);
  out.number("async_loading", 0);
  out.number("current_cow_peak", 0);
  out.number("current_cow_size", 0);
  out.number("current_cow_size_age", 0);
  out.fixed("current_fork_perc", 0, 2);
  out.number("current_save_keys_processed", 0);
  out.number("current_save_keys_total", 0);
  rdb_fields(out, source);
  aof_fields(out);
  out.number("module_fork_in_progress", 0);
  out.number("module_fork_last_cow_size", 0);
}

void info_replication(InfoWriter& out, const InfoSource& source) {
  out.heading("Replication");
  out.text("role", "master");
  out.number("connected_slaves", 0);
  out.text("master_failover_state", "no-failover");
  out.text("master_replid", source.extension.replication_id());
  out.text("master_replid2", "0000000000000000000000000000000000000000");
  out.number("master_repl_offset", 0);
  out.signed_number("second_repl_offset", -1);
  out.number("repl_backlog_active", 0);
  out.signed_number("repl_backlog_size", source.server.config().number(Opt::repl_backlog_size));
  out.number("repl_backlog_first_byte_offset", 0);
  out.number("repl_backlog_histlen", 0);
}

}  // namespace plimsoll::server
