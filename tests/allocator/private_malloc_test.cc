// jemalloc-private: the program's malloc stays the C library's, and jemalloc's own figures are ours to the
// byte.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <zmalloc/zm.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace zm {
namespace {

std::string origin_of(const char* function) {
  Dl_info info{};
  void* address = dlsym(RTLD_DEFAULT, function);
  return address != nullptr && dladdr(address, &info) != 0 ? info.dli_fname : "nowhere";
}

TEST(PrivateMalloc, TheProgramsMallocIsTheCLibrarys) {
  for (const char* function :
       {"malloc", "free", "calloc", "realloc", "posix_memalign", "malloc_usable_size"}) {
    EXPECT_NE(origin_of(function).find("libc.so"), std::string::npos)
        << function << ": " << origin_of(function);
  }
  EXPECT_NE(origin_of("_Znwm").find("libstdc++"), std::string::npos);
}

TEST(PrivateMalloc, ForeignAllocationsAreNotJemallocs) {
  const std::size_t before = allocator_info().allocated;
  void* foreign = std::malloc(50 << 20);
  std::memset(foreign, 1, 50 << 20);
  EXPECT_EQ(allocator_info().allocated, before);
  std::free(foreign);
}

// The one cross-check that owes nothing to our own sums: jemalloc counts the same bytes.
TEST(PrivateMalloc, JemallocAllocatedMovesWithUsedMemory) {
  flush_thread_cache();
  const std::size_t allocated = allocator_info().allocated;
  const std::size_t used = used_memory();
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < 50000; ++i) blocks.push_back(allocate(Tag::string, i % 40000));
  for (std::size_t i = 0; i < blocks.size(); i += 3) {
    blocks[i] = reallocate(Tag::string, blocks[i], 1 + i % 100000);
  }
  for (std::size_t i = 0; i < blocks.size(); i += 2) deallocate(Tag::string, blocks[i]);
  flush_thread_cache();
  EXPECT_EQ(allocator_info().allocated - allocated, used_memory() - used);
  for (std::size_t i = 1; i < blocks.size(); i += 2) deallocate(Tag::string, blocks[i]);
  flush_thread_cache();
  EXPECT_EQ(allocator_info().allocated, allocated);
  EXPECT_EQ(used_memory(), used);
}

// The same with blocks that one thread allocates and another reallocates, adopts or frees.
TEST(PrivateMalloc, JemallocAllocatedMovesWithUsedMemoryUnderThreads) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kBlocks = 8000;
  flush_thread_cache();
  const std::size_t allocated = allocator_info().allocated;
  const std::size_t used = used_memory();
  std::vector<std::vector<void*>> blocks(kThreads, std::vector<void*>(kBlocks));
  const auto on_every_thread = [](auto work) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([=] {
        work(i);
        flush_thread_cache();
      });
    }
    for (std::thread& thread : threads) thread.join();
  };
  on_every_thread([&](std::size_t i) {
    for (std::size_t at = 0; at < kBlocks; ++at) blocks[i][at] = allocate(Tag::string, at % 3000);
  });
  on_every_thread([&](std::size_t i) {
    std::vector<void*>& others = blocks[(i + 1) % kThreads];
    for (std::size_t at = 0; at < kBlocks; ++at) {
      if (at % 3 == 0) others[at] = reallocate(Tag::string, others[at], 1 + at % 20000);
      if (at % 5 == 0) adopt(others[at], Tag::string, Tag::list);
      if (at % 2 == 0) deallocate(at % 5 == 0 ? Tag::list : Tag::string, others[at]);
    }
  });
  EXPECT_EQ(allocator_info().allocated - allocated, used_memory() - used);
  on_every_thread([&](std::size_t i) {
    for (std::size_t at = 1; at < kBlocks; at += 2) {
      deallocate(at % 5 == 0 ? Tag::list : Tag::string, blocks[(i + 2) % kThreads][at]);
    }
  });
  EXPECT_EQ(allocator_info().allocated, allocated);
  EXPECT_EQ(used_memory(), used);
}

}  // namespace
}  // namespace zm
