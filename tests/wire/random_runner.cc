#include "random_runner.h"

#include <algorithm>
#include <stdexcept>

#include "comparison.h"
#include "script_runner.h"
#include "support/resp_reply.h"
#include "support/text.h"

namespace plimsoll::wire {
namespace {

using test::RespReply;

constexpr size_t kRecent = 25;
constexpr size_t kLargestBatch = 16;
constexpr int kDatabases = 16;

bool is_scan(const GeneratedCommand& command) {
  return command.shape->compare == Compare::kScan && command.argv.size() > 1 && command.argv[1] == "0";
}

// Any other cursor means nothing outside its own server: only errors can be compared.
Rules rules_for(const GeneratedCommand& command) {
  return rules_of(command.shape->compare == Compare::kScan ? Compare::kType : command.shape->compare);
}

}  // namespace

std::vector<std::string> registered_commands(const test::ServerProcess& server) {
  std::vector<std::string> names;
  for (const RespReply& name : test::parse_reply(server.connect().call({"COMMAND", "LIST"})).children) {
    names.push_back(test::lowercase(name.text));
  }
  if (names.empty()) throw std::runtime_error("COMMAND LIST is empty");
  std::sort(names.begin(), names.end());
  return names;
}

RandomRunner::RandomRunner(ServerPair& servers, const Differences& differences, Options options)
    : servers_(servers),
      differences_(differences),
      options_(options),
      generator_(options.seed, registered_commands(servers.tested)),
      reference_(servers.reference.connect()),
      tested_(servers.tested.connect()) {}

void RandomRunner::start() {
  for (test::RawConnection* connection : {&reference_, &tested_}) {
    if (connection->call({"FLUSHALL"}) != "+OK\r\n") throw std::runtime_error("FLUSHALL failed");
    if (options_.protocol == 3) connection->call({"HELLO", "3"});
  }
}

std::optional<std::string> RandomRunner::run() {
  try {
    start();
    while (sent_ < options_.commands) {
      std::vector<GeneratedCommand> batch;
      const size_t size = 1 + below(kLargestBatch, generator_.random());
      while (batch.size() < size && (batch.empty() || !is_scan(batch.back())))
        batch.push_back(generator_.next());
      std::optional<GeneratedCommand> scan;
      if (is_scan(batch.back())) {
        scan = std::move(batch.back());
        batch.pop_back();
      }
      if (const auto wrong = run_batch(batch)) return *wrong + context();
      if (!scan) continue;
      if (const auto wrong = run_scan(*scan)) return *wrong + context();
    }
    if (const auto wrong = compare_keyspaces()) return *wrong + context();
  } catch (const std::exception& error) {
    std::string what = error.what();
    for (test::ServerProcess* server : {&servers_.reference, &servers_.tested})
      if (!server->running()) what += "\n" + server->program() + " died:\n" + server->log();
    return what + context();
  }
  return std::nullopt;
}

std::optional<std::string> RandomRunner::run_batch(const std::vector<GeneratedCommand>& batch) {
  std::string bytes;
  for (const GeneratedCommand& command : batch) bytes += test::encode_command(command.argv);
  reference_.send(bytes);
  tested_.send(bytes);
  for (const GeneratedCommand& command : batch) {
    remember(command.argv);
    const std::string reference = reference_.read_reply();
    const std::string tested = tested_.read_reply();
    if (const auto wrong = check(command.argv, reference, tested, rules_for(command))) return wrong;
  }
  return std::nullopt;
}

std::optional<std::string> RandomRunner::run_scan(const GeneratedCommand& command) {
  remember(command.argv);
  std::string replies[2];
  for (const bool tested : {false, true}) {
    std::vector<std::string> seen;
    std::string& reply = replies[tested];
    reply = scan_to_end(tested ? tested_ : reference_, command.argv, 1, seen);
    if (!reply.empty()) continue;
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    reply = "*" + std::to_string(seen.size()) + "\r\n";
    for (const std::string& element : seen) reply += element;
  }
  return check(command.argv, replies[0], replies[1], Rules{});
}

std::optional<std::string> RandomRunner::compare_keyspaces() {
  for (int database = 0; database < kDatabases; ++database) {
    if (const auto wrong = compare_call({"SELECT", std::to_string(database)}, {})) return wrong;
    if (const auto wrong = compare_call({"KEYS", "*"}, rules_of(Compare::kUnordered))) return wrong;
    for (const RespReply& key : test::parse_reply(reference_.call({"KEYS", "*"})).children) {
      if (const auto wrong = compare_key(key.text)) return wrong;
    }
  }
  return std::nullopt;
}

std::optional<std::string> RandomRunner::compare_key(const std::string& key) {
  if (const auto wrong = compare_call({"TYPE", key}, {})) return wrong;
  if (const auto wrong = compare_call({"PEXPIRETIME", key}, rules_of(Compare::kMilliseconds))) return wrong;
  if (const auto wrong = compare_call({"OBJECT", "ENCODING", key}, {})) return wrong;
  if (const auto wrong = compare_call({"DEBUG", "DIGEST-VALUE", key}, {})) return wrong;
  const std::string type = test::parse_reply(reference_.call({"TYPE", key})).text;
  for (const ValueReader& reader : value_readers()) {
    if (type != reader.type) continue;
    Argv argv = reader.argv;
    std::replace(argv.begin(), argv.end(), std::string("KEY"), key);
    return compare_call(argv, rules_of(reader.compare));
  }
  return "no reader for values of type " + type;
}

std::optional<std::string> RandomRunner::compare_call(const Argv& argv, const Rules& rules) {
  const std::string reference = reference_.call(argv);
  return check(argv, reference, tested_.call(argv), rules);
}

std::optional<std::string> RandomRunner::check(const Argv& argv, const std::string& reference,
                                               const std::string& tested, const Rules& rules) const {
  const auto why = difference(reference, tested, rules);
  if (!why || differences_.find(test::command_line(argv))) return std::nullopt;
  return "command " + std::to_string(sent_) + ": " + test::command_line(argv) + "\n" + *why;
}

void RandomRunner::remember(const Argv& argv) {
  ++sent_;
  recent_.push_back(test::command_line(argv));
  if (recent_.size() > kRecent) recent_.pop_front();
}

std::string RandomRunner::context() const {
  std::string text = "\nagain with PLIMSOLL_WIRE_SEED=" + std::to_string(options_.seed) + " (RESP" +
                     std::to_string(options_.protocol) + "); the last commands, as redis-cli reads them:\n";
  for (const std::string& line : recent_) text += "  " + line + "\n";
  return text;
}

}  // namespace plimsoll::wire
