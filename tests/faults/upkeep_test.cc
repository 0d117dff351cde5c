// What goes on beside and below commands, with calls for memory refused: tables that grow, expiry, eviction,
// compaction, deferred frees, the typed calls, and a store that is made.
#include <gtest/gtest.h>
#include <zmalloc/compaction.h>

#include <functional>
#include <map>
#include <new>
#include <set>

#include "engine.h"
#include "store_under_faults.h"

namespace plimsoll::test {
namespace {

constexpr zm::faults::Plan kNothing = {};  // every call is refused

std::string key_of(int i) {
  return "key:" + std::to_string(i);
}

std::string value_of(int i) {
  constexpr size_t kSizes[] = {0, 3, 44, 300, 5000, 20'000};
  if (i % 5 == 4) return std::to_string(i * 1'000'000'007LL);
  return std::string(kSizes[static_cast<size_t>(i) % std::size(kSizes)], static_cast<char>('a' + i % 26));
}

void fill(Store& store, int keys, std::optional<int64_t> ttl_ms = {}) {
  SetOptions options;
  options.ttl_ms = ttl_ms;
  for (int i = 0; i < keys; ++i) ASSERT_EQ(store.set(key_of(i), value_of(i), options), Status::ok);
}

// Runs `attempt` with its first call for memory refused, then its second, and so on until none is, then all
// from the first on, from the second on, ... `check` follows each. Both are given a number that rises.
template <class Attempt, class Check>
void refuse_each(Attempt&& attempt, Check&& check) {
  for (const uint64_t refuse : {uint64_t{1}, zm::faults::kAll}) {
    for (uint64_t n = 0, refused = 1; refused != 0; ++n) {
      ASSERT_LT(n, 100'000u) << "no end";
      {
        const Refusals refusals({.pass = n, .refuse = refuse});
        attempt();
        refused = refusals.count();
      }
      check();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

// As long as insertions grow the tables, each of their calls for memory is refused once.
TEST(UpkeepFaults, TablesGrow) {
  StoreUnderFaults subject;
  Store& store = subject.store();
  uint64_t failures = 0, size = store.size();
  for (int i = 0; i < 12'000; ++i) {
    const std::string key = key_of(i);
    for (uint64_t n = 0;; ++n) {
      Status status;
      {
        const Refusals refusals({.pass = n, .refuse = i % 2 == 0 ? 1 : zm::faults::kAll});
        status = store.set(key, "value");
      }
      if (status == Status::ok) break;
      ASSERT_EQ(status, Status::out_of_memory);
      ASSERT_EQ(store.size(), size);
      if (++failures % 200 == 0) {
        ASSERT_EQ(subject.faults(), "") << key;
      }
    }
    ++size;
  }
  EXPECT_EQ(store.size(), size);
  EXPECT_GT(failures, 12'000u);
  EXPECT_EQ(subject.faults(), "");
  EXPECT_EQ(subject.faults_when_flushed(), "");
}

// Deleting asks for nothing; what asks while tables shrink may be refused.
TEST(UpkeepFaults, TablesShrink) {
  StoreUnderFaults subject;
  Store& store = subject.store();
  fill(store, 12'000);
  {
    const Refusals refusals(kNothing);
    for (int i = 0; i < 12'000; ++i) {
      if (i % 50 != 0) {
        EXPECT_TRUE(store.erase(key_of(i)));
      }
    }
    EXPECT_EQ(refusals.count(), 0u);
  }
  const fuzz::Data left = subject.data();
  refuse_each([&] { store.maintain(1'000'000); },
              [&] {
                ASSERT_EQ(subject.data(), left);
                ASSERT_EQ(fuzz::check_tables(store), "");
              });
  EXPECT_EQ(subject.faults(), "");
  EXPECT_EQ(subject.faults_when_flushed(), "");
}

TEST(UpkeepFaults, DueKeysGo) {
  StoreUnderFaults subject;
  Store& store = subject.store();
  const uint64_t others = store.size();
  fill(store, 3000, 1000);
  subject.clock().advance_ms(2000);
  {
    const Refusals refusals(kNothing);
    for (int i = 0; i < 500; ++i) EXPECT_FALSE(store.exists(key_of(i)));
    EXPECT_EQ(refusals.count(), 0u) << "a look-up that deletes asks for memory";
    settle(store);
  }
  EXPECT_EQ(store.size(), others);
  EXPECT_EQ(store.statistics().expired_keys, 3000u);
  EXPECT_EQ(subject.faults(), "");
}

// Reclaim can do without memory; only tables that would be smaller stay as they are.
TEST(UpkeepFaults, EvictionNeedsNothing) {
  for (int i = 1; i <= static_cast<int>(EvictionPolicy::volatile_ttl); ++i) {
    const auto policy = static_cast<EvictionPolicy>(i);
    SCOPED_TRACE(policy_name(policy));
    StoreUnderFaults subject(policy);
    Store& store = subject.store();
    fill(store, 3000, 1'000'000);
    Tuning tuning = store.tuning();
    tuning.memory_limit = store.memory_used() / 2;
    const Refusals refusals(kNothing);
    store.tune(tuning);
    while (store.memory_used() > tuning.memory_limit) ASSERT_TRUE(store.enforce_limit(1'000'000));
    EXPECT_GT(store.statistics().evicted_keys, 1000u);
    EXPECT_EQ(fuzz::check_tables(store), "");
  }
}

// What the command may leave of each key: what was there, or what it makes of the store as it is, without one
// of its keys, or without any.
std::map<fuzz::Data::key_type, std::set<fuzz::Data::mapped_type>> values_left_by(const Words& line,
                                                                                 const Words& keys) {
  std::map<fuzz::Data::key_type, std::set<fuzz::Data::mapped_type>> values;
  const auto note = [&](const fuzz::Data& data) {
    for (const auto& [name, value] : data) values[name].insert(value);
  };
  const auto run_without = [&](const std::vector<fuzz::Data::key_type>& evicted) {
    StoreUnderFaults subject(EvictionPolicy::allkeys_random, keys);
    for (const auto& [database, key] : evicted) subject.store().erase(key, database);
    note(subject.data());
    note(subject.run(line).data);
  };
  std::vector<fuzz::Data::key_type> names;
  for (const auto& [name, value] : StoreUnderFaults(EvictionPolicy::allkeys_random, keys).data())
    names.push_back(name);
  run_without({});
  for (const auto& name : names) run_without({name});
  run_without(names);
  return values;
}

// With a policy that evicts, what is refused is made room for and tried again: whatever is left is whole.
TEST(UpkeepFaults, CommandsThatEvictLeaveWholeKeys) {
  uint64_t evicted = 0;
  for (const std::string_view line : library_examples()) {
    const Words words = words_of(line);
    const Words keys = {"SET K @40000"};
    const auto whole = values_left_by(words, keys);
    for (uint64_t n = 0, refused = 1; refused != 0; ++n) {
      StoreUnderFaults subject(EvictionPolicy::allkeys_random, keys);
      const Outcome outcome = subject.run(words, zm::faults::Plan{.pass = n, .refuse = 1});
      refused = outcome.refused;
      for (const auto& [name, value] : outcome.data) {
        const auto values = whole.find(name);
        ASSERT_TRUE(values != whole.end() && values->second.contains(value))
            << line << " left " << name.second << " = " << value.substr(0, 60);
      }
      evicted += subject.store().statistics().evicted_keys;
      ASSERT_EQ(subject.faults(), "") << line << ", call " << n;
      ASSERT_EQ(subject.faults_when_flushed(), "") << line << ", call " << n;
    }
  }
  EXPECT_GT(evicted, 10u);
}

class EveryBlockSparse {
 public:
  EveryBlockSparse() { zm::set_every_block_sparse(true); }
  ~EveryBlockSparse() { zm::set_every_block_sparse(false); }
};

TEST(UpkeepFaults, CompactionMovesWhatItCan) {
  const EveryBlockSparse sparse;
  StoreUnderFaults subject;
  Store& store = subject.store();
  fill(store, 300, 1'000'000);
  const fuzz::Data data = subject.data();
  const auto pass = [&] {
    const uint64_t passes = store.compaction_statistics().passes;
    while (store.compaction_statistics().passes == passes) ASSERT_TRUE(store.compact(1'000'000));
  };
  refuse_each(pass, [&] {
    ASSERT_EQ(subject.data(), data);
    ASSERT_EQ(subject.faults(), "");
  });
  EXPECT_GT(store.compaction_statistics().moved, 300u);
  EXPECT_GT(store.compaction_statistics().stayed, 300u);
}

// Without memory for its note, a flush frees at once what it would have freed later.
TEST(UpkeepFaults, FlushesNeedNothing) {
  StoreUnderFaults subject;
  fill(subject.store(), 2000);
  const size_t used = subject.store().memory_used();
  EXPECT_GT(subject.run({"FLUSHALL", "ASYNC"}, zm::faults::Plan{.pass = 2}).refused, 0u);
  EXPECT_LT(subject.store().memory_used(), used / 4);
  EXPECT_EQ(subject.store().size(), 0u);
  EXPECT_EQ(subject.faults(), "");
}

// --- the typed calls ---

struct TypedCall {
  const char* name;
  std::function<Status(Store&)> run;
};

std::vector<TypedCall> typed_calls() {
  SetOptions timed, kept;
  timed.ttl_ms = 100'000;
  kept.keep_ttl = true;
  return {
      {"set", [](Store& store) { return store.set("none", "value"); }},
      {"set large", [](Store& store) { return store.set("other", std::string(40'000, 'v')); }},
      {"set with ttl", [=](Store& store) { return store.set("n", "value", timed); }},
      {"set keeping ttl", [=](Store& store) { return store.set("timed", std::string(300, 'v'), kept); }},
      {"erase", [](Store& store) { return store.erase("big") ? Status::ok : Status::not_found; }},
      {"exists", [](Store& store) { return store.exists("big") ? Status::ok : Status::not_found; }},
      {"increment", [](Store& store) { return store.increment("n", 9'000'000'000, nullptr); }},
      {"increment none", [](Store& store) { return store.increment("none", 1, nullptr); }},
      {"append", [](Store& store) { return store.append("other", std::string(40'000, 'v'), nullptr); }},
      {"append big", [](Store& store) { return store.append("big", std::string(400'000, 'v'), nullptr); }},
      {"append none", [](Store& store) { return store.append("none", "tail", nullptr); }},
      {"expire", [](Store& store) { return store.expire("big", 100'000); }},
      {"persist", [](Store& store) { return store.expire("timed", std::nullopt); }},
      {"time_to_live",
       [](Store& store) {
         std::optional<int64_t> ttl;
         return store.time_to_live("timed", &ttl);
       }},
      {"read", [](Store& store) { return store.read("big", [](std::string_view) {}); }},
      {"read_many",
       [](Store& store) {
         const std::string_view keys[] = {"n", "big", "none", "other"};
         return store.read_many(keys, [](size_t, std::string_view) {}) == 3 ? Status::ok : Status::not_found;
       }},
      {"clear", [](Store& store) { return store.clear(), Status::ok; }},
  };
}

TEST(UpkeepFaults, TypedCallsAnswerOrDo) {
  for (const TypedCall& call : typed_calls()) {
    SCOPED_TRACE(call.name);
    fuzz::Data before, after;
    {
      StoreUnderFaults whole;
      before = whole.data();
      ASSERT_EQ(call.run(whole.store()), Status::ok);
      after = whole.data();
    }
    for (const uint64_t refuse : {uint64_t{1}, zm::faults::kAll}) {
      for (uint64_t n = 0, refused = 1; refused != 0; ++n) {
        StoreUnderFaults subject;
        Status status;
        {
          const Refusals refusals({.pass = n, .refuse = refuse});
          status = call.run(subject.store());
          refused = refusals.count();
        }
        ASSERT_TRUE(status == Status::ok || status == Status::out_of_memory);
        ASSERT_EQ(subject.data(), status == Status::ok ? after : before) << "call " << n;
        ASSERT_EQ(subject.faults(), "") << "call " << n;
        ASSERT_EQ(subject.faults_when_flushed(), "");
      }
    }
  }
}

TEST(UpkeepFaults, AStoreIsMadeOrNot) {
  CommandTable::builtin();
  const size_t before = zm::used_memory();
  for (uint64_t n = 0, refused = 1; refused != 0; ++n) {
    const Refusals refusals({.pass = n, .refuse = 1});
    bool made = true;
    try {
      Store store;
    } catch (const std::bad_alloc&) {
      made = false;
    }
    refused = refusals.count();
    ASSERT_EQ(made, refused == 0) << "call " << n;
    ASSERT_EQ(zm::used_memory(), before) << "call " << n;
  }
}

// A table of commands that memory is refused for has some of the rows, each whole.
TEST(UpkeepFaults, ACommandTableHoldsWholeRows) {
  const size_t before = zm::used_memory();
  for (uint64_t n = 0, refused = 1; refused != 0; ++n) {
    {
      CommandTable table;
      const Refusals refusals({.pass = n, .refuse = 1});
      try {
        for (const auto rows : CommandTable::builtin_families()) table.add(rows);
        table.rename("get", "fetch");
      } catch (const std::bad_alloc&) {
      }
      refused = refusals.count();
      for (const Command* command : table.commands()) {
        ASSERT_EQ(table.by_id(command->id), command);
        ASSERT_EQ(command->subcommands.size(), command->row->subcommands.size());
        const bool renamed = command->name == "get" && table.find("get") == nullptr;
        ASSERT_EQ(table.find(renamed ? "fetch" : command->name), command);
      }
    }
    ASSERT_EQ(zm::used_memory(), before) << "call " << n;
  }
}

}  // namespace
}  // namespace plimsoll::test
