#include <plimsoll/command_table.h>

#include <exception>

#include "admin/extension.h"
#include "admin/families.h"
#include "admin/memory_doctor.h"
#include "admin/memory_report.h"
#include "admin/replies.h"
#include "io_thread.h"

namespace plimsoll::server {

namespace {

class StatsReply {
 public:
  explicit StatsReply(Reply& reply) : reply_(reply) {}

  void integer(std::string_view name, uint64_t value) {
    reply_.bulk(name);
    reply_.integer(static_cast<int64_t>(value));
  }
  void real(std::string_view name, double value) {
    reply_.bulk(name);
    reply_.real(value);
  }
  void overhead(std::string_view ratio, std::string_view bytes, const Overhead& overhead) {
    real(ratio, overhead.ratio);
    integer(bytes, static_cast<uint64_t>(overhead.bytes));
  }

 private:
  Reply& reply_;
};

struct Databases {
  zm::vector<std::pair<int, DatabaseStatistics>, zm::Tag::server> with_keys;
  uint64_t keys = 0;
};

Databases databases_of(const Store& store) {
  Databases databases;
  for (int i = 0; i < store.databases(); ++i) {
    const DatabaseStatistics database = store.database_statistics(i);
    if (database.keys == 0) continue;
    databases.with_keys.emplace_back(i, database);
    databases.keys += database.keys;
  }
  return databases;
}

void reply_databases(Reply& reply, const Databases& databases) {
  StatsReply stats(reply);
  for (const auto& [index, database] : databases.with_keys) {
    Text name;
    append_format(name, "db.%d", index);
    reply.bulk(name);
    reply.map(3);
    stats.integer("overhead.hashtable.main", database.table_bytes);
    stats.integer("overhead.hashtable.expires", 0);  // expiries are kept in the entries
    stats.integer("overhead.hashtable.slot-to-keys", 0);
  }
}

void reply_allocator(StatsReply& stats, const MemoryReport& report) {
  stats.integer("allocator.allocated", report.allocator.allocated);
  stats.integer("allocator.active", report.allocator.active);
  stats.integer("allocator.resident", report.allocator.resident);
  stats.overhead("allocator-fragmentation.ratio", "allocator-fragmentation.bytes",
                 report.allocator_fragmentation());
  stats.overhead("allocator-rss.ratio", "allocator-rss.bytes", report.allocator_rss());
  stats.overhead("rss-overhead.ratio", "rss-overhead.bytes", report.rss_overhead());
  stats.overhead("fragmentation", "fragmentation.bytes", report.fragmentation());
}

void memory_stats(Call& call) {
  const MemoryReport report = gather_memory_report(server_of(call), extension_of(call));
  const Databases databases = databases_of(call.store());
  StatsReply stats(call.reply());
  call.reply().map(27 + databases.with_keys.size());
  stats.integer("peak.allocated", report.peak);
  stats.integer("total.allocated", report.used);
  stats.integer("startup.allocated", report.startup);
  stats.integer("replication.backlog", 0);
  stats.integer("clients.slaves", 0);
  stats.integer("clients.normal", report.clients);
  stats.integer("cluster.links", 0);
  stats.integer("aof.buffer", 0);
  stats.integer("lua.caches", 0);
  stats.integer("functions.caches", 0);
  reply_databases(call.reply(), databases);
  const size_t since_start = report.used > report.startup ? report.used - report.startup : 0;
  stats.integer("overhead.total", report.overhead);
  stats.integer("keys.count", databases.keys);
  stats.integer("keys.bytes-per-key", databases.keys == 0 ? 0 : since_start / databases.keys);
  stats.integer("dataset.bytes", report.dataset);
  stats.real("dataset.percentage", report.dataset_percent);
  stats.real("peak.percentage", report.peak_percent);
  reply_allocator(stats, report);
}

void memory_doctor(Call& call) {
  const MemoryReport report = gather_memory_report(server_of(call), extension_of(call));
  call.reply().verbatim(diagnose_memory(report, server_of(call).connection_count()), "txt");
}

// Free blocks that threads keep for themselves go back to the allocator first, each by its own thread.
void memory_purge(Call& call) {
  Server& server = server_of(call);
  zm::flush_thread_cache();
  zm::purge();
  for (size_t i = 0; i < server.thread_count(); ++i) {
    if (&server.thread(i) == &caller(call).thread()) continue;
    server.thread(i).post([] {
      zm::flush_thread_cache();
      zm::purge();
    });
  }
  call.reply().ok();
}

void memory_malloc_stats(Call& call) {
  Text text;
  bool refused = false;
  const bool known = zm::backend_stats_text([&](const char* piece, size_t length) {
    try {
      text.append(piece, length);
    } catch (const std::exception&) {
      refused = true;  // the allocator's own code may not be unwound
    }
  });
  if (refused) throw std::bad_alloc();
  if (!known) return call.reply().bulk("Stats not supported for the current allocator");
  call.reply().verbatim(text, "txt");
}

void memory_help(Call& call) {
  reply_help(
      call,
      {
          "DOCTOR",
          "    Say in words what is out of the ordinary.",
          "MALLOC-STATS",
          "    The allocator's own statistics.",
          "PURGE",
          "    Return free pages to the system.",
          "STATS",
          "    Figures on the memory in use.",
          "USAGE <key> [SAMPLES <count>]",
          "    The bytes that <key> and its value take. SAMPLES is accepted; the count is always exact.",
      });
}

// USAGE is libplimsoll's.
CommandRow usage_row() noexcept {
  const Command* memory = CommandTable::builtin().find("memory");
  return *CommandTable::find_subcommand(*memory, "usage")->row;
}

constexpr std::string_view kTips =
    "nondeterministic_output request_policy:all_shards response_policy:special";

std::span<const CommandRow> subcommands() noexcept {
  static const CommandRow rows[] = {
      {.name = "doctor",
       .arity = 2,
       .flags = kOwnLocks,
       .handler = memory_doctor,
       .since = "4.0.0",
       .group = "server",
       .complexity = "O(1)",
       .summary = "What is out of the ordinary, in words",
       .tips = kTips},
      {.name = "help",
       .arity = 2,
       .flags = kLoading | kStale | kOwnLocks,
       .handler = memory_help,
       .since = "4.0.0",
       .group = "server",
       .complexity = "O(1)",
       .summary = "A short text about the subcommands"},
      {.name = "malloc-stats",
       .arity = 2,
       .flags = kOwnLocks,
       .handler = memory_malloc_stats,
       .since = "4.0.0",
       .group = "server",
       .complexity = "Grows with the number of arenas",
       .summary = "The allocator's statistics",
       .tips = kTips},
      {.name = "purge",
       .arity = 2,
       .flags = kOwnLocks,
       .handler = memory_purge,
       .since = "4.0.0",
       .group = "server",
       .complexity = "Grows with the number of free pages",
       .summary = "Returns free pages to the system",
       .tips = "request_policy:all_shards response_policy:all_succeeded"},
      {.name = "stats",
       .arity = 2,
       .flags = kOwnLocks,
       .handler = memory_stats,
       .since = "4.0.0",
       .group = "server",
       .complexity = "O(1)",
       .summary = "Figures on the memory in use",
       .tips = kTips},
      usage_row(),
  };
  return rows;
}

}  // namespace

std::span<const CommandRow> memory_commands() noexcept {
  static const CommandRow rows[] = {
      {.name = "memory",
       .arity = -2,
       .since = "4.0.0",
       .group = "server",
       .complexity = "Depends on subcommand.",
       .summary = "Where the memory goes",
       .subcommands = subcommands()},
  };
  return rows;
}

}  // namespace plimsoll::server
