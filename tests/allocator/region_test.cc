// Address ranges: what is charged, what reads as zero, what is recycled, and what never faults.
#include <zmalloc/region.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "memory_check.h"

namespace zm {
namespace {

constexpr std::size_t kRange = 64 << 10;

class Regions : public test::AccountingTest {
 protected:
  Regions() : pool_(kRange), page_(region_page_size()) {
    // The pool's bookkeeping for its first mapping is permanent; have it before the test's account begins.
    pool_.release(pool_.acquire(), 0, Tag::table);
    totals_ = region_totals();
  }

  void TearDown() override {
    EXPECT_EQ(region_totals().committed, totals_.committed);
    EXPECT_EQ(region_totals().acquired, totals_.acquired);
    AccountingTest::TearDown();
  }

  RegionPool pool_;
  std::size_t page_;
  RegionTotals totals_;
};

TEST_F(Regions, ReservationCostsNothingAndCommitsCostPages) {
  auto* range = static_cast<char*>(pool_.acquire());
  ASSERT_NE(range, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(range) % kRange, 0u);
  EXPECT_LT(reinterpret_cast<std::uintptr_t>(range) + kRange, std::uintptr_t{1} << 47);
  EXPECT_EQ(grown(), 0u);
  ASSERT_TRUE(pool_.commit(range, 0, 1, Tag::table));
  EXPECT_EQ(grown(Tag::table), page_);
  ASSERT_TRUE(pool_.commit(range, 1, page_, Tag::table));
  EXPECT_EQ(grown(Tag::table), page_) << "the page was paid for";
  ASSERT_TRUE(pool_.commit(range, page_, page_ + 1, Tag::table));
  EXPECT_EQ(grown(Tag::table), 2 * page_);
  ASSERT_TRUE(pool_.commit(range, page_ + 1, kRange, Tag::table));
  EXPECT_EQ(grown(Tag::table), kRange);
  EXPECT_EQ(region_totals().committed, totals_.committed + kRange);
  EXPECT_EQ(test::sum_of_tags(), used_memory());
  std::fill(range, range + kRange, 'x');
  pool_.decommit(range, page_ + 1, kRange, Tag::table);
  EXPECT_EQ(grown(Tag::table), 2 * page_);
  EXPECT_EQ(range[2 * page_ - 1], 'x');
  EXPECT_EQ(range[2 * page_], 0);
  adopt_region(page_ + 1, Tag::table, Tag::set);
  EXPECT_EQ(grown(Tag::set), 2 * page_);
  pool_.release(range, page_ + 1, Tag::set);
  EXPECT_EQ(grown(), 0u);
}

TEST_F(Regions, MemoryReadsZeroAgain) {
  auto* range = static_cast<char*>(pool_.acquire());
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(pool_.commit(range, 0, kRange, Tag::table));
    EXPECT_TRUE(std::all_of(range, range + kRange, [](char c) { return c == 0; }));
    std::fill(range, range + kRange, 'y');
    pool_.release(range, kRange, Tag::table);
    EXPECT_EQ(range[5], 0) << "a stale reader reads zeros and does not fault";
    EXPECT_EQ(pool_.acquire(), range) << "the lowest free range is handed out";
  }
  pool_.release(range, 0, Tag::table);
}

TEST_F(Regions, RangesDoNotOverlapAndAreRecycled) {
  std::vector<char*> ranges;
  std::set<char*> distinct;
  for (int i = 0; i < 1000; ++i) {
    ranges.push_back(static_cast<char*>(pool_.acquire()));
    ASSERT_NE(ranges.back(), nullptr);
    distinct.insert(ranges.back());
  }
  EXPECT_EQ(distinct.size(), ranges.size());
  const std::size_t reserved = region_totals().reserved;
  std::shuffle(ranges.begin(), ranges.end(), std::mt19937(3));
  for (char* range : ranges) pool_.release(range, 0, Tag::table);
  for (char*& range : ranges) {
    range = static_cast<char*>(pool_.acquire());
    EXPECT_EQ(distinct.count(range), 1u);
  }
  EXPECT_EQ(region_totals().reserved, reserved);
  for (char* range : ranges) pool_.release(range, 0, Tag::table);
}

TEST(RegionPools, GrowByWholeMappingsAndStayAccounted) {
  const RegionPool sizes(1 << 20);
  RegionPool pool(1 << 20);
  std::vector<void*> ranges;
  for (int i = 0; i < 600; ++i) {
    ranges.push_back(pool.acquire());
    ASSERT_NE(ranges.back(), nullptr);
    ASSERT_TRUE(pool.commit(ranges.back(), 0, 10, Tag::table));
    *static_cast<char*>(ranges.back()) = 1;
  }
  EXPECT_EQ(test::sum_of_tags(), used_memory());
  EXPECT_EQ(pool.range_bytes(), sizes.range_bytes());
  const std::size_t held = used_memory();
  for (void* range : ranges) pool.release(range, 10, Tag::table);
  EXPECT_EQ(used_memory(), held - 600 * region_page_size());
}

TEST(RegionPools, TakeTheNextSizeThatFits) {
  EXPECT_EQ(RegionPool(1).range_bytes(), region_page_size());
  EXPECT_EQ(RegionPool(65536).range_bytes(), 65536u);
  EXPECT_EQ(RegionPool(65537).range_bytes(), 131072u);
  EXPECT_EQ(RegionPool(SIZE_MAX).range_bytes(), RegionPool::kLargestRange);
}

std::atomic<std::size_t> ledger_bytes{0};
std::atomic<std::size_t> ledger_limit{0};

constexpr CommitLedger kLedger = {[](std::size_t bytes) noexcept { ledger_bytes.store(bytes); },
                                  [](std::size_t bytes) noexcept {
                                    if (ledger_bytes.fetch_add(bytes) + bytes <= ledger_limit.load())
                                      return true;
                                    ledger_bytes.fetch_sub(bytes);
                                    return false;
                                  },
                                  [](std::size_t bytes) noexcept { ledger_bytes.fetch_sub(bytes); }};

TEST_F(Regions, ALedgerCanRefuse) {
  set_commit_ledger(&kLedger);
  const std::size_t before = ledger_bytes.load();
  ledger_limit = before + 3 * page_;
  void* range = pool_.acquire();
  EXPECT_TRUE(pool_.commit(range, 0, 2 * page_, Tag::table));
  EXPECT_FALSE(pool_.commit(range, 2 * page_, 4 * page_, Tag::table));
  EXPECT_EQ(grown(Tag::table), 2 * page_) << "a refusal charges nothing";
  pool_.decommit(range, page_, 2 * page_, Tag::table);
  EXPECT_TRUE(pool_.commit(range, page_, 3 * page_, Tag::table));
  EXPECT_EQ(ledger_bytes.load(), before + 3 * page_);
  pool_.release(range, 3 * page_, Tag::table);
  EXPECT_EQ(ledger_bytes.load(), before);
  set_commit_ledger(nullptr);
}

TEST_F(Regions, ALedgerKnowsWhatWasCommittedBeforeIt) {
  void* range = pool_.acquire();
  ASSERT_TRUE(pool_.commit(range, 0, 5 * page_, Tag::table));
  ledger_limit = SIZE_MAX;
  set_commit_ledger(&kLedger);
  EXPECT_EQ(ledger_bytes.load(), region_totals().committed);
  ASSERT_TRUE(pool_.commit(range, 5 * page_, 6 * page_, Tag::table));
  EXPECT_EQ(ledger_bytes.load(), region_totals().committed);
  pool_.release(range, 6 * page_, Tag::table);
  EXPECT_EQ(ledger_bytes.load(), totals_.committed) << "refunds of older pages balance";
  set_commit_ledger(nullptr);
}

TEST_F(Regions, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([this, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 500; ++i) {
        auto* range = static_cast<unsigned char*>(pool_.acquire());
        const std::size_t used = 1 + random() % kRange;
        ASSERT_TRUE(pool_.commit(range, 0, used, Tag::table));
        ASSERT_EQ(range[used - 1], 0);
        range[0] = range[used - 1] = static_cast<unsigned char>(seed + 1);
        std::this_thread::yield();
        ASSERT_EQ(range[0], seed + 1);
        pool_.release(range, used, Tag::table);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace zm
