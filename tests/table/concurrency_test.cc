#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "key_set.h"

namespace plimsoll::test {
namespace {

// Prefetches take no lock: they meet every restructuring, and ranges of other tables that are reused.
TEST(TableConcurrency, PrefetchesWhileTheTableChanges) {
  KeySet keys(1), other(1);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> rounds{0};
  std::thread reader([&] {
    uint64_t n = 0;
    while (!stop.load(std::memory_order_relaxed)) {
      for (int i = 0; i < 64; ++i) {
        const uint64_t hash = ++n * 0x9e3779b97f4a7c15;
        Table::prefetch_entry(keys.table.prefetch_line(hash));
        keys.table.prefetch_entry(hash);
      }
      if (keys.table.size() > uint64_t{1} << 40) std::abort();
      rounds.fetch_add(1, std::memory_order_relaxed);
    }
  });
  for (int round = 0; round < 3 || rounds.load(std::memory_order_relaxed) < 100; ++round) {
    for (uint64_t n = 0; n < 90000; ++n) {
      keys.add(n, static_cast<int64_t>(n));
      if (n % 8 == 0) other.add(n);
    }
    SweepCursor cursor;
    while (!keys.table.sweep_due(60000, cursor, 1000, [&](SlotRef at) { keys.erase(at); })) {
    }
    keys.settle();
    if (round % 2 == 0) {
      keys.clear();
    } else {
      for (uint64_t n = 0; n < 90000; ++n) keys.erase(n);
      keys.settle();
    }
    other.clear();
  }
  stop.store(true, std::memory_order_relaxed);
  reader.join();
  EXPECT_EQ(keys.table.size(), 0u);
}

}  // namespace
}  // namespace plimsoll::test
