// A program that links zmalloc::foreign_mallocs counts what it mallocs past zmalloc, and nothing else.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <jemalloc/jemalloc.h>
#include <malloc.h>
#include <pthread.h>
#include <zmalloc/region.h>
#include <zmalloc/zm.h>
#include <zmalloc/zmalloc.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "heap_calls.h"

namespace zm {
namespace {

// The compiler knows what malloc and free are for, and would leave out a pair.
volatile std::size_t opaque = 0;

std::size_t foreign() {
  return allocator_info().foreign;
}

class ForeignMallocs : public testing::Test {
 protected:
  const std::size_t before = foreign();
  std::size_t added() const { return foreign() - before; }
};

TEST_F(ForeignMallocs, EveryFunctionCountsWhatItGives) {
  void* (*const takes[])() = {
      [] { return std::malloc(1000 + opaque); },
      [] { return std::malloc(opaque); },
      [] { return std::calloc(10, 100 + opaque); },
      [] { return std::realloc(nullptr, 700 + opaque); },
      [] { return std::realloc(std::malloc(20 + opaque), 100'000 + opaque); },
      [] { return std::realloc(std::malloc(100'000 + opaque), 20 + opaque); },
      [] { return std::aligned_alloc(256, 512 + opaque); },
      [] { return memalign(4096, 100 + opaque); },
      [] { return valloc(100 + opaque); },
      [] {
        void* p = nullptr;
        EXPECT_EQ(posix_memalign(&p, 1024, 100 + opaque), 0);
        return p;
      },
      [] { return static_cast<void*>(strdup("the C library's own call")); },
  };
  for (std::size_t i = 0; i < std::size(takes); ++i) {
    void* p = takes[i]();
    ASSERT_NE(p, nullptr) << i;
    EXPECT_EQ(added(), malloc_usable_size(p)) << i;
    std::free(p);
    EXPECT_EQ(added(), 0u) << i;
  }
}

TEST_F(ForeignMallocs, ContentsAndAlignmentAreWhatTheyShouldBe) {
  auto* zeros = static_cast<char*>(std::calloc(3, 1000 + opaque));
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(zeros[i], 0);
  std::memset(zeros, 'x', 3000);
  auto* moved = static_cast<char*>(std::realloc(zeros, 500'000 + opaque));
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(moved[i], 'x');
  EXPECT_EQ(std::realloc(moved, opaque), nullptr);
  for (std::size_t alignment = 16; alignment <= 65536; alignment *= 2) {
    void* p = std::aligned_alloc(alignment, alignment + opaque);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % alignment, 0u);
    std::free(p);
  }
  std::free(nullptr);
  EXPECT_EQ(added(), 0u);
}

TEST_F(ForeignMallocs, WhatIsRefusedSaysSoAndIsNotCounted) {
  const std::size_t huge = SIZE_MAX / 2 + opaque;
  errno = 0;
  EXPECT_EQ(std::malloc(huge), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  errno = 0;
  EXPECT_EQ(std::calloc(huge, 4), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  void* kept = std::malloc(100 + opaque);
  errno = 0;
  void* (*volatile reallocate)(void*, std::size_t) =
      std::realloc;  // the compiler would hold `kept` for freed
  EXPECT_EQ(reallocate(kept, huge), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  std::free(kept);
  void* untouched = &errno;
  errno = 0;
  EXPECT_EQ(posix_memalign(&untouched, 24, 100), EINVAL);
  EXPECT_EQ(posix_memalign(&untouched, 1024, huge), ENOMEM);
  EXPECT_EQ(untouched, &errno);
  EXPECT_EQ(errno, 0);
  EXPECT_EQ(std::aligned_alloc(24 + opaque, 100), nullptr);
  EXPECT_EQ(added(), 0u);
}

TEST_F(ForeignMallocs, NothingOfZmallocIsCounted) {
  void* of_zm = allocate(Tag::other, 5000);
  void* zeroed = allocate_zeroed(Tag::other, 5000);
  of_zm = reallocate(Tag::other, of_zm, 500'000);
  void* of_c = zmalloc(3000);
  auto of_new = std::make_unique<std::vector<std::string>>(100, std::string(1000, 'x'));
  EXPECT_EQ(added(), 0u);
  deallocate(Tag::other, of_zm);
  deallocate(Tag::other, zeroed);
  zfree(of_c);
  of_new.reset();
  EXPECT_EQ(added(), 0u);
}

TEST_F(ForeignMallocs, BlocksOfOtherThreadsCount) {
  void* p = nullptr;
  std::thread([&] { p = std::malloc(10'000 + opaque); }).join();
  EXPECT_GE(added(), 10'000u);
  std::thread([&] { std::free(p); }).join();
  EXPECT_LT(added(), 10'000u) << "what the C library keeps of the threads";
}

// Blocks that threads free as the last thing of all, when jemalloc would no longer take down what it sets up
// for them. The threads touch no heap before.
TEST_F(ForeignMallocs, ThreadsMayFreeAfterTheLastDestructor) {
  constexpr int kThreads = 30;
  constexpr std::size_t kBlock = 50'000;
  struct Block {
    int round;
  };
  static pthread_key_t key;
  static pthread_barrier_t all_there;
  ASSERT_EQ(pthread_key_create(&key,
                               [](void* block) {
                                 if (++static_cast<Block*>(block)->round < PTHREAD_DESTRUCTOR_ITERATIONS) {
                                   pthread_setspecific(key, block);
                                 } else {
                                   std::free(block);
                                 }
                               }),
            0);
  ASSERT_EQ(pthread_barrier_init(&all_there, nullptr, kThreads), 0);
  pthread_t threads[kThreads];
  for (pthread_t& thread : threads) {
    auto* block = static_cast<Block*>(std::calloc(1, kBlock + opaque));
    const auto run = [](void* argument) -> void* {
      pthread_setspecific(key, argument);
      pthread_barrier_wait(&all_there);
      return nullptr;
    };
    ASSERT_EQ(pthread_create(&thread, nullptr, run, block), 0);
  }
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
  EXPECT_LT(added(), kBlock) << "what the C library keeps of the threads";
  EXPECT_TRUE(allocator_info().known) << "walks the caches of threads";
  pthread_barrier_destroy(&all_there);
  pthread_key_delete(key);
}

TEST(ForeignMallocsCalls, LeadToJemallocItself) {
  Dl_info jemalloc{};
  ASSERT_NE(dladdr(reinterpret_cast<void*>(mallocx), &jemalloc), 0);
  void* const calls[] = {reinterpret_cast<void*>(backend::heap_calls.malloc),
                         reinterpret_cast<void*>(backend::heap_calls.calloc),
                         reinterpret_cast<void*>(backend::heap_calls.realloc),
                         reinterpret_cast<void*>(backend::heap_calls.free)};
  const char* const names[] = {"malloc", "calloc", "realloc", "free"};
  for (std::size_t i = 0; i < std::size(calls); ++i) {
    Dl_info found{};
    ASSERT_NE(dladdr(calls[i], &found), 0) << names[i];
    EXPECT_EQ(found.dli_fbase, jemalloc.dli_fbase) << names[i] << " is the slow way round";
    EXPECT_STREQ(found.dli_sname, names[i]);
  }
}

// All that jemalloc has given away is somebody's.
TEST(ForeignMallocsSum, WhatIsAllocatedIsExplained) {
  std::vector<void*> blocks;
  for (int i = 0; i < 20'000; ++i) {
    blocks.push_back(i % 2 == 0 ? std::malloc(50 + static_cast<std::size_t>(i % 1000) + opaque)
                                : allocate(Tag::other, 300));
  }
  blocks.push_back(std::malloc(1'000'000 + opaque));
  blocks.push_back(allocate(Tag::other, 1'000'000));
  const AllocatorInfo info = allocator_info();
  const std::size_t counted = used_memory() - region_totals().committed + info.foreign + info.thread_caches;
  EXPECT_GE(info.allocated, counted);
  EXPECT_LT(info.allocated - counted, 256u * 1024) << "jemalloc's own blocks";
  EXPECT_EQ(info.active - info.allocated, info.small_fragmentation + info.large_padding);
  for (std::size_t i = 0; i < blocks.size(); ++i)
    i % 2 == 0 ? std::free(blocks[i]) : deallocate(Tag::other, blocks[i]);
}

}  // namespace
}  // namespace zm
