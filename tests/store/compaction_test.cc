// Compaction: entries move, and nothing else changes.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "harness.h"

namespace plimsoll::test {
namespace {

std::string value_of(int i) {
  static constexpr size_t kSizes[] = {0, 3, 11, 100, 1000, 5000, 12'000, 13'000, 40'000};
  if (i % 10 == 9) return std::to_string(i * 1'000'000'007LL);
  return std::string(kSizes[static_cast<size_t>(i) % std::size(kSizes)], static_cast<char>('a' + i % 26));
}

void compact_all(Store& store) {
  const uint64_t passes = store.compaction_statistics().passes;
  while (store.compaction_statistics().passes < passes + 2) ASSERT_TRUE(store.compact(1000));
}

TEST(Compaction, MovesEveryKindOfEntryAndChangesNothing) {
  const EveryBlockSparse sparse;
  FakeClock clock;
  Options options;
  options.clock = &clock;
  Store store(options);
  constexpr int kKeys = 3000;
  for (int i = 0; i < kKeys; ++i) {
    SetOptions set;
    if (i % 3 == 0) set.ttl_ms = 1000 + i;
    const std::string key = i % 100 == 0 ? std::string(70'000, 'k') + std::to_string(i) : std::to_string(i);
    ASSERT_EQ(store.set(key, value_of(i), set, i % 2 == 0 ? 0 : 3), Status::ok);
  }
  const size_t used = store.memory_used();
  const size_t tags = zm::used_memory();
  Session session;
  OutputBuffer held;
  Reply reply(held, 2);
  const std::string_view get[] = {"GET", "8"};
  store.execute(session, get, reply);  // a reply that refers to a large value's bytes
  for (int turn = 0; turn < 3; ++turn) {
    compact_all(store);
    EXPECT_EQ(store.memory_used(), used);
  }
  EXPECT_GE(store.compaction_statistics().moved, 3u * kKeys);
  store.reset_statistics();
  EXPECT_EQ(store.compaction_statistics().moved, 0u);
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = i % 100 == 0 ? std::string(70'000, 'k') + std::to_string(i) : std::to_string(i);
    const int database = i % 2 == 0 ? 0 : 3;
    ASSERT_EQ(store.get(key, database), value_of(i)) << i;
    std::optional<int64_t> ttl;
    ASSERT_EQ(store.time_to_live(key, &ttl, database), Status::ok);
    ASSERT_EQ(ttl, i % 3 == 0 ? std::optional<int64_t>(1000 + i) : std::nullopt);
  }
  EXPECT_EQ(text_of(held), bulk(value_of(8)));
  held.clear();
  clock.advance_ms(1'000'000);
  settle(store);
  EXPECT_EQ(store.size(0) + store.size(3), static_cast<uint64_t>(kKeys - kKeys / 3));
  EXPECT_LT(zm::used_memory(), tags);
  store.clear();
}

TEST(Compaction, GoesOnBesideCommands) {
  const EveryBlockSparse sparse;
  Store store;
  std::atomic<bool> stop{false};
  std::thread compactor([&] {
    while (!stop) store.compact(100);
  });
  std::vector<std::thread> writers;
  for (int t = 0; t < 3; ++t) {
    writers.emplace_back([&store, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      for (int i = 0; i < 20'000; ++i) {
        const std::string key = std::to_string(t) + ":" + std::to_string(random() % 500);
        const size_t size = random() % 20 == 0 ? 13'000 : random() % 300;
        switch (random() % 4) {
          case 0:
            store.erase(key);
            break;
          case 1:
            if (const auto value = store.get(key)) {
              ASSERT_TRUE(value->empty() || value->back() == key.back());
            }
            break;
          default:
            ASSERT_EQ(store.set(key, std::string(size, key.back())), Status::ok);
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  while (store.compaction_statistics().moved == 0) std::this_thread::yield();
  stop = true;
  compactor.join();
}

// Three quarters of the keys deleted at random leave every slab a quarter full.
TEST(Compaction, GivesBackWhatDeletionsLeaveBehind) {
  if (!zm::backend::info().known) GTEST_SKIP() << "this allocator tells nothing of its slabs";
  Store store;
  constexpr int kKeys = 300'000;
  std::mt19937 random(1);
  for (int i = 0; i < kKeys; ++i) ASSERT_EQ(store.set(std::to_string(i), std::string(150, 'v')), Status::ok);
  for (int i = 0; i < kKeys; ++i) {
    if (random() % 4 != 0) store.erase(std::to_string(i));
  }
  settle(store);
  zm::backend::flush_thread_cache();
  EXPECT_GT(zm::backend::info().small_fragmentation, store.memory_used());
  while (store.compact(10'000)) ASSERT_LT(store.compaction_statistics().passes, 10u);
  zm::backend::flush_thread_cache();
  EXPECT_LT(zm::backend::info().small_fragmentation, store.memory_used() / 7);
  const uint64_t moved = store.compaction_statistics().moved;
  EXPECT_LT(moved, static_cast<uint64_t>(kKeys) / 2);
  EXPECT_FALSE(store.compact(10'000)) << "a dense store is left alone";
  EXPECT_EQ(store.compaction_statistics().moved, moved);
}

// As many sparse slabs after a pass as before it, though it has emptied those: others have come meanwhile.
TEST(Compaction, GoesOnAfterAPassThatDeletionsOvertook) {
  if (!zm::backend::info().known) GTEST_SKIP() << "this allocator tells nothing of its slabs";
  Store store;
  constexpr int kKeys = 100'000;
  std::mt19937 random(1);
  const auto thin_out = [&](const std::string& prefix) {
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_EQ(store.set(prefix + std::to_string(i), std::string(150, 'v')), Status::ok);
    }
    for (int i = 0; i < kKeys; ++i) {
      if (random() % 4 != 0) store.erase(prefix + std::to_string(i));
    }
    zm::backend::flush_thread_cache();
  };
  thin_out("a");
  const auto seen = [&] {
    return store.compaction_statistics().moved + store.compaction_statistics().stayed;
  };
  while (seen() < store.size() / 10 * 9) ASSERT_TRUE(store.compact(1));
  ASSERT_EQ(store.compaction_statistics().passes, 0u);
  thin_out("b");
  while (store.compact(10'000)) ASSERT_LT(store.compaction_statistics().passes, 10u);
  EXPECT_LT(zm::backend::info().small_fragmentation, store.memory_used() / 7);
}

// Holes that would fill slabs if they stood together, but less than one in each thread's part of the heap.
TEST(Compaction, EndsWhereBlocksOnlyGoRound) {
  if (!zm::backend::info().known) GTEST_SKIP() << "this allocator tells nothing of its slabs";
  Store store;
  constexpr int kThreads = 24, kKeys = 1536, kHoles = 36;
  const std::string value(400, 'v');
  const auto key = [](int thread, int i) { return std::to_string(thread) + ":" + std::to_string(i); };
  for (int thread = 0; thread < kThreads; ++thread) {
    std::thread([&] {
      zm::use_own_arena();
      for (int i = 0; i < kKeys; ++i) ASSERT_EQ(store.set(key(thread, i), value), Status::ok);
      for (int i = 0; i < kHoles; ++i) store.erase(key(thread, kKeys / 2 + i));
      zm::backend::flush_thread_cache();
    }).join();
  }
  while (store.compact(10'000)) ASSERT_LT(store.compaction_statistics().passes, 10u);
}

}  // namespace
}  // namespace plimsoll::test
