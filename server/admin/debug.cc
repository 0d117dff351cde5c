#include <plimsoll/debug.h>
#include <plimsoll/text/ascii.h>
#include <plimsoll/text/glob.h>
#include <plimsoll/text/numbers.h>
#include <zmalloc/faults.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "admin/extension.h"
#include "admin/families.h"
#include "admin/replies.h"
#include "config.h"
#include "log.h"

namespace plimsoll::server {

namespace {

// Holds up the thread of this connection; others go on.
void debug_sleep(Call& call) {
  const double seconds = std::strtod(std::string(call.arg(2)).c_str(), nullptr);
  if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  call.reply().ok();
}

void debug_object_of_key(Call& call) {
  debug_object(call, call.arg(2));
}

void debug_digest_of_keys(Call& call) {
  debug_digest_values(call, 2);
}

void debug_set_active_expire(Call& call) {
  Tuning tuning = call.store().tuning();
  tuning.active_expiry = std::atoi(std::string(call.arg(2)).c_str()) != 0;
  call.store().tune(tuning);
  call.reply().ok();
}

void debug_no_op(Call& call) {
  call.reply().ok();
}

// DEBUG HTSTATS database: how many keys its tables hold.
void debug_htstats(Call& call) {
  int64_t database = 0;
  if (!parse_integer(call.arg(2), database)) return call.reply().error(kNotAnInteger);
  if (database < 0 || database >= call.store().databases())
    return call.reply().error("ERR Out of range database");
  const DatabaseStatistics statistics = call.store().database_statistics(static_cast<int>(database));
  const std::string text = "[Dictionary HT]\nkeys: " + std::to_string(statistics.keys) +
                           "\n[Expires HT]\nkeys: " + std::to_string(statistics.expiring_keys) + "\n";
  call.reply().verbatim(text, "txt");
}

// Of a key whose value could have another form, and has not.
template <const std::string_view& kError>
void debug_form_of_key(Call& call) {
  const std::string_view key = call.arg(2);
  if (!call.store().exists(key, call.session().database())) return call.reply().error("ERR no such key");
  call.reply().error(kError);
}
constexpr std::string_view kNoHashTable =
    "ERR The value stored at the specified key is not represented using an hash table";
constexpr std::string_view kNoListpack = "ERR Not a listpack encoded object.";

void debug_log(Call& call) {
  log_warning("DEBUG LOG: {}", call.arg(2));
  call.reply().ok();
}

void debug_change_repl_id(Call& call) {
  extension_of(call).change_replication_id();
  call.reply().ok();
}

void debug_error(Call& call) {
  call.reply().error(call.arg(2));
}

// DEBUG STRINGMATCH-LEN length pattern: whether so many 'a' match the pattern.
void debug_stringmatch_len(Call& call) {
  constexpr int64_t kLongest = 64 << 20;
  int64_t length = 0;
  if (!parse_integer(call.arg(2), length) || length < 0 || length > kLongest) {
    return call.reply().error(kNotAnInteger);
  }
  const Text text(static_cast<size_t>(length), 'a');
  call.reply().integer(glob_match(call.arg(3), text));
}

void debug_quicklist_packed_threshold(Call& call) {
  constexpr std::string_view kError =
      "ERR argument must be a memory value bigger than 1 and smaller than 4gb";
  constexpr int64_t kMost = int64_t{4} << 30;
  const Config::Text argument(call.arg(2));
  try {
    if (Config::parse(Opt::maxmemory, {&argument, 1}, {}).number > kMost) return call.reply().error(kError);
  } catch (const ConfigError&) {
    return call.reply().error(kError);
  }
  call.reply().ok();
}

// The data is in memory and stays there: a reload that saved first would change nothing. One from an older
// file can't be had.
void debug_reload(Call& call) {
  for (size_t i = 2; i < call.argc(); ++i) {
    const std::string_view option = call.arg(i);
    if (ascii_equal_nocase(option, "NOSAVE")) {
      return call.reply().error("ERR Error trying to load the RDB dump, check server logs.");
    }
    if (!ascii_equal_nocase(option, "MERGE") && !ascii_equal_nocase(option, "NOFLUSH")) {
      return call.reply().error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  call.reply().ok();
}

// DEBUG POPULATE count [prefix] [size]: keys prefix:0 ... with values value:0 ..., zeros behind them up to
// `size`.
void debug_populate(Call& call) {
  int64_t count = 0, size = 0;
  if (!parse_integer(call.arg(2), count) || count < 0 ||
      (call.argc() == 5 && (!parse_integer(call.arg(4), size) || size < 0))) {
    return call.reply().error("ERR value is out of range, must be positive");
  }
  const std::string_view prefix = call.argc() > 3 ? call.arg(3) : "key";
  SetOptions options;
  options.condition = SetCondition::if_absent;
  for (int64_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    Text key(prefix);
    key += ':';
    key += number;
    Text value("value:");
    value += number;
    if (call.argc() == 5) value.resize(static_cast<size_t>(size), '\0');
    if (call.store().set(key, value, options, call.session().database()) == Status::out_of_memory) {
      return call.reply().error("OOM command not allowed when used memory > 'maxmemory'.");
    }
  }
  call.reply().ok();
}

// DEBUG FAIL-ALLOCATION n [count]: the n-th call for memory from now on and the count - 1 after it are
// refused (count: 1; 0 is all), whichever thread asks. DEBUG FAIL-ALLOCATION OFF: none is any more; answers
// how many were. For tests of this server, hence not in the help; zmalloc/faults.h says which programs have
// it.
void debug_fail_allocation(Call& call) {
  constexpr auto kScope = zm::faults::Scope::process;
  if (!zm::faults::linked()) return call.reply().error("ERR This server was built without zmalloc::faults");
  if (call.argc() == 3 && ascii_equal_nocase(call.arg(2), "off")) {
    return call.reply().integer(static_cast<int64_t>(zm::faults::end(kScope)));
  }
  int64_t n = 0, count = 1;
  if (!parse_integer(call.arg(2), n) || n < 1 ||
      (call.argc() == 4 && (!parse_integer(call.arg(3), count) || count < 0))) {
    return call.reply().error(kNotAnInteger);
  }
  call.reply().ok();
  zm::faults::begin(kScope, {.pass = static_cast<uint64_t>(n - 1),
                             .refuse = count == 0 ? zm::faults::kAll : static_cast<uint64_t>(count)});
}

// DEBUG REPLYBUFFER PEAK-RESET-TIME <milliseconds>|NEVER|RESET, or RESIZING 0|1. Replies have no buffer of a
// size that follows their peak.
void debug_replybuffer(Call& call) {
  if (ascii_equal_nocase(call.arg(2), "resizing")) return call.reply().ok();
  if (!ascii_equal_nocase(call.arg(2), "peak-reset-time")) return reply_subcommand_syntax_error(call);
  const std::string_view time = call.arg(3);
  int64_t milliseconds = 0;
  if (!ascii_equal_nocase(time, "never") && !ascii_equal_nocase(time, "reset") &&
      !parse_integer(time, milliseconds)) {
    return call.reply().error(kNotAnInteger);
  }
  call.reply().ok();
}

// --- DEBUG PROTOCOL: one reply of each kind ---

void reply_three(Reply& reply) {
  for (int i = 0; i < 3; ++i) reply.integer(i);
}

void reply_map(Reply& reply) {
  reply.map(3);
  for (int i = 0; i < 3; ++i) {
    reply.integer(i);
    reply.boolean(i == 1);
  }
}

void reply_attribute(Reply& reply) {
  if (reply.resp_version() == 3) {
    reply.attribute(1);
    reply.bulk("key-popularity");
    reply.array(2);
    reply.bulk("key:123");
    reply.integer(90);
  }
  reply.bulk("Some real reply following the attribute");
}

void reply_push(Reply& reply) {
  if (reply.resp_version() == 2) return reply.error("ERR RESP2 is not supported by this command");
  reply.push(2);
  reply.bulk("server-cpu-usage");
  reply.integer(42);
  reply.bulk("Some real reply following the push reply");
}

struct ProtocolKind {
  std::string_view name;
  void (*reply)(Reply&);
};

constexpr ProtocolKind kProtocolKinds[] = {
    {"string", [](Reply& reply) { reply.bulk("Hello World"); }},
    {"integer", [](Reply& reply) { reply.integer(12345); }},
    {"double", [](Reply& reply) { reply.real(3.141); }},
    {"bignum", [](Reply& reply) { reply.big_number("1234567999999999999999999999999999999"); }},
    {"null", [](Reply& reply) { reply.null(); }},
    {"array",
     [](Reply& reply) {
       reply.array(3);
       reply_three(reply);
     }},
    {"set",
     [](Reply& reply) {
       reply.set(3);
       reply_three(reply);
     }},
    {"map", reply_map},
    {"attrib", reply_attribute},
    {"push", reply_push},
    {"verbatim", [](Reply& reply) { reply.verbatim("This is a verbatim\nstring", "txt"); }},
    {"true", [](Reply& reply) { reply.boolean(true); }},
    {"false", [](Reply& reply) { reply.boolean(false); }},
};

void debug_protocol(Call& call) {
  for (const ProtocolKind& kind : kProtocolKinds) {
    if (ascii_equal_nocase(call.arg(2), kind.name)) return kind.reply(call.reply());
  }
  call.reply().error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

void debug_help(Call& call) {
  reply_help(
      call,
      {
          "CHANGE-REPL-ID",
          "    Draw a new replication id.",
          "DIGEST",
          "    A fingerprint of all data, as Redis computes it.",
          "DIGEST-VALUE <key> [<key> ...]",
          "    The fingerprints of the values of the keys.",
          "ERROR <string>",
          "    Answer <string> as an error.",
          "HTSTATS <database>",
          "    How many keys the tables of <database> hold.",
          "HTSTATS-KEY <key>, LISTPACK <key>",
          "    That the value of <key> is neither.",
          "LOG <message>",
          "    Write <message> to the log.",
          "OBJECT <key>",
          "    How the value of <key> is kept.",
          "POPULATE <count> [<prefix>] [<size>]",
          "    Make <count> strings named <prefix>:<number> (prefix: key).",
          "PROTOCOL <type>",
          "    Answer a value of <type>: string, integer, double, bignum, null, array, set, map, attrib,",
          "    push, verbatim, true or false.",
          "RELOAD [option ...]",
          "    Leave the data as it is: what saving and loading it would do.",
          "SET-ACTIVE-EXPIRE <0|1>",
          "    Whether due keys are looked for, or only found when asked for.",
          "SLEEP <seconds>",
          "    Hold up the thread of this connection.",
          "STRINGMATCH-LEN <length> <pattern>",
          "    Whether a text of <length> times 'a' matches <pattern>.",
          "AOF-FLUSH-SLEEP, JMAP, PAUSE-CRON, QUICKLIST-PACKED-THRESHOLD, REPLYBUFFER, "
          "SET-DISABLE-DENY-SCRIPTS,",
          "SET-SKIP-CHECKSUM-VALIDATION",
          "    Accepted, without effect.",
      });
}

struct DebugCommand {
  std::string_view name;
  size_t least_arguments;  // DEBUG and the name included
  size_t most_arguments;
  void (*run)(Call&);
};

constexpr DebugCommand kCommands[] = {
    {"aof-flush-sleep", 3, 3, debug_no_op},
    {"change-repl-id", 2, 2, debug_change_repl_id},
    {"digest", 2, 2, debug_digest},
    {"digest-value", 2, SIZE_MAX, debug_digest_of_keys},
    {"error", 3, 3, debug_error},
    {"fail-allocation", 3, 4, debug_fail_allocation},
    {"help", 2, 2, debug_help},
    {"htstats", 3, 3, debug_htstats},
    {"htstats-key", 3, 3, debug_form_of_key<kNoHashTable>},
    {"jmap", 2, 2, debug_no_op},
    {"listpack", 3, 3, debug_form_of_key<kNoListpack>},
    {"log", 3, 3, debug_log},
    {"object", 3, 3, debug_object_of_key},
    {"pause-cron", 3, 3, debug_no_op},
    {"populate", 3, 5, debug_populate},
    {"protocol", 3, 3, debug_protocol},
    {"quicklist-packed-threshold", 3, 3, debug_quicklist_packed_threshold},
    {"reload", 2, 5, debug_reload},
    {"replybuffer", 4, 4, debug_replybuffer},
    {"set-active-expire", 3, 3, debug_set_active_expire},
    {"set-disable-deny-scripts", 3, 3, debug_no_op},
    {"set-skip-checksum-validation", 3, 3, debug_no_op},
    {"sleep", 3, 3, debug_sleep},
    {"stringmatch-len", 4, 4, debug_stringmatch_len},
};

void debug(Call& call) {
  for (const DebugCommand& command : kCommands) {
    if (!ascii_equal_nocase(call.arg(1), command.name)) continue;
    if (call.argc() < command.least_arguments || call.argc() > command.most_arguments) break;
    return command.run(call);
  }
  reply_subcommand_syntax_error(call);
}

constexpr CommandRow kRows[] = {
    {.name = "debug",
     .arity = -2,
     .flags = kAdmin | kNoscript | kLoading | kStale | kProtected | kOwnLocks,
     .handler = debug,
     .since = "1.0.0",
     .group = "server",
     .complexity = "Depends on subcommand.",
     .summary = "What tests need of a server"},
};

}  // namespace

std::span<const CommandRow> debug_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
