// jemalloc-private: the program's malloc stays the C library's, and jemalloc's own figures are ours to the
// byte.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <zmalloc/zm.h>

#include <cstdlib>
#include <cstring>
#include <string>
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

}  // namespace
}  // namespace zm
