// A program with a jemalloc of its own beside the backend's private copy: neither sees the other's blocks.
#include <gtest/gtest.h>
#include <jemalloc/jemalloc.h>
#include <zmalloc/zm.h>

#include <cstdint>

namespace zm {
namespace {

constexpr std::size_t kBytes = 16 << 20;

// What the program's own jemalloc holds.
std::size_t held_by_own() {
  std::uint64_t epoch = 1;
  std::size_t bytes = 0;
  std::size_t length = sizeof(bytes);
  EXPECT_EQ(mallctl("epoch", nullptr, nullptr, &epoch, sizeof(epoch)), 0);
  EXPECT_EQ(mallctl("stats.allocated", &bytes, &length, nullptr, 0), 0);
  return bytes;
}

TEST(TwoJemallocs, KeepApart) {
  const std::size_t own = held_by_own();
  const std::size_t ours = allocator_info().allocated;
  void* p = mallocx(kBytes, 0);
  EXPECT_EQ(allocator_info().allocated, ours);
  EXPECT_GE(held_by_own(), own + kBytes);
  dallocx(p, 0);
  p = allocate(Tag::string, kBytes);
  EXPECT_GE(allocator_info().allocated, ours + kBytes);
  EXPECT_LT(held_by_own(), own + kBytes);
  deallocate(Tag::string, p);
}

}  // namespace
}  // namespace zm
