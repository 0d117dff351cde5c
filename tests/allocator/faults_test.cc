// What refuses memory on purpose: each way of asking is seen, and what is refused was never counted.
#include <gtest/gtest.h>
#include <zmalloc/compaction.h>
#include <zmalloc/faults.h>
#include <zmalloc/region.h>
#include <zmalloc/zm.h>
#include <zmalloc/zmalloc.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <thread>

namespace zm::faults {
namespace {

constexpr Tag kTag = Tag::string;

bool granted(void* p) {
  deallocate(kTag, p);
  return p != nullptr;
}

TEST(Faults, AreLinked) {
  EXPECT_TRUE(linked());
}

TEST(Faults, EveryWayOfAskingIsRefusedAndNotCounted) {
  RegionPool pool(RegionPool::kSmallestRange * 4);
  void* range = pool.acquire();
  void* block = allocate(kTag, 100);
  const std::size_t used = used_memory();
  begin(Scope::thread, {});
  EXPECT_EQ(try_allocate(kTag, 10), nullptr);
  EXPECT_EQ(try_allocate_zeroed(kTag, 10), nullptr);
  EXPECT_EQ(try_allocate_aligned(kTag, 64, 64), nullptr);
  EXPECT_EQ(try_reallocate(kTag, block, 10'000), nullptr);
  EXPECT_EQ(try_allocate_compact(kTag, block, 10), nullptr);
  EXPECT_EQ(ztrymalloc(10), nullptr);
  EXPECT_EQ(pool.acquire(), nullptr);
  EXPECT_FALSE(pool.commit(range, 0, 100, kTag));
  EXPECT_TRUE(pool.commit(range, 10, 100, kTag)) << "of no new page";
  EXPECT_EQ(std::aligned_alloc(64, 64), nullptr);
  bool threw = false;
  try {
    ::operator delete(::operator new(10));
  } catch (const std::bad_alloc&) {
    threw = true;
  }
  EXPECT_EQ(end(Scope::thread), 10u);
  EXPECT_TRUE(threw);
  EXPECT_EQ(used_memory(), used);
  deallocate(kTag, block);
  pool.release(range, 0, kTag);
  EXPECT_TRUE(granted(try_allocate(kTag, 10)));
}

TEST(Faults, APlanPassesRefusesAndEnds) {
  begin(Scope::thread, {.pass = 2, .refuse = 3});
  for (const bool expected : {true, true, false, false, false, true, true}) {
    EXPECT_EQ(granted(try_allocate(kTag, 10)), expected);
  }
  EXPECT_EQ(refused(Scope::thread), 3u);
  begin(Scope::thread, {.above = 1000});
  EXPECT_TRUE(granted(try_allocate(kTag, 1000)));
  EXPECT_FALSE(granted(try_allocate(kTag, 1001)));
  EXPECT_EQ(end(Scope::thread), 1u);
}

TEST(Faults, AThreadsPlanIsItsOwnAndTheProcessesIsEverybodys) {
  std::atomic<bool> begun = false, other_thread = false;
  std::thread waiting([&] {
    begun.wait(false);
    other_thread = granted(try_allocate(kTag, 10));
  });
  begin(Scope::thread, {});
  begun = true;
  begun.notify_one();
  waiting.join();
  end(Scope::thread);
  EXPECT_TRUE(other_thread);

  std::thread started([&] {
    while (refused(Scope::process) == 0) {
      other_thread = granted(try_allocate(kTag, 5000));
    }
  });
  begin(Scope::process, {.refuse = 1, .above = 4000});
  started.join();
  EXPECT_FALSE(other_thread);
  EXPECT_EQ(end(Scope::process), 1u);
}

}  // namespace
}  // namespace zm::faults
