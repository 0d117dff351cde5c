#include "embedded.h"

#include <plimsoll/store.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <cstdio>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <thread>

#include "error.h"
#include "interrupt.h"
#include "load_worker.h"
#include "side_summary.h"
#include "units.h"
#include "workload.h"

namespace plimsoll::bench {
namespace {

constexpr size_t kKeySize = 16, kValueSize = 32, kBatch = 16;
constexpr EmbeddedCall kCalls[] = {EmbeddedCall::kGet, EmbeddedCall::kRead, EmbeddedCall::kReadMany};

using Key = std::array<char, kKeySize>;

std::string_view view(const Key& key) {
  return {key.data(), key.size()};
}

// Every key once. They lie in memory in the order of asking, so that what is waited for is the store's memory
// and not that of the keys.
std::vector<Key> shuffled_keys(uint64_t count, uint64_t seed) {
  std::vector<Key> keys(count);
  for (uint64_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    keys[i].fill('0');
    std::copy_n(number.begin(), number.size(), keys[i].end() - static_cast<std::ptrdiff_t>(number.size()));
  }
  std::shuffle(keys.begin(), keys.end(), std::mt19937_64(seed));
  return keys;
}

// These three return the bytes of the values found.

size_t get_all(Store& store, std::span<const Key> keys) {
  size_t bytes = 0;
  for (const Key& key : keys) bytes += store.get(view(key)).value_or(std::string()).size();
  return bytes;
}

size_t read_all(Store& store, std::span<const Key> keys) {
  size_t bytes = 0;
  for (const Key& key : keys) store.read(view(key), [&](std::string_view value) { bytes += value.size(); });
  return bytes;
}

size_t read_batches(Store& store, std::span<const Key> keys) {
  size_t bytes = 0;
  std::array<std::string_view, kBatch> batch;
  while (!keys.empty()) {
    const size_t size = std::min(kBatch, keys.size());
    for (size_t i = 0; i < size; ++i) batch[i] = view(keys[i]);
    store.read_many(std::span(batch).first(size),
                    [&](size_t, std::string_view value) { bytes += value.size(); });
    keys = keys.subspan(size);
  }
  return bytes;
}

size_t run_call(EmbeddedCall call, Store& store, std::span<const Key> keys) {
  switch (call) {
    case EmbeddedCall::kGet:
      return get_all(store, keys);
    case EmbeddedCall::kRead:
      return read_all(store, keys);
    case EmbeddedCall::kReadMany:
      return read_batches(store, keys);
  }
  return 0;
}

// A thread for each order, all from the same moment on. Returns the mean over the threads.
double ns_per_key(EmbeddedCall call, Store& store, std::span<const std::vector<Key>> orders) {
  std::vector<double> ns(orders.size());
  std::vector<size_t> bytes(orders.size());
  std::barrier start(static_cast<std::ptrdiff_t>(orders.size()));
  const auto run = [&](size_t thread) {
    start.arrive_and_wait();
    const uint64_t begin = now_ns();
    bytes[thread] = run_call(call, store, orders[thread]);
    ns[thread] = static_cast<double>(now_ns() - begin) / static_cast<double>(orders[thread].size());
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < orders.size(); ++i) threads.emplace_back(run, i);
    run(0);
  }
  for (size_t i = 0; i < orders.size(); ++i) {
    if (bytes[i] != orders[i].size() * kValueSize) throw BenchError("the store has lost keys");
  }
  return std::accumulate(ns.begin(), ns.end(), 0.0) / static_cast<double>(ns.size());
}

// In an order of its own: values lie in memory as they were written, and would be read in that order.
void fill_store(Store& store, uint64_t keys) {
  const std::string value = value_bytes(kValueSize);
  for (const Key& key : shuffled_keys(keys, 0)) {
    if (store.set(view(key), value) != Status::ok) throw BenchError("the store has refused a key");
  }
}

}  // namespace

std::string_view name_of(EmbeddedCall call) {
  switch (call) {
    case EmbeddedCall::kGet:
      return "get";
    case EmbeddedCall::kRead:
      return "read";
    case EmbeddedCall::kReadMany:
      return "read_many of 16";
  }
  return "?";
}

std::optional<double> EmbeddedFigure::threads_ratio() const {
  return ratio(two_ns, one_ns);
}

EmbeddedResult measure_embedded(uint64_t keys, unsigned rounds) {
  std::fprintf(stderr, "embedded: reading %s keys in this process\n", with_thousands(keys).c_str());
  Store store;
  const std::vector<Key> orders[] = {shuffled_keys(keys, 1), shuffled_keys(keys, 2)};
  fill_store(store, keys);
  std::vector<double> one[std::size(kCalls)], two[std::size(kCalls)];
  for (unsigned round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < std::size(kCalls); ++i) {
      check_interrupt();
      one[i].push_back(ns_per_key(kCalls[i], store, std::span(orders).first(1)));
      two[i].push_back(ns_per_key(kCalls[i], store, orders));
    }
  }
  EmbeddedResult result{keys, {}};
  for (size_t i = 0; i < std::size(kCalls); ++i)
    result.figures.push_back({kCalls[i], median(one[i]), median(two[i])});
  return result;
}

}  // namespace plimsoll::bench
