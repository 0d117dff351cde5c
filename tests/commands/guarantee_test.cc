// A command that memory is refused for answers OOM and has changed nothing, wherever it was refused.
#include <gtest/gtest.h>

#include "commands/recording_sink.h"
#include "store/harness.h"
#include "table/refusing_backend.h"

namespace plimsoll::test {
namespace {

using Words = std::vector<std::string>;

std::string call(Store& store, Session& session, const Words& words) {
  return run(store, session, std::vector<std::string_view>(words.begin(), words.end()));
}

// Everything a client can see of the first two databases.
std::string picture(Store& store) {
  std::string all;
  for (const char* database : {"0", "1"}) {
    Session session;
    call(store, session, {"SELECT", database});
    std::string keys = call(store, session, {"DBSIZE"});
    for (const char* key : {"a", "b", "large", "timed", "n", "x", "y", "z"}) {
      keys += call(store, session, {"GET", key}) + call(store, session, {"PEXPIRETIME", key}) +
              call(store, session, {"OBJECT", "ENCODING", key}) + call(store, session, {"MEMORY", "USAGE", key});
    }
    all += keys;
  }
  return all;
}

void fill(Store& store) {
  Session session;
  call(store, session, {"MSET", "a", "alpha", "b", "beta", "large", std::string(100'000, 'l'), "n", "41"});
  call(store, session, {"SET", "timed", "t", "PXAT", "4102444800000"});
}

// Runs the command with its n-th allocation refused, for n from 0 until it needs no more. Returns how many were refused.
long refuse_each(const Words& command) {
  for (long n = 0;; ++n) {
    RecordingSink sink;
    Options options;
    options.change_sink = &sink;
    options.seed = 1;
    Store store(options);
    fill(store);
    sink.take_events();
    const std::string before = picture(store);
    const size_t used = store.memory_used();

    Session session;
    OutputBuffer out;
    Reply reply(out, 2);
    const std::vector<std::string_view> args(command.begin(), command.end());
    {
      RefuseFrom refuse(n);
      store.execute(session, args, reply);
    }
    std::string bytes(out.size(), '\0');
    out.copy_to(bytes.data());
    if (!reply.lost() && !bytes.starts_with("-OOM")) {
      EXPECT_FALSE(bytes.empty());
      EXPECT_NE(bytes[0], '-') << bytes;
      return n;
    }
    EXPECT_EQ(sink.take_events(), Words{}) << "allocation " << n;
    EXPECT_EQ(picture(store), before) << "allocation " << n;
    EXPECT_EQ(session.database(), 0);
    // A table that made room for a key keeps it; nothing else may stay.
    EXPECT_LE(store.memory_used(), used + 64 * 1024) << "allocation " << n;
    if (n > 1000) {
      ADD_FAILURE() << "no end";
      return n;
    }
  }
}

class Guarantee : public testing::TestWithParam<Words> {};

TEST_P(Guarantee, NothingChangesWhenMemoryIsRefused) { EXPECT_GT(refuse_each(GetParam()), 0); }

const std::string kLarge(200'000, 'v');
const std::string kLongKey(70'000, 'k');

INSTANTIATE_TEST_SUITE_P(
    Commands, Guarantee,
    testing::Values(
        Words{"SET", "x", "value"}, Words{"SET", "a", kLarge}, Words{"SET", "large", kLarge, "GET"},
        Words{"SET", "a", "longer than it was before", "EX", "100"}, Words{"SETNX", kLongKey, "v"},
        Words{"SETEX", "x", "100", "v"}, Words{"GETSET", "large", "small"}, Words{"GET", "large"}, Words{"GETDEL", "large"},
        Words{"GETEX", "large", "EX", "100"}, Words{"GETEX", "timed", "PERSIST"},
        Words{"MSET", "a", kLarge, "x", "1", "timed", "2", "y", "3", "x", kLarge, "z", "4"},
        Words{"MSETNX", "x", "1", "y", kLarge, "x", "2", "z", "3"}, Words{"MGET", "a", "large", "large", "none"},
        Words{"APPEND", "x", "new"}, Words{"APPEND", "a", kLarge}, Words{"APPEND", "n", "5"}, Words{"APPEND", "large", kLarge},
        Words{"SETRANGE", "x", "100000", "v"}, Words{"SETRANGE", "a", "50", "v"}, Words{"GETRANGE", "large", "1", "-2"},
        Words{"INCR", "n"}, Words{"INCR", "x"}, Words{"INCRBY", "n", "9000000000"}, Words{"INCRBYFLOAT", "n", "1.5"},
        Words{"INCRBYFLOAT", "x", "1e4000"}, Words{"LCS", "a", "b"}, Words{"LCS", "a", "b", "IDX"},
        Words{"DEL", "a", "large", "b"}, Words{"UNLINK", "a", "large", "b"}, Words{"EXPIRE", "a", "100"},
        Words{"EXPIRE", "large", "100"}, Words{"PERSIST", "timed"}, Words{"RENAME", "a", "x"}, Words{"RENAME", "large", "x"},
        Words{"RENAME", "large", "a"}, Words{"RENAME", "timed", "b"}, Words{"RENAMENX", "large", kLongKey},
        Words{"COPY", "large", "x"}, Words{"COPY", "large", "a", "REPLACE"}, Words{"COPY", "timed", "x", "DB", "1"},
        Words{"MOVE", "a", "1"}, Words{"MOVE", "large", "1"}, Words{"MOVE", "timed", "1"}, Words{"SCAN", "0"},
        Words{"KEYS", "*"}, Words{"RANDOMKEY"}, Words{"FLUSHALL", "ASYNC"}, Words{"FLUSHDB"}, Words{"SWAPDB", "0", "1"},
        Words{"SELECT", "1"}, Words{"OBJECT", "HELP"}, Words{"ECHO", kLarge}));

}  // namespace
}  // namespace plimsoll::test
