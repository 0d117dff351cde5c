#include "trial.h"

#include <zmalloc/counters.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "inspection.h"
#include "support/refusals.h"
#include "support/text.h"

namespace plimsoll::fuzz {
namespace {

constexpr int64_t kLastMoment = int64_t{1}
                                << 52;  // the clock stays below, so that expiries can still be added to it
constexpr size_t kLargestString = 64 * 1024;  // what APPEND and SETRANGE may make
constexpr size_t kLargestProduct = 4 << 20;   // of the lengths that LCS compares
constexpr int kMostUpkeep = 20'000;           // calls of maintain()

template <class Number>
Number parse(const Words& line, size_t i, Number otherwise) {
  Number number = otherwise;
  if (i < line.size()) std::from_chars(line[i].data(), line[i].data() + line[i].size(), number);
  return number;
}

Options options_of(const TrialClock& clock, unsigned shards, uint64_t seed) {
  Options options;
  options.clock = &clock;
  options.shards = shards;
  options.databases = 2;
  options.single_threaded = shards == 1;
  options.seed = seed;
  options.largest_string = kLargestString;
  return options;
}

void upkeep(Store& store, bool limited) {
  for (int i = 0; store.maintain(1'000); ++i) {
    if (i < kMostUpkeep) continue;
    require(limited, "upkeep never ends");  // a limit that nothing can be evicted for is never reached
    return;
  }
}

// The command a line names, to know whether its replies are determined; null if there is none.
const Command* find_command(const std::vector<std::string_view>& args) {
  const Command* command = CommandTable::builtin().find(args[0]);
  if (command != nullptr && !command->subcommands.empty() && args.size() > 1) {
    command = CommandTable::find_subcommand(*command, args[1]);
  }
  return command;
}

bool has_tip(const Command* command, std::string_view tip) {
  if (command == nullptr) return false;
  for (std::string_view tips = command->row->tips; !tips.empty();) {
    const size_t end = std::min(tips.find(' '), tips.size());
    if (tips.substr(0, end) == tip) return true;
    tips.remove_prefix(std::min(end + 1, tips.size()));
  }
  return false;
}

std::string sorted(const std::string& bytes) {
  test::RespReply reply = test::parse_reply(bytes);
  std::vector<std::string> elements;
  for (const test::RespReply& child : reply.children) elements.push_back(test::render(child));
  std::sort(elements.begin(), elements.end());
  std::string all;
  for (const std::string& element : elements) all += element;
  return all;
}

void check_types(const test::RespReply& reply, int resp_version, std::string_view where) {
  constexpr std::string_view kResp2 = "+-:$*", kResp3 = "+-:$*_#,(=~%";
  require((resp_version == 2 ? kResp2 : kResp3).find(reply.type) != std::string_view::npos,
          "a reply has a type that its protocol lacks", where);
  // RESP3 has one null of its own.
  require(resp_version == 2 || !reply.null, "a RESP2 null in RESP3", where);
  for (const test::RespReply& child : reply.children) check_types(child, resp_version, where);
}

}  // namespace

void fail(std::string_view what, std::string_view where) {
  std::fprintf(stderr, "FINDING: %.*s\n  %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(std::min<size_t>(where.size(), 2000)), where.data());
  std::abort();
}

void TrialClock::advance(int64_t ms) noexcept {
  ms_ = std::min(kLastMoment, ms_ + std::clamp<int64_t>(ms, 0, kLastMoment));
}

struct Trial::Side {
  Side(const TrialClock& clock, unsigned shards, uint64_t seed) : store(options_of(clock, shards, seed)) {
    sessions[1].set_resp_version(3);
  }

  Store store;
  std::array<Session, 2> sessions;
  bool limited = false;
};

Trial::Trial(Observer observer) : observer_(std::move(observer)) {
  CommandTable::builtin();  // made once, and kept
  counted_at_start_ = counted_memory();
  tags_at_start_ = tag_bytes_by_type();
  first_ = new Side(clock_, 4, 1);
  second_ = new Side(clock_, 1, 2);
}

Trial::~Trial() {
  delete first_;
  delete second_;
  require(counted_memory() == counted_at_start_, "stores are gone and memory is still counted");
}

void Trial::run(const Words& line) {
  if (!line.front().starts_with('@') || !run_directive(line)) run_command(line);
}

bool Trial::run_directive(const Words& line) {
  const std::string& name = line[0];
  if (name == "@session") {
    session_ = parse<size_t>(line, 1, 0) & 1;
  } else if (name == "@resp") {
    for (Side* side : {first_, second_})
      side->sessions[session_].set_resp_version(parse(line, 1, 2) == 3 ? 3 : 2);
  } else if (name == "@advance") {
    clock_.advance(parse<int64_t>(line, 1, 1));
  } else if (name == "@maintain") {
    for (Side* side : {first_, second_}) upkeep(side->store, side->limited);
    check_memory("@maintain");
  } else if (name == "@refuse") {
    refuse_from_ = std::clamp(parse<long>(line, 1, 0), 0L, 1000L);
    comparable_ = false;
  } else if (name == "@limit") {
    Tuning tuning = first_->store.tuning();
    tuning.memory_limit = parse<size_t>(line, 1, 0);
    tuning.policy = policy_from_name(line.size() > 2 ? line[2] : "").value_or(EvictionPolicy::noeviction);
    first_->limited = tuning.memory_limit != 0;
    first_->store.tune(tuning);
    comparable_ = false;
  } else {
    return false;
  }
  return true;
}

// LCS takes time and memory by the product of two lengths.
bool Trial::too_costly(const std::vector<std::string_view>& args) {
  if (args.size() < 3 || test::lowercase(args[0]) != "lcs") return false;
  size_t product = 1;
  for (size_t i : {1, 2}) {
    first_->store.read(
        args[i], [&](std::string_view value) { product *= value.size() + 1; },
        first_->sessions[session_].database());
  }
  return product > kLargestProduct;
}

Trial::Answer Trial::answer(Side& side, const std::vector<std::string_view>& args, bool stepwise) {
  Session& session = side.sessions[session_];
  OutputBuffer out;
  Reply reply(out, session.resp_version());
  if (stepwise) {
    Invocation invocation;
    side.store.resolve(args, invocation);
    const Invocation* const batch[] = {&invocation};
    side.store.prefetch(session, batch);
    side.store.run(session, invocation, reply);
  } else {
    std::optional<test::RefuseFrom> refuse;
    if (refuse_from_ >= 0) refuse.emplace(refuse_from_);
    side.store.execute(session, args, reply);
  }
  Answer answer{std::string(out.size(), '\0'), reply.lost()};
  out.copy_to(answer.bytes.data());
  require(reply.errors() == (answer.bytes.starts_with('-') ? 1u : 0u), "errors are miscounted", answer.bytes);
  return answer;
}

void Trial::run_command(const Words& line) {
  const std::vector<std::string_view> args(line.begin(), line.end());
  if (too_costly(args)) return;
  const int resp_version = first_->sessions[session_].resp_version();
  std::optional<Data> before;
  // With another policy a refusal evicts.
  const bool evicts = first_->store.tuning().policy != EvictionPolicy::noeviction;
  if (refuse_from_ >= 0 && !evicts) before = read_data(first_->store);

  const Answer first = answer(*first_, args, false);
  if (before && first.out_of_memory()) {
    require(read_data(first_->store) == *before, "a command that was refused memory has changed something",
            write_line(line));
  }
  refuse_from_ = -1;
  check_answer(first, line);
  if (!first.lost) check_types(test::parse_reply(first.bytes), resp_version, write_line(line));
  if (comparable_) compare(first, answer(*second_, args, true), args);
  check_memory(write_line(line));
}

void Trial::check_answer(const Answer& answer, const Words& line) {
  if (answer.lost) return require(answer.bytes.empty(), "a lost reply has bytes", write_line(line));
  try {
    const test::RespReply reply = test::parse_reply(answer.bytes);
    require(test::render(reply) == answer.bytes, "a reply is not canonical", write_line(line));
    if (observer_) observer_(line, reply);
  } catch (const test::RespError& error) {
    fail(error.what(), write_line(line));
  }
}

void Trial::compare(const Answer& first, const Answer& second, const std::vector<std::string_view>& args) {
  const Command* command = find_command(args);
  if (has_tip(command, "nondeterministic_output")) return;
  // Due keys count until someone meets them, which RANDOMKEY does at random.
  const bool counts_keys = command != nullptr && command->name == "dbsize";
  const int database = first_->sessions[session_].database();
  if (counts_keys && (has_due_keys(first_->store, database) || has_due_keys(second_->store, database)))
    return;
  const bool unordered = has_tip(command, "nondeterministic_output_order");
  const bool same = unordered ? sorted(first.bytes) == sorted(second.bytes) : first.bytes == second.bytes;
  if (!same) {
    fail("two stores answer differently", write_line(Words(args.begin(), args.end())) + "\n  " +
                                              test::escaped(first.bytes) + "\n  " +
                                              test::escaped(second.bytes));
  }
}

void Trial::check_memory(std::string_view where) const {
  const size_t used = first_->store.memory_used() + second_->store.memory_used();
  const size_t counted = counted_memory() - counted_at_start_;
  if (used != counted) {
    fail("counted memory is not what the stores use",
         std::string(where) + "\n  counted " + std::to_string(counted) + ", used " + std::to_string(used));
  }
}

void Trial::finish() {
  refuse_from_ = -1;
  TypeBytes charged = {};
  for (Side* side : {first_, second_}) {
    upkeep(side->store, side->limited);
    const std::string wrong = check_tables(side->store);
    require(wrong.empty(), wrong);
    const TypeBytes of_side = charged_by_type(side->store);
    for (size_t type = 0; type < charged.size(); ++type) charged[type] += of_side[type];
  }
  const TypeBytes tags = tag_bytes_by_type();
  for (size_t type = 0; type < charged.size(); ++type) {
    require(tags[type] - tags_at_start_[type] == charged[type],
            "entries are charged with what their tag does not have");
  }
  if (comparable_)
    require(read_data(first_->store) == read_data(second_->store), "two stores hold different data");

  answer(*first_, {"FLUSHALL", "ASYNC"}, false);
  answer(*second_, {"FLUSHALL", "SYNC"}, true);
  for (Side* side : {first_, second_}) upkeep(side->store, side->limited);
  require(tag_bytes_by_type() == tags_at_start_, "values are flushed and still charged");
  check_memory("FLUSHALL");
}

void run_script(const std::vector<Words>& script, Trial::Observer observer) {
  Trial trial(std::move(observer));
  for (const Words& line : script) trial.run(line);
  trial.finish();
}

}  // namespace plimsoll::fuzz
