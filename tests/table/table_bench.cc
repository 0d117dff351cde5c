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

struct Loaded {
  Loaded() {
    for (size_t n = 0; n < kKeys; ++n) {
      names.push_back(KeySet::name(n));
      hashes.push_back(KeySet::hash(n));
      missing.push_back(KeySet::name(n + kKeys));
      missing_hashes.push_back(KeySet::hash(n + kKeys));
      order.push_back(static_cast<uint32_t>(n));
    }
    std::shuffle(order.begin(), order.end(), std::mt19937_64(5));
    for (size_t i = 0; i < std::size_t{1} << kShardBits; ++i) shards.push_back(std::make_unique<KeySet>(kShardBits));
    fill();
  }
  Table& table(uint64_t hash) { return shards[hash >> (64 - kShardBits)]->table; }
  void fill() {
    for (size_t n = 0; n < kKeys; ++n) shards[hashes[n] >> (64 - kShardBits)]->add(n);
  }

  std::vector<std::string> names, missing;
  std::vector<uint64_t> hashes, missing_hashes;
  std::vector<uint32_t> order;
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
    const size_t n = keys.order[i++ % kKeys];
    benchmark::DoNotOptimize(keys.table(keys.hashes[n]).find(keys.hashes[n], keys.names[n]));
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
    const uint32_t* batch = &keys.order[i];
    i = i + 2 * kBatch > kKeys ? 0 : i + kBatch;
    for (size_t k = 0; k < kBatch; ++k) keys.table(keys.hashes[batch[k]]).prefetch_line(keys.hashes[batch[k]]);
    for (size_t k = 0; k < kBatch; ++k) keys.table(keys.hashes[batch[k]]).prefetch_entry(keys.hashes[batch[k]]);
    for (size_t k = 0; k < kBatch; ++k) {
      const size_t n = batch[k];
      benchmark::DoNotOptimize(keys.table(keys.hashes[n]).find(keys.hashes[n], keys.names[n]));
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kBatch));
  state.counters["ns/key"] = benchmark::Counter(double(state.iterations() * kBatch) / 1e9,
                                                benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(find_in_batches);

void find_hot(benchmark::State& state) {
  Loaded& keys = loaded();
  size_t i = 0;
  for (auto _ : state) {
    const size_t n = keys.order[i++ % 256];
    benchmark::DoNotOptimize(keys.table(keys.hashes[n]).find(keys.hashes[n], keys.names[n]));
  }
}
BENCHMARK(find_hot);

void find_missing(benchmark::State& state) {
  Loaded& keys = loaded();
  size_t i = 0;
  for (auto _ : state) {
    const size_t n = keys.order[i++ % kKeys];
    benchmark::DoNotOptimize(keys.table(keys.missing_hashes[n]).find(keys.missing_hashes[n], keys.missing[n]));
  }
}
BENCHMARK(find_missing);

// The table's own part: the entries exist. From nothing to a million, all growth included.
void insert_all(benchmark::State& state) {
  Loaded& keys = loaded();
  std::vector<Entry*> entries(kKeys);
  for (const auto& shard : keys.shards) {
    TableContents contents = shard->table.detach();
    contents.clear_slice(kKeys, [&](Entry* entry) { entries[static_cast<size_t>(entry->integer())] = entry; });
  }
  for (auto _ : state) {
    std::vector<std::unique_ptr<Table>> tables;
    for (size_t i = 0; i < std::size_t{1} << kShardBits; ++i) tables.push_back(std::make_unique<Table>(kShardBits, kSeed));
    for (size_t n = 0; n < kKeys; ++n) {
      const size_t k = keys.order[n];
      Table& table = *tables[keys.hashes[k] >> (64 - kShardBits)];
      table.reserve(keys.hashes[k]);
      table.insert(keys.hashes[k], entries[k], 0);
    }
  }
  state.counters["ns/key"] = benchmark::Counter(double(state.iterations() * kKeys) / 1e9,
                                                benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  for (size_t n = 0; n < kKeys; ++n) {
    Table& table = keys.table(keys.hashes[n]);
    table.reserve(keys.hashes[n]);
    table.insert(keys.hashes[n], entries[n], 0);
  }
}
BENCHMARK(insert_all)->Unit(benchmark::kMillisecond);

// A removal and an insertion of the same key, found first.
void remove_and_insert(benchmark::State& state) {
  Loaded& keys = loaded();
  size_t i = 0;
  for (auto _ : state) {
    const size_t n = keys.order[i++ % kKeys];
    Table& table = keys.table(keys.hashes[n]);
    Entry* entry = table.remove(table.find(keys.hashes[n], keys.names[n]));
    table.reserve(keys.hashes[n]);
    table.insert(keys.hashes[n], entry, 0);
  }
}
BENCHMARK(remove_and_insert);

void sample_five_lines(benchmark::State& state) {
  Loaded& keys = loaded();
  uint64_t random = 0, sum = 0;
  for (auto _ : state) {
    keys.shards[random % 64]->table.sample(random * 0x9e3779b97f4a7c15, 5, [&](SlotRef, uint8_t s) { sum += s; });
    ++random;
  }
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(sample_five_lines);

}  // namespace
}  // namespace plimsoll::test

BENCHMARK_MAIN();
