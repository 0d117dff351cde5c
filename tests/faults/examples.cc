#include "examples.h"

#include <charconv>
#include <set>

namespace plimsoll::test {
namespace {

constexpr std::string_view kKeys[] = {"SET other something", "SET big @100000", "SET n 41",
                                      "SET timed soon PXAT 4102444800000"};

constexpr std::string_view kLibrary[] = {
    "APPEND K tail",
    "APPEND K @40000",
    "APPEND big @40000",
    "APPEND none tail",
    "COMMAND",
    "COMMAND COUNT",
    "COMMAND DOCS",
    "COMMAND DOCS get object|encoding",
    "COMMAND GETKEYS MSET a 1 b 2 c 3 d 4 e 5 f 6",
    "COMMAND GETKEYSANDFLAGS SET K v",
    "COMMAND HELP",
    "COMMAND INFO",
    "COMMAND INFO get object",
    "COMMAND LIST",
    "COMMAND LIST FILTERBY PATTERN *get*",
    "COPY K none",
    "COPY K other REPLACE",
    "COPY big K REPLACE",
    "COPY K none DB 1",
    "DBSIZE",
    "DECR K",
    "DECR none",
    "DECRBY K 9000000000",
    "DEL K other none big timed n",
    "ECHO @20000",
    "EXISTS K other none",
    "EXPIRE K 100",
    "EXPIRE K -1",
    "EXPIREAT K 4102444800",
    "EXPIRETIME K",
    "FLUSHALL",
    "FLUSHALL ASYNC",
    "FLUSHDB",
    "FLUSHDB ASYNC",
    "GET K",
    "GETDEL K",
    "GETEX K",
    "GETEX K EX 100",
    "GETEX K PERSIST",
    "GETRANGE K 1 -2",
    "GETSET K short",
    "GETSET K @40000",
    "GETSET none value",
    "INCR K",
    "INCR none",
    "INCRBY K 9000000000",
    "INCRBYFLOAT K 1.5",
    "INCRBYFLOAT none 1.5",
    "KEYS *",
    "LCS K other",
    "LCS other timed IDX",
    "LOLWUT",
    "LOLWUT VERSION 5 30 4 4",
    "MEMORY USAGE K",
    "MGET K big other none timed n",
    "MOVE K 1",
    "MOVE big 1",
    "MSET K 1 none @40000 other @40000 timed 4 n 5 fresh 6 none 7",
    "MSETNX none 1 fresh @40000 fresher 3 freshest 4 none 5",
    "MSETNX K 1 none 2",
    "OBJECT ENCODING K",
    "! OBJECT FREQ K",
    "OBJECT HELP",
    "OBJECT IDLETIME K",
    "OBJECT REFCOUNT K",
    "PERSIST K",
    "PEXPIRE K 100000",
    "PEXPIREAT K 4102444800000",
    "PEXPIRETIME K",
    "PING",
    "PING @20000",
    "PSETEX K 100000 value",
    "PTTL K",
    "RANDOMKEY",
    "RENAME K none",
    "RENAME K other",
    "RENAME big K",
    "RENAMENX K none",
    "SCAN 0",
    "SCAN 0 MATCH * COUNT 1000 TYPE string",
    "SELECT 1",
    "SET K value",
    "SET K 17",
    "SET K 9000000000",
    "SET K @5000",
    "SET K @40000",
    "SET K value GET",
    "SET K value EX 100",
    "SET K value KEEPTTL",
    "SET K value XX",
    "SET none @40000 NX",
    "SETEX K 100 value",
    "SETNX K value",
    "SETNX none value",
    "SETRANGE K 3 abc",
    "SETRANGE K 100000 x",
    "SETRANGE big 150000 x",
    "SETRANGE none 5 x",
    "STRLEN K",
    "SUBSTR K 0 -1",
    "SWAPDB 0 1",
    "TIME",
    "TOUCH K other none",
    "TTL K",
    "TYPE K",
    "UNLINK K other none big timed n",
};

constexpr std::string_view kServer[] = {
    "ACL CAT",
    "ACL CAT string",
    "! ACL DELUSER nobody",
    "! ACL DRYRUN default GET K",
    "ACL GENPASS",
    "! ACL GETUSER default",
    "ACL HELP",
    "! ACL LIST",
    "! ACL LOAD",
    "ACL LOG",
    "ACL LOG RESET",
    "! ACL SAVE",
    "! ACL SETUSER default on",
    "ACL USERS",
    "ACL WHOAMI",
    "! ASKING",
    "! AUTH secret",
    "! BGREWRITEAOF",
    "! BGSAVE",
    "! CLIENT CACHING YES",
    "CLIENT GETNAME",
    "CLIENT GETREDIR",
    "CLIENT HELP",
    "CLIENT ID",
    "CLIENT INFO",
    "CLIENT KILL ID 1000000000",
    "CLIENT LIST",
    "CLIENT NO-EVICT ON",
    "CLIENT NO-TOUCH ON",
    "CLIENT PAUSE 0",
    "CLIENT REPLY ON",
    "CLIENT SETINFO LIB-NAME a-library-of-some-name",
    "CLIENT SETNAME a-connection-with-a-name",
    "CLIENT TRACKING OFF",
    "CLIENT TRACKINGINFO",
    "CLIENT UNBLOCK 1000000000",
    "CLIENT UNPAUSE",
    "! CLUSTER ADDSLOTS 1",
    "! CLUSTER ADDSLOTSRANGE 1 2",
    "! CLUSTER BUMPEPOCH",
    "! CLUSTER COUNT-FAILURE-REPORTS node",
    "! CLUSTER COUNTKEYSINSLOT 1",
    "! CLUSTER DELSLOTS 1",
    "! CLUSTER DELSLOTSRANGE 1 2",
    "! CLUSTER FAILOVER",
    "! CLUSTER FLUSHSLOTS",
    "! CLUSTER FORGET node",
    "! CLUSTER GETKEYSINSLOT 1 2",
    "! CLUSTER HELP",
    "! CLUSTER INFO",
    "! CLUSTER KEYSLOT K",
    "! CLUSTER LINKS",
    "! CLUSTER MEET 127.0.0.1 1",
    "! CLUSTER MYID",
    "! CLUSTER NODES",
    "! CLUSTER REPLICAS node",
    "! CLUSTER REPLICATE node",
    "! CLUSTER RESET",
    "! CLUSTER SAVECONFIG",
    "! CLUSTER SET-CONFIG-EPOCH 1",
    "! CLUSTER SETSLOT 1 STABLE",
    "! CLUSTER SHARDS",
    "! CLUSTER SLAVES node",
    "! CLUSTER SLOTS",
    "CONFIG GET *",
    "CONFIG HELP",
    "CONFIG RESETSTAT",
    "CONFIG REWRITE",
    "CONFIG SET maxmemory-samples 5 lfu-log-factor 11 slowlog-max-len 100 proc-title-template @30",
    "DEBUG AOF-FLUSH-SLEEP 0",
    "DEBUG CHANGE-REPL-ID",
    "DEBUG DIGEST",
    "DEBUG DIGEST-VALUE K other big none",
    "! DEBUG ERROR text",
    "DEBUG HELP",
    "DEBUG HTSTATS 0",
    "! DEBUG HTSTATS-KEY K",
    "DEBUG JMAP",
    "! DEBUG LISTPACK K",
    "DEBUG LOG @3000",
    "DEBUG OBJECT K",
    "DEBUG PAUSE-CRON 0",
    "DEBUG PROTOCOL bignum",
    "DEBUG PROTOCOL map",
    "DEBUG PROTOCOL set",
    "DEBUG PROTOCOL verbatim",
    "DEBUG QUICKLIST-PACKED-THRESHOLD 100",
    "DEBUG RELOAD",
    "DEBUG REPLYBUFFER RESIZING 0",
    "DEBUG SET-ACTIVE-EXPIRE 1",
    "DEBUG SET-DISABLE-DENY-SCRIPTS 0",
    "DEBUG SET-SKIP-CHECKSUM-VALIDATION 0",
    "DEBUG SLEEP 0",
    "DEBUG POPULATE 100 p 100",
    "DEBUG STRINGMATCH-LEN 1000 a*",
    "! FAILOVER",
    "HELLO 3 SETNAME a-connection-with-a-name",
    "INFO",
    "INFO everything",
    "LASTSAVE",
    "LATENCY DOCTOR",
    "! LATENCY GRAPH nothing",
    "LATENCY HELP",
    "LATENCY HISTOGRAM",
    "LATENCY HISTORY command",
    "LATENCY LATEST",
    "LATENCY RESET",
    "MEMORY DOCTOR",
    "MEMORY HELP",
    "MEMORY MALLOC-STATS",
    "MEMORY PURGE",
    "MEMORY STATS",
    "MODULE HELP",
    "MODULE LIST",
    "! MODULE LOAD file",
    "! MODULE LOADEX file",
    "! MODULE UNLOAD module",
    "MONITOR",
    "! PSYNC a 1",
    "QUIT",
    "! READONLY",
    "! READWRITE",
    "REPLICAOF NO ONE",
    "RESET",
    "ROLE",
    "! SAVE",
    "! SHUTDOWN ABORT",
    "SLAVEOF NO ONE",
    "SLOWLOG GET",
    "SLOWLOG HELP",
    "SLOWLOG LEN",
    "SLOWLOG RESET",
    "! SYNC",
    "WAIT 0 0",
};

std::string_view without_mark(std::string_view line) noexcept {
  return meant_to_fail(line) ? line.substr(2) : line;
}

}  // namespace

std::span<const std::string_view> library_examples() noexcept {
  return kLibrary;
}
std::span<const std::string_view> server_examples() noexcept {
  return kServer;
}
std::span<const std::string_view> example_keys() noexcept {
  return kKeys;
}

bool meant_to_fail(std::string_view line) noexcept {
  return line.starts_with("! ");
}

Words words_of(std::string_view line) {
  Words words;
  for (line = without_mark(line); !line.empty();) {
    const size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    size_t length = 0;
    if (word.starts_with('@')) {
      std::from_chars(word.data() + 1, word.data() + word.size(), length);
      words.emplace_back(length, 'v');
    } else {
      words.emplace_back(word);
    }
  }
  return words;
}

std::vector<std::string> commands_without_example(
    const CommandTable& table, std::span<const std::span<const std::string_view>> examples) {
  std::set<const Command*> tried;
  std::vector<std::string> names;
  for (const auto& lines : examples) {
    for (const std::string_view line : lines) {
      const Words words = words_of(line);
      const Command* command = table.find(words[0]);
      if (command != nullptr && !command->subcommands.empty() && words.size() > 1) {
        command = CommandTable::find_subcommand(*command, words[1]);
      }
      if (command == nullptr) names.push_back("unknown: " + std::string(line));
      tried.insert(command);
    }
  }
  for (uint32_t id = 0; id < table.size(); ++id) {
    const Command* command = table.by_id(id);
    if (command != nullptr && command->row->handler != nullptr && !tried.contains(command)) {
      names.emplace_back(command->name);
    }
  }
  return names;
}

}  // namespace plimsoll::test
