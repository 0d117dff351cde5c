// The same random commands to a store and to a redis-server: replies, and the events of every key, must be
// the same.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "commands/recording_sink.h"
#include "store/harness.h"
#include "support/server_process.h"
#include "support/text.h"

namespace plimsoll::test {
namespace {

using Words = std::vector<std::string>;

// Commands whose replies do not depend on the time a little later. Times are far ahead or long past.
class Commands {
 public:
  explicit Commands(uint64_t seed) : random_(seed) {}

  Words next() {
    const std::vector<Words> shapes = {
        {"SET", key(), value()},
        {"SET", key(), value(), any({"NX", "XX", "GET", "KEEPTTL"})},
        {"SET", key(), value(), "EXAT", time(), any({"NX", "XX", "GET"})},
        {"SETNX", key(), value()},
        {"GETSET", key(), value()},
        {"GETDEL", key()},
        {"GETEX", key(), any({"EXAT", "PXAT"}), time()},
        {"GETEX", key(), "PERSIST"},
        {"GET", key()},
        {"MSET", key(), value(), key(), value(), key(), value()},
        {"MSETNX", key(), value(), key(), value()},
        {"APPEND", key(), value()},
        {"SETRANGE", key(), any({"0", "3", "40"}), value()},
        {any({"INCR", "DECR"}), key()},
        {any({"INCRBY", "DECRBY", "INCRBYFLOAT"}), key(), value()},
        {any({"DEL", "UNLINK", "EXISTS", "TOUCH"}), key(), key()},
        {any({"EXPIREAT", "PEXPIREAT"}), key(), time(), any({"NX", "XX", "GT", "LT"})},
        {any({"EXPIREAT", "PEXPIREAT"}), key(), time()},
        {"EXPIRE", key(), any({"-1", "0"})},
        {any({"PERSIST", "TYPE", "EXPIRETIME", "PEXPIRETIME", "STRLEN"}), key()},
        {any({"RENAME", "RENAMENX"}), key(), key()},
        {"COPY", key(), key(), "DB", any({"0", "1"}), "REPLACE"},
        {"COPY", key(), key()},
        {"MOVE", key(), any({"0", "1"})},
        {"SELECT", any({"0", "1"})},
        {"OBJECT", any({"ENCODING", "REFCOUNT"}), key()},
        {"SWAPDB", "0", "1"},
        {"GETRANGE", key(), any({"0", "-3", "2"}), any({"-1", "1", "100"})},
        {"LCS", key(), key(), any({"IDX", "LEN", "WITHMATCHLEN"})},
    };
    Words words = shapes[random_() % shapes.size()];
    if (random_() % 40 == 0) words.pop_back();
    return words;
  }

 private:
  std::string any(const Words& from) { return from[random_() % from.size()]; }
  std::string key() { return any({"a", "b", "c", "d", "e"}); }
  std::string value() {
    return any({"", "1", "-7", "10000", "9223372036854775807", "3.5", "1e3", "text",
                "text that is longer than the 44 bytes of embstr", std::string(20'000, 'x')});
  }
  std::string time() { return any({"1", "1000", "4102444800", "4102444800000"}); }

  std::mt19937_64 random_;
};

// Reads what a subscription to __keyspace@*__:* pushed until `last` key and event: "database event key" each.
Words read_events(RawConnection& subscriber, const std::string& last) {
  Words events;
  for (;;) {
    const RespReply message = parse_reply(subscriber.read_reply());
    const std::string& channel = message.children.at(2).text;
    const size_t at = channel.find('@'), end = channel.find("__:");
    events.push_back(channel.substr(at + 1, end - at - 1) + " " + message.children.at(3).text + " " +
                     channel.substr(end + 3));
    if (events.back() == last) return events;
  }
}

// Redis reports a miss or a hit never; what it reports of SWAPDB and FLUSH* is nothing.
void keep_key_events(Words& events) {
  std::erase_if(events, [](const std::string& event) { return event.ends_with(" *"); });
}

// What happened to each key, in its order: between keys of one command there is none.
std::map<std::string, Words> by_key(const Words& events) {
  std::map<std::string, Words> keys;
  for (const std::string& event : events) {
    const size_t first = event.find(' '), second = event.find(' ', first + 1);
    keys[event.substr(0, first) + event.substr(second)].push_back(
        event.substr(first + 1, second - first - 1));
  }
  return keys;
}

TEST(Events, AreRedisEvents) {
  ServerProcess redis({.program = environment_or("PLIMSOLL_REDIS_SERVER", "redis-server"),
                       .arguments = {"--notify-keyspace-events", "AKn", "--enable-debug-command", "yes"}});
  RawConnection client = redis.connect();
  ASSERT_EQ(client.call({"DEBUG", "SET-ACTIVE-EXPIRE", "0"}), "+OK\r\n");
  RawConnection subscriber = redis.connect();
  subscriber.call({"PSUBSCRIBE", "__keyspace@*"});

  RecordingSink sink;
  Options options;
  options.change_sink = &sink;
  options.active_expiry = false;
  Store store(options);
  Session session;
  Commands commands(20240101);
  Words history;
  for (int i = 0; i < 20'000; ++i) {
    const Words words = commands.next();
    history.push_back(command_line(words));
    const std::vector<std::string_view> args(words.begin(), words.end());
    ASSERT_EQ(escaped(run(store, session, args)), escaped(client.call(words))) << i << ": " << history.back();
  }
  // Both end with an event that nothing before it had.
  const std::vector<std::string_view> last = {"SET", "the-end", "1"};
  run(store, session, last);
  client.call({"SET", "the-end", "1"});
  Words ours = sink.take_events();
  keep_key_events(ours);
  const Words theirs = read_events(subscriber, ours.back());
  ASSERT_GT(theirs.size(), 5'000u);
  EXPECT_EQ(ours.size(), theirs.size());
  EXPECT_EQ(by_key(ours), by_key(theirs));
}

}  // namespace
}  // namespace plimsoll::test
