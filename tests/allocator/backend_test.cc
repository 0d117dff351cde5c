// What the backend at hand says of its heap.
#include <zmalloc/zm.h>

#include <cstring>
#include <string>
#include <vector>

#include "memory_check.h"

namespace zm {
namespace {

TEST(Backend, NamesItself) {
  const std::string version = backend_version();
  const bool known = test::on_backend("jemalloc") || test::on_backend("tcmalloc") ||
                     test::on_backend("mimalloc") || test::on_backend("libc");
  EXPECT_TRUE(known) << version;
  if (test::on_backend("jemalloc")) {
    EXPECT_EQ(version.find_first_not_of("0123456789.", std::strlen("jemalloc-")), std::string::npos)
        << version;
  }
}

TEST(Backend, InfoFollowsTheHeap) {
  const AllocatorInfo before = allocator_info();
  constexpr std::size_t kBytes = 64 << 20;
  std::vector<void*> blocks;
  for (std::size_t held = 0; held < kBytes; held += 4096) {
    blocks.push_back(allocate(Tag::string, 4096));
    std::memset(blocks.back(), 1, 4096);
  }
  const AllocatorInfo full = allocator_info();
  for (void* p : blocks) deallocate(Tag::string, p);
  if (!full.known) {
    EXPECT_EQ(full.allocated + full.active + full.resident + full.dirty + full.metadata, 0u);
    return;
  }
  EXPECT_GE(full.allocated, before.allocated + kBytes * 9 / 10);
  EXPECT_GE(full.active, full.allocated);
  EXPECT_GE(full.resident, full.active);
}

TEST(Backend, SmallFragmentationIsTheRoomInSlabs) {
  if (!test::on_backend("jemalloc")) GTEST_SKIP() << "only jemalloc tells";
  std::vector<void*> blocks;
  for (int i = 0; i < 100000; ++i) blocks.push_back(allocate(Tag::string, 64));
  flush_thread_cache();
  const std::size_t dense = allocator_info().small_fragmentation;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i % 8 != 0) deallocate(Tag::string, blocks[i]);
  }
  flush_thread_cache();
  const std::size_t sparse = allocator_info().small_fragmentation;
  EXPECT_GE(sparse, dense + 80000 * 64);
  for (std::size_t i = 0; i < blocks.size(); i += 8) deallocate(Tag::string, blocks[i]);
}

TEST(Backend, PurgeReturnsDirtyPages) {
  void* p = allocate(Tag::string, 32 << 20);
  std::memset(p, 1, 32 << 20);
  deallocate(Tag::string, p);
  const bool purged = purge();
  EXPECT_EQ(purged, !test::on_backend("libc-prefix"));
  if (test::on_backend("jemalloc")) {
    EXPECT_LT(allocator_info().dirty, std::size_t{1} << 20);
  }
}

TEST(Backend, BackgroundThreadIsJemallocs) {
  EXPECT_EQ(set_background_thread(true), test::on_backend("jemalloc"));
  EXPECT_EQ(set_background_thread(false), test::on_backend("jemalloc"));
}

TEST(Backend, StatisticsAreText) {
  std::string text;
  const auto append = [&](const char* piece, std::size_t length) { text.append(piece, length); };
  const bool printed = backend_stats_text(append);
  EXPECT_EQ(printed, !test::on_backend("libc") && !test::on_backend("libc-prefix"));
  EXPECT_EQ(printed, !text.empty());
  if (test::on_backend("jemalloc")) {
    EXPECT_NE(text.find("Allocated:"), std::string::npos);
    EXPECT_NE(text.find("End jemalloc statistics"), std::string::npos);
  }
}

}  // namespace
}  // namespace zm
