#include <benchmark/benchmark.h>
#include <zmalloc/zm.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "key_set.h"

// A million keys in 64 tables, as a store has them; keys and hashes are at hand, as after parsing.

namespace plimsoll::test {
namespace {

constexpr unsigned kShardBits = 6;
constexpr size_t kKeys = 1000000;
constexpr size_t kBatch = 16;

// Keys in random order, each with its hash, read one after another: what is measured is the table and the
// entries.
struct Probe {
  explicit Probe(uint64_t n) : name(KeySet::name(n)), hash(KeySet::hash(n)), number(n) {}
  std::string name;
  uint64_t hash;
  uint64_t number;
};

std::vector<Probe> probes(uint64_t first) {
  std::vector<Probe> result;
  for (uint64_t n = first; n < first + kKeys; ++n) result.emplace_back(n);
  std::shuffle(result.begin(), result.end(), std::mt19937_64(5));
  return result;
}

struct Loaded {
  Loaded() : present(probes(0)), missing(probes(kKeys)) {
    for (size_t i = 0; i < size_t{1} << kShardBits; ++i)
      shards.push_back(std::make_unique<KeySet>(kShardBits));
    for (uint64_t n = 0; n < kKeys; ++n) shards[KeySet::hash(n) >> (64 - kShardBits)]->add(n);
  }
  Table& table(const Probe& probe) { return shards[probe.hash >> (64 - kShardBits)]->table; }

  std::vector<Probe> present, missing;
  std::vector<std::unique_ptr<KeySet>> shards;
};

Loaded& loaded() {
  static Loaded instance;
  return instance;
}

void find_one_by_one(benchmark::State& state) {
  Loaded& keys = loaded();
  size_t i = 0;
  for (auto _ : state) {
    const Probe& probe = keys.present[i++ % kKeys];
    benchmark::DoNotOptimize(keys.table(probe).find(probe.hash, probe.name));
  }
  TableShape sum;
  size_t bytes = 0;
  for (const auto& shard : keys.shards) {
    const TableShape shape = shard->table.shape();
    sum.entries += shape.entries;
    sum.lines += shape.lines;
    sum.homes += shape.homes;
    sum.displacement += shape.displacement;
    sum.reach += shape.reach;
    bytes += shard->table.bytes() + sizeof(Table);
  }
  state.counters["bytes/key"] = double(bytes) / double(sum.entries);
  state.counters["load"] = sum.load();
  state.counters["lines/hit"] = 1 + double(sum.displacement) / double(sum.entries);
  state.counters["lines/miss"] = 1 + double(sum.reach) / double(sum.homes);
}
BENCHMARK(find_one_by_one);

void find_in_batches(benchmark::State& state) {
  Loaded& keys = loaded();
  size_t i = 0;
  for (auto _ : state) {
    const Probe* batch = &keys.present[i];
    i = i + 2 * kBatch > kKeys ? 0 : i + kBatch;
    for (size_t k = 0; k < kBatch; ++k) keys.table(batch[k]).prefetch_line(batch[k].hash);
    for (size_t k = 0; k < kBatch; ++k) keys.table(batch[k]).prefetch_entry(batch[k].hash);
    for (size_t k = 0; k < kBatch; ++k) {
      benchmark::DoNotOptimize(keys.table(batch[k]).find(batch[k].hash, batch[k].name));
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kBatch));
}
BENCHMARK(find_in_batches);

void find_hot(benchmark::State& state) {
  Loaded& keys = loaded();
  size_t i = 0;
  for (auto _ : state) {
    const Probe& probe = keys.present[i++ % 256];
    benchmark::DoNotOptimize(keys.table(probe).find(probe.hash, probe.name));
  }
}
BENCHMARK(find_hot);

void find_missing(benchmark::State& state) {
  Loaded& keys = loaded();
  size_t i = 0;
  for (auto _ : state) {
    const Probe& probe = keys.missing[i++ % kKeys];
    benchmark::DoNotOptimize(keys.table(probe).find(probe.hash, probe.name));
  }
}
BENCHMARK(find_missing);

// From nothing to a million keys, all growth included; and the entries alone, to be subtracted.
void insert_all(benchmark::State& state) {
  Loaded& keys = loaded();
  for (auto _ : state) {
    std::vector<std::unique_ptr<KeySet>> shards;
    for (size_t i = 0; i < size_t{1} << kShardBits; ++i)
      shards.push_back(std::make_unique<KeySet>(kShardBits));
    for (const Probe& probe : keys.present) {
      Table& table = shards[probe.hash >> (64 - kShardBits)]->table;
      table.reserve(probe.hash);
      table.insert(probe.hash, Entry::make_integer(probe.name, 1, kNoExpiry), 0);
    }
    state.PauseTiming();
    shards.clear();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kKeys));
}
BENCHMARK(insert_all)->Unit(benchmark::kMillisecond);

void make_entries(benchmark::State& state) {
  Loaded& keys = loaded();
  std::vector<Entry*> entries(kKeys);
  for (auto _ : state) {
    size_t i = 0;
    for (const Probe& probe : keys.present) entries[i++] = Entry::make_integer(probe.name, 1, kNoExpiry);
    state.PauseTiming();
    for (Entry* entry : entries) Entry::destroy(entry);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kKeys));
}
BENCHMARK(make_entries)->Unit(benchmark::kMillisecond);

// Prefetched in batches as above, each key is removed and inserted again.
void remove_and_insert(benchmark::State& state) {
  Loaded& keys = loaded();
  size_t i = 0;
  for (auto _ : state) {
    const Probe* batch = &keys.present[i];
    i = i + 2 * kBatch > kKeys ? 0 : i + kBatch;
    for (size_t k = 0; k < kBatch; ++k) keys.table(batch[k]).prefetch_line(batch[k].hash);
    for (size_t k = 0; k < kBatch; ++k) keys.table(batch[k]).prefetch_entry(batch[k].hash);
    for (size_t k = 0; k < kBatch; ++k) {
      Table& table = keys.table(batch[k]);
      Entry* entry = table.remove(table.find(batch[k].hash, batch[k].name));
      table.reserve(batch[k].hash);
      table.insert(batch[k].hash, entry, 0);
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kBatch));
}
BENCHMARK(remove_and_insert);

void sample_five_lines(benchmark::State& state) {
  Loaded& keys = loaded();
  uint64_t random = 0, sum = 0;
  for (auto _ : state) {
    keys.shards[random % 64]->table.sample(random * 0x9e3779b97f4a7c15, 5,
                                           [&](SlotRef, uint8_t s) { sum += s; });
    ++random;
  }
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(sample_five_lines);

}  // namespace
}  // namespace plimsoll::test

BENCHMARK_MAIN();
