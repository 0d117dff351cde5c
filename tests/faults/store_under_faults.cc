#include "store_under_faults.h"

#include "engine.h"

namespace plimsoll::test {
namespace {

Options options_of(const FakeClock& clock, RecordingSink& sink, EvictionPolicy policy) {
  Options options;
  options.clock = &clock;
  options.shards = 2;
  options.databases = 2;
  options.seed = 1;
  options.policy = policy;
  options.change_sink = &sink;
  return options;
}

size_t counted() {
  CommandTable::builtin();  // made once, and kept
  return fuzz::counted_memory();
}

// What the allocator says of all blocks that entries hold.
size_t block_bytes(Store& store) {
  size_t bytes = 0;
  Engine& engine = store.engine();
  for (unsigned shard = 0; shard < engine.shard_count(); ++shard) {
    for (int database = 0; database < store.databases(); ++database) {
      const ShardDatabase* part = engine.find_database(shard, database);
      if (part == nullptr) continue;
      uint64_t position = 0;
      do {
        position = part->table.scan(position, [&](Entry* entry, SlotRef) {
          bytes += zm::charged_size(entry);
          if (entry->encoding() == Encoding::shared) bytes += entry->shared().charged();
        });
      } while (position != 0);
    }
  }
  return bytes;
}

}  // namespace

StoreUnderFaults::StoreUnderFaults(EvictionPolicy policy, std::span<const std::string> more_keys)
    : counted_before_(counted()),
      tags_before_(fuzz::tag_bytes_by_type()),
      store_(options_of(clock_, sink_, policy)) {
  for (const std::string_view line : example_keys()) run(words_of(line));
  for (const std::string& line : more_keys) run(words_of(line));
  sink_.take_events();
}

std::optional<Encoding> StoreUnderFaults::encoding_of(std::string_view key) {
  std::optional<Encoding> encoding;
  Engine& engine = store_.engine();
  ShardDatabase* part = engine.find_database(engine.shard_of(engine.hash(key)), 0);
  if (part == nullptr) return encoding;
  if (const SlotRef slot = part->table.find(engine.hash(key), key)) encoding = Table::entry(slot)->encoding();
  return encoding;
}

Outcome StoreUnderFaults::run(const Words& line, const std::optional<zm::faults::Plan>& plan) {
  Session session;
  OutputBuffer out;
  Reply reply(out, 2);
  const std::vector<std::string_view> args(line.begin(), line.end());
  Outcome outcome;
  if (plan) {
    const Refusals refusals(*plan);
    store_.execute(session, args, reply);
    outcome.refused = refusals.count();
  } else {
    store_.execute(session, args, reply);
  }
  outcome.reply.resize(out.size());
  out.copy_to(outcome.reply.data());
  outcome.lost = reply.lost();
  outcome.data = data();
  outcome.events = sink_.take_events();
  outcome.database = session.database();
  return outcome;
}

std::string StoreUnderFaults::faults() {
  settle(store_);  // frees what no table holds any more
  if (std::string wrong = fuzz::check_tables(store_); !wrong.empty()) return wrong;
  const fuzz::TypeBytes tags = fuzz::tag_bytes_by_type();
  size_t tagged = 0;
  for (size_t type = 0; type < tags.size(); ++type) tagged += tags[type] - tags_before_[type];
  const size_t blocks = block_bytes(store_);
  if (blocks != tagged)
    return "blocks of " + std::to_string(blocks) + " bytes, tags say " + std::to_string(tagged);
  const size_t count = fuzz::counted_memory() - counted_before_;
  if (store_.memory_used() != count)
    return "the store says " + std::to_string(store_.memory_used()) + ", counted are " +
           std::to_string(count);
  return {};
}

std::string StoreUnderFaults::faults_when_flushed() {
  run({"FLUSHALL"});
  settle(store_);
  if (fuzz::tag_bytes_by_type() != tags_before_) return "values are flushed and still counted";
  return faults();
}

}  // namespace plimsoll::test
