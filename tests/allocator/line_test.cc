// The line on jemalloc: what the ledger says is what the kernel can come to count, and no page is committed
// past it.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zmalloc/region.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "line_fixture.h"

namespace zm {
namespace {

TEST_F(Line, TheLedgerFollowsTheHeap) {
  for (const std::size_t size : {std::size_t{48}, std::size_t{4000}, std::size_t{300'000}, 40 * kMiB}) {
    Blocks blocks;
    while (blocks.bytes() < 80 * kMiB) ASSERT_TRUE(blocks.add(size));
    const std::size_t grown = line::account().heap - start_;
    EXPECT_GE(grown + 4 * kMiB, blocks.bytes()) << size;  // what was committed before is used first
    EXPECT_LE(grown, blocks.bytes() + 12 * kMiB) << size;
    blocks.clear();
    give_back();
    EXPECT_LE(line::account().heap, start_ + 4 * kMiB) << size;
  }
}

// While the heap gives much back, what it tells of its pages follows what the kernel counts.
TEST_F(Line, PagesOnTheirWayBackAreTold) {
  constexpr std::size_t kBytes = 256 * kMiB;
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "needs a look while another thread purges";
  const auto untold = [](std::size_t* leaving) {
    while (true) {
      const std::size_t before = line::account().heap;
      std::uint64_t rss = 0;
      EXPECT_EQ(read_resident(-1, &rss), 0);
      const AllocatorInfo info = allocator_info();
      if (before - line::account().heap > 4 * kMiB) continue;  // of two moments
      *leaving = info.leaving;
      return static_cast<long long>(rss - info.active - info.dirty - info.muzzy - info.leaving);
    }
  };
  std::size_t seen = 0;
  for (int tries = 0; tries < 50 && seen < 8 * kMiB; ++tries) {
    Blocks blocks;
    while (blocks.bytes() < kBytes) ASSERT_TRUE(blocks.add(1000));
    blocks.clear();
    std::size_t leaving = 0;
    const long long at_rest = untold(&leaving);
    EXPECT_LT(leaving, kMiB);
    std::atomic<bool> given{false};
    std::thread giver([&given] {
      backend::purge();
      given = true;
    });
    while (!given) {
      const long long now = untold(&leaving);
      EXPECT_LT(std::abs(now - at_rest), static_cast<long long>(12 * kMiB)) << leaving;
      seen = std::max(seen, leaving);
    }
    giver.join();
  }
  EXPECT_GE(seen, 8 * kMiB);
}

// However sizes change, what the kernel counts of the heap never passes the ledger.
TEST_F(Line, TheKernelNeverCountsMore) {
  std::mt19937 random(1);
  Blocks blocks;
  for (int phase = 0; phase < 12; ++phase) {
    const std::size_t size = std::size_t{16} << random() % 13;
    while (blocks.bytes() < 60 * kMiB) ASSERT_TRUE(blocks.add(size + random() % size));
    EXPECT_LE(resident_covered(), line::account().heap);
    blocks.remove_every_second();
    if (phase % 2 == 0) give_back();
    EXPECT_LE(resident_covered(), line::account().heap);
  }
}

TEST_F(Line, NoPageIsCommittedPastIt) {
  for (const std::size_t size : {std::size_t{100}, std::size_t{5000}, std::size_t{200'000}, 3 * kMiB}) {
    const std::size_t limit = line::account().heap + 50 * kMiB;
    line::set_limit(limit);
    Blocks blocks;
    while (blocks.add(size)) ASSERT_LE(line::account().heap, limit);
    EXPECT_GE(blocks.bytes(), 40 * kMiB) << size;
    EXPECT_GT(line::account().refusals, 0u);
    EXPECT_LT(line::room(), 4 * size + kMiB);
    blocks.clear();
    give_back();
    EXPECT_TRUE(blocks.add(size)) << "memory that was given back can be had again";
    line::set_limit(0);
  }
}

// Address space and what maps it stand outside the ledger: nobody refuses them.
TEST_F(Line, WhatIsRefusedMapsNoSpace) {
  const int statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);  // a stream would need memory
  const auto mapped_pages = [statm] {
    char text[64] = {};
    EXPECT_GT(pread(statm, text, sizeof(text) - 1, 0), 0);
    return std::strtoull(text, nullptr, 10);
  };
  line::set_limit(start_ + line::account().outside + 8 * kMiB);
  Blocks blocks;
  for (const std::size_t n : {64 * 1024, 32 * 1024}) {
    while (blocks.add(n)) {
    }
  }
  const auto refuse_all = [&] {
    for (std::size_t n = 32 * 1024; n <= 4 * kMiB; n *= 2) EXPECT_FALSE(blocks.add(n)) << n;
  };
  refuse_all();
  const auto before = mapped_pages();
  const std::uint64_t refusals = line::account().refusals;
  for (int i = 0; i < 200; ++i) refuse_all();
  const auto after = mapped_pages();
  line::set_limit(0);
  EXPECT_GE(line::account().refusals, refusals + 200 * 8);
  EXPECT_EQ(after, before);
  close(statm);
}

TEST_F(Line, RegionsStandBelowItToo) {
  RegionPool pool(64 * kMiB);
  void* range = pool.acquire();
  ASSERT_NE(range, nullptr);
  line::set_limit(line::account().heap + 8 * kMiB);
  EXPECT_TRUE(pool.commit(range, 0, 4 * kMiB, Tag::table));
  EXPECT_FALSE(pool.commit(range, 4 * kMiB, 16 * kMiB, Tag::table));
  EXPECT_TRUE(pool.commit(range, 4 * kMiB, 6 * kMiB, Tag::table));
  pool.release(range, 6 * kMiB, Tag::table);
  EXPECT_GE(line::room(), 8 * kMiB);
}

TEST_F(Line, WhatIsHeldOutsideLeavesLessForTheHeap) {
  line::set_limit(line::account().heap + 100 * kMiB);
  EXPECT_EQ(line::room(), 100 * kMiB);
  line::set_outside(90 * kMiB);
  EXPECT_EQ(line::room(), 10 * kMiB);
  Blocks blocks;
  EXPECT_FALSE(blocks.add(20 * kMiB));
  line::set_outside(0);
  EXPECT_TRUE(blocks.add(20 * kMiB));
}

// Bytes that clients hold.
class ClientBytes {
 public:
  explicit ClientBytes(std::size_t bytes) : block_(allocate(Tag::client_output, bytes)) { flush_thread(); }
  ~ClientBytes() {
    deallocate(Tag::client_output, block_);
    flush_thread();
  }
  ClientBytes(const ClientBytes&) = delete;

 private:
  void* block_;
};

TEST_F(Line, WhatClientsKeepLeavesTheirBriefShare) {
  line::set_limit(line::account().heap + 20 * kMiB);
  line::set_client_share(8 * kMiB);
  EXPECT_EQ(line::brief_share(), 2 * kMiB);
  const std::size_t before = line::wanted_room();
  Blocks data;
  while (line::room() > line::wanted_room()) ASSERT_TRUE(data.add(200'000));
  EXPECT_LE(line::client_room(), 6 * kMiB);
  EXPECT_GE(line::client_room(), 5 * kMiB);
  const ClientBytes kept(line::client_room());
  EXPECT_FALSE(line::fits(kMiB / 2));
  EXPECT_TRUE(line::fits_briefly(3 * kMiB / 2));
  EXPECT_FALSE(line::fits_briefly(4 * kMiB));
  EXPECT_LE(line::wanted_room(), before - 5 * kMiB)
      << "what clients hold of their share, data need not leave";
  EXPECT_GE(line::wanted_room(), line::margin() + 2 * kMiB);
  line::reserve(4 * kMiB);
  EXPECT_EQ(line::wanted_room(), line::margin() + 6 * kMiB);
  line::release(4 * kMiB);
}

// Whatever clients announce while a store is empty, who writes to it finds some room.
TEST_F(Line, OthersAreLeftAsMuchAsTheClientsShare) {
  constexpr std::size_t kShare = 8 * kMiB;
  line::set_limit(line::account().heap + 50 * kMiB);
  line::set_client_share(kShare);
  const auto kept = [] { return line::margin() + line::brief_share(); };
  flush_thread();
  ASSERT_LT(used_memory_but_clients(), kShare);
  EXPECT_EQ(line::free_room(), line::room() - kept());
  EXPECT_EQ(line::free_room_for_announced(), line::free_room() - (kShare - used_memory_but_clients()));
  EXPECT_FALSE(line::fits(line::room() - kept() - kShare / 2));
  Blocks data;
  while (used_memory_but_clients() < kShare) {
    ASSERT_TRUE(data.add(100'000));
    flush_thread();
  }
  EXPECT_EQ(line::free_room_for_announced(), line::free_room());
}

TEST_F(Line, WhatTheKernelIsExpectedToTakeIsTheClients) {
  line::set_limit(line::account().heap + 50 * kMiB);
  line::set_client_share(8 * kMiB);
  const std::size_t room = line::room(), wanted = line::wanted_room(), left = line::client_room();
  const std::uint32_t measured = line::measurements();
  EXPECT_EQ(line::expect_outside(3 * kMiB), 3 * kMiB);
  EXPECT_EQ(line::room(), room - 3 * kMiB);
  EXPECT_EQ(line::wanted_room(), wanted - 3 * kMiB) << "no data goes for it";
  EXPECT_EQ(line::account().expected, 3 * kMiB);
  line::set_outside(0);
  EXPECT_EQ(line::measurements(), measured + 1);
  EXPECT_EQ(line::room(), room);
  EXPECT_EQ(line::client_room(), left - 3 * kMiB) << "or clients would be given what data gave for them";
  line::set_outside(0);
  EXPECT_EQ(line::client_room(), left);
}

TEST_F(Line, WhatIsExpectedWhileItIsMeasuredHasNotBeenSeen) {
  line::expect_outside(kMiB);
  EXPECT_EQ(line::measure(), 0);
  EXPECT_EQ(line::account().expected, 0u);
  EXPECT_GT(line::account().outside, 0u);
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> expected{0};
  std::thread other([&] {
    while (!stopping.load()) {
      line::expect_outside(1);
      expected.fetch_add(1);
    }
  });
  std::size_t most_left = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (most_left <= 1000 && std::chrono::steady_clock::now() < until) {
    const std::size_t before = expected.load();
    EXPECT_EQ(line::measure(), 0);
    const std::size_t left = line::account().expected;
    EXPECT_LE(left, expected.load() - before + 1);
    most_left = std::max(most_left, left);
  }
  stopping.store(true);
  other.join();
  EXPECT_GT(most_left, 1000u) << "or it was forgotten, too";
}

TEST_F(Line, AMeasurementThatBeganBeforeAnotherEndedIsDropped) {
  constexpr int kThreads = 4, kTimes = 200;
  const std::uint32_t before = line::measurements();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([] {
      for (int j = 0; j < kTimes; ++j) {
        line::expect_outside(1000);
        EXPECT_EQ(line::measure(), 0);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(line::measurements() - before, std::uint32_t{kThreads * kTimes});
  EXPECT_EQ(line::measure(), 0);
  EXPECT_EQ(line::account().expected, 0u);
}

// Sizes of large blocks are far apart; what nobody will touch of one is not held for it.
TEST_F(Line, TheEndOfALargeBlockGoesBack) {
  constexpr std::size_t kUsed = 200'000;
  line::set_limit(start_ + 400 * kMiB);
  std::vector<std::pair<void*, std::size_t>> blocks;
  std::size_t ends = 0, used = 0;
  for (int i = 0; i < 400; ++i) {
    std::size_t usable = 0;
    void* block = try_allocate(Tag::string, kUsed, &usable);
    ASSERT_NE(block, nullptr);
    std::memset(block, 1, usable);  // as if it had been another one's
    const std::size_t end = line::give_back_end(block, kUsed, usable);
    EXPECT_LE(end, usable - kUsed);
    if (line::covers(block)) {
      EXPECT_GT(end + 2 * region_page_size(), usable - kUsed);
    } else {
      EXPECT_EQ(end, 0u) << "mapped before there was a ledger";
    }
    EXPECT_EQ(static_cast<char*>(block)[kUsed - 1], 1) << "what is used stays";
    blocks.emplace_back(block, end);
    ends += end;
    used += kUsed + 2 * region_page_size();
  }
  EXPECT_EQ(line::ends_given_back(), ends);
  EXPECT_LE(line::account().heap, start_ + used + 4 * kMiB);
  EXPECT_LE(resident_covered(), line::account().heap);
  EXPECT_LT(allocator_info().leaving, kMiB) << "these pages are told: their blocks are there";
  for (const auto& [block, end] : blocks) {
    line::take_back_end(end);
    deallocate(Tag::string, block);
  }
  EXPECT_EQ(line::ends_given_back(), 0u);
  give_back();
  EXPECT_LE(line::account().heap, start_ + 4 * kMiB);
}

TEST_F(Line, SmallBlocksAndSmallEndsStay) {
  std::size_t usable = 0;
  line::set_limit(start_ + 200 * kMiB);
  void* small = try_allocate(Tag::string, 10'000, &usable);
  EXPECT_EQ(line::give_back_end(small, 9'000, usable), 0u);
  void* large = try_allocate(Tag::string, 100'000, &usable);
  EXPECT_EQ(line::give_back_end(large, usable - 6'000, usable), 0u);
  line::set_limit(0);
  EXPECT_EQ(line::give_back_end(large, 50'000, usable), 0u) << "without a line there is nothing to gain";
  deallocate(Tag::string, small);
  deallocate(Tag::string, large);
}

// What the heap keeps for reuse goes first: the ledger stays below the line.
TEST_F(Line, EndsAreTakenBackBelowIt) {
  constexpr std::size_t kUsed = 200'000;
  line::set_limit(start_ + 40 * kMiB);
  std::vector<std::pair<void*, std::size_t>> blocks;
  std::size_t usable = 0;
  while (void* block = try_allocate(Tag::string, kUsed, &usable)) {
    blocks.emplace_back(block, line::give_back_end(block, kUsed, usable));
  }
  EXPECT_GT(blocks.size(), 40 * kMiB / (kUsed + 4 * region_page_size()));
  // The last one had room that an end would not have: there is something to be purged from now on.
  const auto [last, last_end] = blocks.back();
  blocks.pop_back();
  deallocate(Tag::string, last);
  give_back();
  line::take_back_end(last_end);
  for (const auto& [block, end] : blocks) {
    line::take_back_end(end);
    deallocate(Tag::string, block);
    EXPECT_LE(line::account().heap, line::limit());
  }
}

// Over the line nothing grows, and what is given back is not had again until the line is reached.
TEST_F(Line, OneBelowWhatIsHeldIsApproached) {
  Blocks blocks;
  while (blocks.bytes() < 100 * kMiB) ASSERT_TRUE(blocks.add(300'000));
  const std::size_t held = line::account().heap;
  line::set_limit(held - 60 * kMiB);
  EXPECT_EQ(line::room(), line::margin());
  Blocks more;
  EXPECT_FALSE(more.add(20 * kMiB));
  blocks.remove_every_second();
  give_back();
  EXPECT_LT(line::account().heap, held - 40 * kMiB);
  EXPECT_EQ(line::room(), line::margin());
  blocks.clear();
  give_back();
  EXPECT_GT(line::room(), 0u);
  EXPECT_LE(line::account().heap + line::room(), held - 60 * kMiB);
}

TEST_F(Line, HoldsWithEightThreads) {
  const std::size_t limit = line::account().heap + 64 * kMiB;
  line::set_limit(limit);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t) {
    threads.emplace_back([t] {
      std::mt19937 random(t);
      for (int round = 0; round < 20; ++round) {
        Blocks blocks;
        const std::size_t size = std::size_t{32} << random() % 12;
        for (int i = 0; i < 40'000 && blocks.add(size); ++i) {
        }
      }
    });
  }
  std::size_t most = 0;
  std::thread observer([&] {
    while (!stop) most = std::max(most, line::account().heap);
  });
  for (std::thread& thread : threads) thread.join();
  stop = true;
  observer.join();
  EXPECT_LE(most, limit);
  EXPECT_GT(line::account().refusals, 0u);
}

}  // namespace
}  // namespace zm
