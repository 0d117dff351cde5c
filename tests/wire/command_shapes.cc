#include "command_shapes.h"

#include <algorithm>
#include <sstream>

#include "support/text.h"

namespace plimsoll::wire {
namespace {

constexpr CommandShape kShapes[] = {
    {"strings", "SET key value", Compare::kExact, 60},
    {"strings", "SET key value [NX|XX] [GET] [EX secs|PX millis|EXAT at|PXAT atmillis|KEEPTTL]",
     Compare::kExact, 40},
    {"strings", "SET textkey text", Compare::kExact, 15},
    {"strings", "GET key", Compare::kExact, 30},
    {"strings", "GETDEL key"},
    {"strings", "GETEX key [EX secs|PX millis|EXAT at|PXAT atmillis|PERSIST]", Compare::kExact, 20},
    {"strings", "GETSET key value"},
    {"strings", "MGET (key)+"},
    {"strings", "MSET (key value)+", Compare::kExact, 20},
    {"strings", "MSETNX (key value)+"},
    {"strings", "SETNX key value"},
    {"strings", "SETEX key secs value"},
    {"strings", "PSETEX key millis value"},
    {"strings", "APPEND key value", Compare::kExact, 20},
    {"strings", "STRLEN key"},
    {"strings", "GETRANGE key index index", Compare::kExact, 20},
    {"strings", "SUBSTR key index index", Compare::kExact, 5},
    {"strings", "SETRANGE key offset value", Compare::kExact, 20},
    {"strings", "INCR key"},
    {"strings", "DECR key"},
    {"strings", "INCRBY key int"},
    {"strings", "DECRBY key int"},
    {"strings", "INCRBYFLOAT key float", Compare::kExact, 20},
    {"strings", "LCS textkey textkey [LEN] [IDX] [MINMATCHLEN int] [WITHMATCHLEN]", Compare::kExact, 20},

    {"keyspace", "DEL (key)+", Compare::kExact, 15},
    {"keyspace", "UNLINK (key)+"},
    {"keyspace", "EXISTS (key)+"},
    {"keyspace", "TOUCH (key)+"},
    {"keyspace", "TYPE key"},
    {"keyspace", "EXPIRE key secs [NX|XX|GT|LT] [GT|LT]", Compare::kExact, 15},
    {"keyspace", "PEXPIRE key millis [NX|XX|GT|LT]", Compare::kExact, 15},
    {"keyspace", "EXPIREAT key at [NX|XX|GT|LT]"},
    {"keyspace", "PEXPIREAT key atmillis [NX|XX|GT|LT] [XX]"},
    {"keyspace", "TTL key", Compare::kSeconds},
    {"keyspace", "PTTL key", Compare::kMilliseconds},
    {"keyspace", "EXPIRETIME key", Compare::kSeconds},
    {"keyspace", "PEXPIRETIME key", Compare::kMilliseconds},
    {"keyspace", "PERSIST key"},
    {"keyspace", "RENAME key key"},
    {"keyspace", "RENAMENX key key"},
    {"keyspace", "COPY key key [DB db] [REPLACE]", Compare::kExact, 20},
    {"keyspace", "MOVE key db"},
    {"keyspace", "SWAPDB db db", Compare::kExact, 3},
    {"keyspace", "SELECT db"},
    {"keyspace", "DBSIZE"},
    {"keyspace", "FLUSHDB [ASYNC|SYNC]", Compare::kExact, 1},
    {"keyspace", "FLUSHALL [ASYNC|SYNC]", Compare::kExact, 1},
    {"keyspace", "KEYS pattern", Compare::kUnordered},
    {"keyspace", "SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]", Compare::kScan},
    {"keyspace", "RANDOMKEY", Compare::kType, 5},
    {"keyspace", "OBJECT ENCODING key", Compare::kExact, 15},
    {"keyspace", "OBJECT FREQ key", Compare::kExact, 3},
    // Small numbers are one shared object in Redis, with the references and the age of all keys that hold it.
    {"keyspace", "OBJECT IDLETIME key", Compare::kType, 3},
    {"keyspace", "OBJECT REFCOUNT key", Compare::kType, 3},
    {"keyspace", "OBJECT HELP", Compare::kExact, 1},
    {"keyspace", "MEMORY USAGE key [SAMPLES int]", Compare::kType, 5},

    {"connection", "PING [value]", Compare::kExact, 2},
    {"connection", "ECHO value", Compare::kExact, 2},
};

// Times of the two servers may be this far apart when a machine is busy.
constexpr long long kClockToleranceSeconds = 20;

}  // namespace

std::span<const CommandShape> command_shapes() {
  return kShapes;
}

Rules rules_of(Compare compare) {
  Rules rules;
  switch (compare) {
    case Compare::kExact:
      break;
    case Compare::kUnordered:
    case Compare::kScan:
      rules.unordered = true;
      break;
    case Compare::kSeconds:
      rules.near = kClockToleranceSeconds;
      break;
    case Compare::kMilliseconds:
      rules.near = kClockToleranceSeconds * 1000;
      break;
    case Compare::kType:
      rules.type = true;
      break;
  }
  return rules;
}

std::string command_name(const std::vector<std::string>& argv, const std::vector<std::string>& registered) {
  const std::string name = test::lowercase(argv.at(0));
  if (argv.size() < 2) return name;
  const std::string sub = name + "|" + test::lowercase(argv[1]);
  return std::find(registered.begin(), registered.end(), sub) != registered.end() ? sub : name;
}

std::string command_name(const CommandShape& shape, const std::vector<std::string>& registered) {
  std::istringstream words(shape.syntax);
  std::vector<std::string> argv(1);
  words >> argv[0];
  for (std::string word; words >> word;) argv.push_back(word);
  return command_name(argv, registered);
}

std::span<const ValueReader> value_readers() {
  static const ValueReader kReaders[] = {
      {"string", {"GET", "KEY"}, Compare::kExact},
      {"list", {"LRANGE", "KEY", "0", "-1"}, Compare::kExact},
      {"set", {"SMEMBERS", "KEY"}, Compare::kUnordered},
      {"zset", {"ZRANGE", "KEY", "0", "-1", "WITHSCORES"}, Compare::kExact},
      {"hash", {"HGETALL", "KEY"}, Compare::kUnordered},
      {"stream", {"XRANGE", "KEY", "-", "+"}, Compare::kExact},
  };
  return kReaders;
}

}  // namespace plimsoll::wire
