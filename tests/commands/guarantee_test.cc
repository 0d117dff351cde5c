// A command that memory is refused for answers OOM and has changed nothing, wherever it was refused.
#include <gtest/gtest.h>

#include <ostream>

#include "commands/recording_sink.h"
#include "store/harness.h"
#include "support/text.h"
#include "support/refusals.h"

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
              call(store, session, {"OBJECT", "ENCODING", key}) +
              call(store, session, {"MEMORY", "USAGE", key});
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

// Runs the command with its n-th allocation refused, for n from 0 until it needs no more. Returns how many
// were refused.
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

struct CommandLine {
  Words words;
};

void PrintTo(const CommandLine& line, std::ostream* out) {
  *out << command_line(line.words, 60);
}

class Guarantee : public testing::TestWithParam<CommandLine> {};

TEST_P(Guarantee, NothingChangesWhenMemoryIsRefused) {
  EXPECT_GT(refuse_each(GetParam().words), 0);
}

const std::string kLarge(200'000, 'v');
const std::string kLongKey(70'000, 'k');

INSTANTIATE_TEST_SUITE_P(
    Commands, Guarantee,
    testing::Values(
        CommandLine{{"SET", "x", "value"}}, CommandLine{{"SET", "a", kLarge}},
        CommandLine{{"SET", "large", kLarge, "GET"}},
        CommandLine{{"SET", "a", "longer than it was before", "EX", "100"}},
        CommandLine{{"SETNX", kLongKey, "v"}}, CommandLine{{"SETEX", "x", "100", "v"}},
        CommandLine{{"GETSET", "large", "small"}}, CommandLine{{"GET", "large"}},
        CommandLine{{"GETDEL", "large"}}, CommandLine{{"GETEX", "large", "EX", "100"}},
        CommandLine{{"GETEX", "timed", "PERSIST"}},
        CommandLine{{"MSET", "a", kLarge, "x", "1", "timed", "2", "y", "3", "x", kLarge, "z", "4"}},
        CommandLine{{"MSET", "a", "ALPHA", "n", "42", "x", kLarge, "b", "BETA", "a", kLarge, "b", "GAMMA"}},
        CommandLine{{"MSETNX", "x", "1", "y", kLarge, "x", "2", "z", "3"}},
        CommandLine{{"MGET", "a", "large", "large", "none"}}, CommandLine{{"APPEND", "x", "new"}},
        CommandLine{{"APPEND", "a", kLarge}}, CommandLine{{"APPEND", "n", "5"}},
        CommandLine{{"APPEND", "large", kLarge}}, CommandLine{{"SETRANGE", "x", "100000", "v"}},
        CommandLine{{"SETRANGE", "a", "50", "v"}}, CommandLine{{"GETRANGE", "large", "1", "-2"}},
        CommandLine{{"INCR", "n"}}, CommandLine{{"INCR", "x"}}, CommandLine{{"INCRBY", "n", "9000000000"}},
        CommandLine{{"INCRBYFLOAT", "n", "1.5"}}, CommandLine{{"INCRBYFLOAT", "x", "1e4000"}},
        CommandLine{{"LCS", "a", "b"}}, CommandLine{{"LCS", "a", "b", "IDX"}},
        CommandLine{{"DEL", "a", "large", "b"}}, CommandLine{{"UNLINK", "a", "large", "b"}},
        CommandLine{{"EXPIRE", "a", "100"}}, CommandLine{{"EXPIRE", "large", "100"}},
        CommandLine{{"PERSIST", "timed"}}, CommandLine{{"RENAME", "a", "x"}},
        CommandLine{{"RENAME", "large", "x"}}, CommandLine{{"RENAME", "large", "a"}},
        CommandLine{{"RENAME", "timed", "b"}}, CommandLine{{"RENAMENX", "large", kLongKey}},
        CommandLine{{"COPY", "large", "x"}}, CommandLine{{"COPY", "large", "a", "REPLACE"}},
        CommandLine{{"COPY", "timed", "x", "DB", "1"}}, CommandLine{{"MOVE", "a", "1"}},
        CommandLine{{"MOVE", "large", "1"}}, CommandLine{{"MOVE", "timed", "1"}}, CommandLine{{"SCAN", "0"}},
        CommandLine{{"KEYS", "*"}}, CommandLine{{"RANDOMKEY"}}, CommandLine{{"FLUSHALL", "ASYNC"}},
        CommandLine{{"FLUSHDB"}}, CommandLine{{"SWAPDB", "0", "1"}}, CommandLine{{"SELECT", "1"}},
        CommandLine{{"OBJECT", "HELP"}}, CommandLine{{"ECHO", kLarge}}));

}  // namespace
}  // namespace plimsoll::test
