// Pages that jemalloc gives up below the line: they leave the ledger as they leave the process, soon, and
// nobody waits long for it.
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <random>
#include <thread>
#include <vector>

#include "line_fixture.h"

namespace zm {
namespace {

using LinePurge = Line;

std::int64_t processor_us() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

// A block that was not filled counts as long as it is there; freed, its pages go as far as there is time for
// it at once, and the others when the process is measured.
TEST_F(LinePurge, UntouchedPagesDoNotStayInTheLedger) {
  constexpr std::size_t kBlock = 6 * kMiB;  // below jemalloc's oversize_threshold: freed, its pages are kept
  line::set_limit(line::account().heap + 300 * kMiB);
  const std::size_t before = line::account().heap;
  std::size_t most_put_off = 0;
  std::int64_t longest_us = 0;
  for (int i = 0; i < 20; ++i) {
    std::vector<void*> blocks(i % 4 == 3 ? 20 : 2);
    for (void*& block : blocks) block = allocate(Tag::client_input, kBlock);
    // What others have written to takes long to go.
    if (blocks.size() > 2)
      std::for_each_n(blocks.begin(), 10, [](void* block) { std::memset(block, 1, kBlock); });
    for (void* block : blocks) deallocate(Tag::client_input, block);
    const std::size_t bytes = (blocks.size() > 2 ? 10 : 2) * kBlock;
    const std::int64_t start = processor_us();
    line::freed_untouched(bytes);
    longest_us = std::max(longest_us, processor_us() - start);
    const std::size_t left = backend::unfinished_purge();
    const std::size_t put_off = line::untouched_on_way_back();
    EXPECT_LE(line::account().heap, before + 4 * kMiB + left);
    EXPECT_EQ(put_off, std::min(left, bytes));
    if (put_off == 0) continue;
    most_put_off = std::max(most_put_off, put_off);
    line::complete_purges();
    EXPECT_EQ(line::untouched_on_way_back(), 0u);
    EXPECT_LE(line::account().heap, before + 4 * kMiB);
  }
  EXPECT_GT(most_put_off, 0u) << "there was time for all";
  EXPECT_LT(longest_us, 5'000) << "most of it the walk over what is free";
}

// A purge passes over an arena that another thread purges: what it leaves goes later.
TEST_F(LinePurge, UntouchedPagesThatAPurgePassesOverAreNotForgotten) {
  constexpr std::size_t kBlock = kMiB, kFreed = 12 * kBlock;
  line::set_limit(line::account().heap + 600 * kMiB);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool passed_over = false;
  while (!passed_over && std::chrono::steady_clock::now() < until) {
    std::vector<void*> untouched;  // every second one stays: what lies together goes at once
    for (std::size_t bytes = 0; bytes < 2 * kFreed; bytes += kBlock)
      untouched.push_back(allocate(Tag::client_input, kBlock));
    const std::size_t most = line::account().heap - kFreed + 5 * kMiB;
    Blocks touched;
    while (touched.bytes() < 256 * kMiB) ASSERT_TRUE(touched.add(1000));
    touched.clear();
    const std::size_t full = line::account().heap;
    std::atomic<bool> purged{false};
    std::thread other([&] {
      backend::purge();
      purged.store(true);
    });
    while (line::account().heap + 4 * kMiB > full && !purged.load()) std::this_thread::yield();
    for (std::size_t i = 0; i < untouched.size(); i += 2) deallocate(Tag::client_input, untouched[i]);
    line::freed_untouched(kFreed);
    other.join();
    passed_over = line::account().heap > most;
    line::complete_purges();
    EXPECT_LE(line::account().heap, most);
    for (std::size_t i = 1; i < untouched.size(); i += 2) deallocate(Tag::client_input, untouched[i]);
  }
  EXPECT_TRUE(passed_over) << "never were two threads at it at a time";
}

// What a purge leaves for later counts until it is gone.
TEST_F(LinePurge, APurgeEndsWhenItsTimeIsOver) {
  constexpr std::size_t kBytes = 256 * kMiB;
  constexpr std::int64_t kUs = 500;
  Blocks blocks;
  while (blocks.bytes() < kBytes) ASSERT_TRUE(blocks.add(300'000));
  blocks.clear();
  const std::size_t full = line::account().heap;
  int slices = 1;
  std::int64_t longest = 0;
  for (bool done = false; !done; ++slices) {
    const std::int64_t before = processor_us();
    done = backend::purge_within(kUs);
    longest = std::max(longest, processor_us() - before);
    EXPECT_EQ(done, backend::unfinished_purge() == 0);
    const std::size_t resident = resident_covered();
    EXPECT_LE(resident, line::account().heap);
    EXPECT_LE(line::account().heap, resident + 8 * kMiB);
    ASSERT_LT(slices, 2000);
  }
  EXPECT_GT(slices, 2);
  EXPECT_LT(longest, 10 * kUs) << "most of it the walk over what is free";
  EXPECT_LT(line::account().heap, full - kBytes / 2);
}

// What lies between pieces that are put off needs no places: it joins them.
TEST_F(LinePurge, WhatLiesTogetherIsPutOffAsOne) {
  constexpr std::size_t kBlock = 16'000, kBlocks = 6'000;
  std::vector<void*> blocks(kBlocks);
  for (void*& block : blocks) {
    block = allocate(Tag::string, kBlock);
    std::memset(block, 1, kBlock);
  }
  for (std::size_t i = 0; i < kBlocks; i += 4) deallocate(Tag::string, blocks[i]);
  backend::purge_within(0);
  ASSERT_GT(backend::unfinished_purge(), kBlocks / 4 * kBlock * 3 / 4);
  for (const std::size_t of_four : {2, 1, 3}) {
    for (std::size_t i = of_four; i < kBlocks; i += 4) deallocate(Tag::string, blocks[i]);
    backend::purge_within(0);
  }
  EXPECT_GT(backend::unfinished_purge(), kBlocks * kBlock * 3 / 4) << "there was no place for it";
  EXPECT_LE(resident_covered(), line::account().heap);
  give_back();
  EXPECT_EQ(backend::unfinished_purge(), 0u);
}

// More pieces that do not lie together than the list has places for: the others are dropped at once.
TEST_F(LinePurge, APurgeOfMorePiecesThanThereArePlacesFor) {
  constexpr std::size_t kBlock = 16'000, kBlocks = 10'000, kPlaces = 4096;
  std::vector<void*> blocks(kBlocks);
  for (void*& block : blocks) {
    block = allocate(Tag::string, kBlock);
    std::memset(block, 1, kBlock);
  }
  const std::size_t full = line::account().heap;
  for (std::size_t i = 0; i < kBlocks; i += 2) deallocate(Tag::string, blocks[i]);
  backend::purge_within(0);
  const std::size_t left = backend::unfinished_purge();
  EXPECT_GT(left, kPlaces * kBlock * 3 / 4);
  EXPECT_LE(line::account().heap, full - kBlocks / 2 * kBlock * 3 / 4 + left) << "what has no place stays";
  // Between those that are put off others are used, and some of these again.
  for (std::size_t i = 0; i < kBlocks; i += 2) {
    blocks[i] = allocate_zeroed(Tag::string, kBlock);
    const auto* const bytes = static_cast<const unsigned char*>(blocks[i]);
    ASSERT_EQ(std::count(bytes, bytes + kBlock, 0), static_cast<std::ptrdiff_t>(kBlock));
  }
  EXPECT_LE(resident_covered(), line::account().heap);
  for (void* block : blocks) deallocate(Tag::string, block);
  give_back();
  EXPECT_EQ(backend::unfinished_purge(), 0u);
  EXPECT_LE(line::account().heap, start_ + 4 * kMiB);
}

// Space that is used again before its pages have gone: as if they had.
TEST_F(LinePurge, WhatAPurgeLeavesForLaterMayBeUsedBefore) {
  std::mt19937 random{7};
  std::vector<std::pair<unsigned char*, std::size_t>> kept;
  std::size_t left = 0;
  for (int round = 0; round < 12; ++round) {
    std::vector<void*> freed;
    for (std::size_t bytes = 0; bytes < 48 * kMiB; bytes += 200'000) {
      void* block = allocate(Tag::string, 200'000);
      std::memset(block, 0xAB, 200'000);
      freed.push_back(block);
    }
    for (void* block : freed) deallocate(Tag::string, block);
    backend::purge_within(0);
    left += backend::unfinished_purge();
    for (int i = 0; i < 20; ++i) {
      const std::size_t size = 20'000 + random() % 2'000'000;
      auto* block = static_cast<unsigned char*>(allocate_zeroed(Tag::string, size));
      EXPECT_EQ(std::count(block, block + size, 0), static_cast<std::ptrdiff_t>(size));
      std::memset(block, 1 + round, size);
      kept.emplace_back(block, size);
      EXPECT_LE(resident_covered(), line::account().heap);
      if (i % 5 == 0) backend::purge_within(0);
    }
    for (std::size_t n = kept.size() / 2; n-- > 0;) {
      const auto [block, size] = kept[n];
      EXPECT_EQ(std::count(block, block + size, block[0]), static_cast<std::ptrdiff_t>(size));
      deallocate(Tag::string, block);
      kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(n));
    }
  }
  EXPECT_GT(left, 50 * kMiB);
  for (const auto& [block, size] : kept) deallocate(Tag::string, block);
  give_back();
  EXPECT_EQ(backend::unfinished_purge(), 0u);
  EXPECT_LE(resident_covered(), line::account().heap);
  EXPECT_LE(line::account().heap, start_ + 4 * kMiB);
}

// Pages that are locked into memory stay, and in the ledger; once they are not, they go as others do.
TEST_F(LinePurge, APurgeThatTheKernelRefusedIsTriedAgain) {
  constexpr std::size_t kBlock = 300'000, kBlocks = 20;
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    blocks.push_back(allocate(Tag::string, kBlock));
    std::memset(blocks.back(), 1, kBlock);
    if (mlock(blocks.back(), kBlock) == 0) continue;
    const int error = errno;
    for (void* block : blocks) deallocate(Tag::string, block);
    GTEST_SKIP() << "memory may not be locked: errno " << error;
  }
  const std::size_t full = line::account().heap;
  for (void* block : blocks) deallocate(Tag::string, block);
  backend::purge_within(0);
  EXPECT_GT(backend::unfinished_purge(), kBlocks * kBlock / 2);
  backend::purge();
  EXPECT_EQ(backend::unfinished_purge(), 0u) << "none that could be finished now";
  EXPECT_GT(line::account().heap + kBlocks * kBlock / 2, full);
  EXPECT_LE(resident_covered(), line::account().heap);

  for (void* block : blocks) munlock(block, kBlock);
  give_back();
  EXPECT_LT(line::account().heap, full - kBlocks * kBlock / 2);
  Blocks more;
  while (more.bytes() < 64 * kMiB) ASSERT_TRUE(more.add(kBlock));
  more.clear();
  backend::purge_within(0);
  EXPECT_GT(backend::unfinished_purge(), 0u) << "purges are sliced again";
}

// Space that is used before its pages have gone while threads take and give, one purges without time and one
// to the end.
TEST_F(LinePurge, WhatPurgesLeaveForLaterIsNobodysWhoUsesIt) {
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> left{0};
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    threads.emplace_back([&stopping, seed] {
      std::mt19937 random{seed};
      std::vector<std::pair<unsigned char*, std::size_t>> kept;
      const auto give = [&kept](std::size_t n) {
        const auto [block, size] = kept[n];
        const auto whole = static_cast<std::ptrdiff_t>(size);
        EXPECT_EQ(std::count(block, block + size, block[0]), whole) << "written by another";
        deallocate(Tag::string, block);
        kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(n));
      };
      while (!stopping) {
        const std::size_t size = 20'000 + random() % 1'000'000;
        auto* block = static_cast<unsigned char*>(allocate_zeroed(Tag::string, size));
        EXPECT_EQ(std::count(block, block + size, 0), static_cast<std::ptrdiff_t>(size)) << "not zero";
        std::memset(block, static_cast<int>(1 + random() % 255), size);
        kept.emplace_back(block, size);
        if (kept.size() > 40) give(random() % kept.size());
      }
      while (!kept.empty()) give(0);
    });
  }
  threads.emplace_back([&] {
    while (!stopping) {
      backend::purge_within(0);
      left += backend::unfinished_purge();
    }
  });
  threads.emplace_back([&] {
    while (!stopping) {
      std::this_thread::yield();
      backend::purge();
    }
  });
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (left < 500 * kMiB && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  stopping = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(left, 500 * kMiB);
  give_back();
  EXPECT_EQ(backend::unfinished_purge(), 0u);
  EXPECT_LE(resident_covered(), line::account().heap);
  EXPECT_LE(line::account().heap, resident_covered() + 4 * kMiB);
}

}  // namespace
}  // namespace zm
