#include "script_runner.h"

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "support/resp_reply.h"

namespace plimsoll::wire {
namespace {

using test::ConnectionError;
using test::RawConnection;
using test::RespReply;
using test::Word;
using Kind = Step::Kind;

constexpr size_t kMostMismatches = 5;
constexpr int kMostPages = 100'000;
constexpr auto kUntilDeadline = std::chrono::seconds(10);

std::vector<std::string> substituted(const Step& step, const std::map<std::string, std::string>& variables) {
  std::vector<std::string> argv;
  for (const Word& word : step.words) {
    const bool variable = !word.quoted && word.text.size() > 1 && word.text[0] == '$';
    argv.push_back(variable ? variables.at(word.text.substr(1)) : word.text);
  }
  return argv;
}

}  // namespace

std::string scan_to_end(RawConnection& connection, std::vector<std::string> argv, size_t cursor_at,
                        std::vector<std::string>& seen) {
  for (int page = 0; page < kMostPages; ++page) {
    const std::string bytes = connection.call(argv);
    const RespReply reply = test::parse_reply(bytes);
    if (reply.is_error()) return bytes;
    if (reply.type != '*' || reply.children.size() != 2 || reply.children[0].type != '$' ||
        reply.children[1].type != '*') {
      throw std::runtime_error("not a page of a scan: " + test::escaped(bytes));
    }
    for (const RespReply& element : reply.children[1].children) seen.push_back(render(element));
    argv[cursor_at] = reply.children[0].text;
    if (argv[cursor_at] == "0") return "";
  }
  throw std::runtime_error("the scan does not end");
}

ScriptRunner::ScriptRunner(ServerPair& servers, const Differences& differences, RunOptions options)
    : servers_(servers), differences_(differences), options_(options), random_(options.seed) {}

RunResult ScriptRunner::run(const Script& script) {
  script_ = &script;
  const Step* at = nullptr;
  try {
    if (!script.own_server) empty_the_servers();
    use("first");
    for (const Step& step : script.steps) {
      at = &step;
      take(step);
      if (result_.mismatches.size() >= kMostMismatches) return std::move(result_);
    }
    flush();
  } catch (const std::exception& error) {
    static const Step kStart;
    report(at ? *at : kStart, std::string("  ") + error.what());
    for (test::ServerProcess* server : {&servers_.reference, &servers_.tested})
      if (!server->running())
        result_.mismatches.back() += "\n  " + server->program() + " died:\n" + server->log();
  }
  return std::move(result_);
}

void ScriptRunner::empty_the_servers() {
  for (test::ServerProcess* server : {&servers_.reference, &servers_.tested}) {
    const std::string reply = server->connect().call({"FLUSHALL"});
    if (reply != "+OK\r\n") throw std::runtime_error("FLUSHALL: " + test::escaped(reply));
  }
}

ScriptRunner::Ends ScriptRunner::connect(bool hello) {
  Ends ends{servers_.reference.connect(), servers_.tested.connect()};
  if (hello) {
    const std::string reference = ends.reference.call({"HELLO", "3"}),
                      tested = ends.tested.call({"HELLO", "3"});
    Rules rules;
    rules.keys = true;
    if (const auto why = difference(reference, tested, rules))
      result_.mismatches.push_back("HELLO 3\n" + *why);
  }
  return ends;
}

void ScriptRunner::use(const std::string& name) {
  std::unique_ptr<Ends>& ends = connections_[name];
  if (!ends) ends = std::make_unique<Ends>(connect(options_.protocol == 3 && script_->hello));
  current_ = ends.get();
}

std::string ScriptRunner::encode(const Step& step,
                                 const std::map<std::string, std::string>& variables) const {
  return test::encode_command(substituted(step, variables));
}

void ScriptRunner::take(const Step& step) {
  if (step.kind == Kind::kCommand) {
    pending_.push_back(&step);
    if (options_.delivery == Delivery::kStepwise) flush();
    return;
  }
  flush();
  switch (step.kind) {
    case Kind::kCommand:
      break;
    case Kind::kSend:
      send(step.text, step.text);
      break;
    case Kind::kRead:
      for (int i = 0; i < step.count; ++i) read_and_compare(step);
      break;
    case Kind::kClosed:
      check(step, current_->reference.read_until_closed(), current_->tested.read_until_closed());
      break;
    case Kind::kFinish:
      current_->reference.finish_sending();
      current_->tested.finish_sending();
      break;
    case Kind::kUse:
      use(step.name);
      break;
    case Kind::kUntil:
      until(step);
      break;
    case Kind::kScan:
      scan(step);
      break;
    case Kind::kLet:
      let(step);
      break;
    case Kind::kAlone:
      wait_until_alone(*current_);
      break;
  }
}

void ScriptRunner::send(const std::string& reference, const std::string& tested) {
  if (options_.delivery == Delivery::kFragments) {
    current_->reference.send_in_fragments(reference, random_);
    current_->tested.send_in_fragments(tested, random_);
  } else {
    current_->reference.send(reference);
    current_->tested.send(tested);
  }
}

void ScriptRunner::flush() {
  std::string reference, tested;
  for (const Step* step : pending_) {
    reference += encode(*step, variables_.reference);
    tested += encode(*step, variables_.tested);
  }
  send(reference, tested);
  const std::vector<const Step*> sent = std::move(pending_);
  pending_.clear();
  for (const Step* step : sent)
    if (step->answered) read_and_compare(*step);
}

void ScriptRunner::read_and_compare(const Step& step) {
  std::string reference;
  try {
    reference = current_->reference.read_reply();
  } catch (const ConnectionError& error) {
    throw ConnectionError("reference, " + step.command() + ": " + error.what());
  }
  try {
    check(step, reference, current_->tested.read_reply());
  } catch (const std::runtime_error& error) {
    throw ConnectionError("tested, " + step.command() + ": " + error.what() +
                          "\n  reference: " + test::escaped(reference));
  }
}

void ScriptRunner::check(const Step& step, const std::string& reference, const std::string& tested) {
  const auto why = difference(reference, tested, step.rules);
  const ListedDifference* listed = step.words.empty() ? nullptr : differences_.find(step.command());
  if (!listed) {
    if (why) report(step, *why);
    return;
  }
  if (why) result_.differing_listed.push_back(listed->pattern);
  if (!step.expected.empty() && step.expected != tested && !compares_with_itself()) {
    report(step, "  expected:  " + test::escaped(step.expected) + "\n  tested:    " + test::escaped(tested));
  }
}

// A server may notice late that connections of before, such as the one that asked whether it is up, are closed.
void ScriptRunner::wait_until_alone(Ends& ends) {
  const auto deadline = std::chrono::steady_clock::now() + kUntilDeadline;
  for (RawConnection* connection : {&ends.reference, &ends.tested}) {
    while (connection->call({"INFO", "clients"}).find("\nconnected_clients:1\r") == std::string::npos) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("other connections stay open");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

void ScriptRunner::until(const Step& step) {
  const auto deadline = std::chrono::steady_clock::now() + kUntilDeadline;
  for (RawConnection* connection : {&current_->reference, &current_->tested}) {
    const auto& variables = connection == &current_->tested ? variables_.tested : variables_.reference;
    std::string reply;
    while ((reply = connection->call(substituted(step, variables))) != step.text) {
      if (std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      const char* who = connection == &current_->tested ? "tested" : "reference";
      throw std::runtime_error(std::string(who) + ", " + step.command() + " still answers " +
                               test::escaped(reply));
    }
  }
}

void ScriptRunner::scan(const Step& step) {
  const auto collect = [&](RawConnection& connection, const std::map<std::string, std::string>& variables) {
    std::vector<std::string> argv = substituted(step, variables), seen;
    const auto cursor = std::find(argv.begin(), argv.end(), "0");
    if (cursor == argv.end()) throw std::runtime_error("!scan needs the cursor 0");
    const std::string error = scan_to_end(connection, argv, static_cast<size_t>(cursor - argv.begin()), seen);
    if (!error.empty()) return error;
    // A scan may show an element more than once.
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    std::string all = "*" + std::to_string(seen.size()) + "\r\n";
    for (const std::string& element : seen) all += element;
    return all;
  };
  const std::string reference = collect(current_->reference, variables_.reference);
  check(step, reference, collect(current_->tested, variables_.tested));
}

void ScriptRunner::let(const Step& step) {
  const std::string reference = current_->reference.call(substituted(step, variables_.reference));
  const std::string tested = current_->tested.call(substituted(step, variables_.tested));
  variables_.reference[step.name] = test::parse_reply(reference).text;
  variables_.tested[step.name] = test::parse_reply(tested).text;
  Rules type;
  type.type = true;
  if (const auto why = difference(reference, tested, type)) report(step, *why);
}

void ScriptRunner::report(const Step& step, const std::string& why) {
  result_.mismatches.push_back(script_->file + ".txt:" + std::to_string(step.line) + ": " + step.command() +
                               "\n" + why);
}

}  // namespace plimsoll::wire
