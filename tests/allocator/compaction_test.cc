// Compaction on jemalloc: the blocks it names are those of sparse slabs, and moving them gives the slabs
// back.
#include <gtest/gtest.h>
#include <zmalloc/compaction.h>
#include <zmalloc/zm.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace zm {
namespace {

constexpr std::size_t kSize = 150;
constexpr std::size_t kBlocks = 400'000;

struct Moved {
  std::size_t blocks = 0;
};

template <class AfterBatch>
Moved move_all_sparse(std::vector<void*>& blocks, AfterBatch after_batch) {
  SlabSurvey survey;
  EXPECT_TRUE(survey.take(1000));
  Moved moved;
  for (std::size_t first = 0; first < blocks.size(); first += SlabSurvey::kBatch) {
    const std::size_t n = std::min(SlabSurvey::kBatch, blocks.size() - first);
    const std::uint64_t sparse = survey.sparse(blocks.data() + first, n);
    for (std::size_t i = 0; i < n; ++i) {
      if ((sparse >> i & 1) == 0) continue;
      void* to = try_allocate_compact(Tag::string, blocks[first + i], kSize);
      if (to == nullptr) continue;
      std::memcpy(to, blocks[first + i], kSize);
      deallocate_compact(Tag::string, blocks[first + i], kSize);
      blocks[first + i] = to;
      ++moved.blocks;
    }
    after_batch();
  }
  return moved;
}

Moved move_all_sparse(std::vector<void*>& blocks) {
  return move_all_sparse(blocks, [] {});
}

TEST(Compaction, GivesSparseSlabsBack) {
  const std::size_t before = used_memory();
  std::mt19937 random(1);
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    void* p = allocate(Tag::string, kSize);
    std::memset(p, static_cast<int>(i % 251), kSize);
    std::memcpy(p, &i, sizeof i);
    blocks.push_back(p);
  }
  std::vector<void*> kept;
  for (void* p : blocks) {
    if (random() % 4 == 0) {
      kept.push_back(p);
    } else {
      deallocate_requested(Tag::string, p, kSize);
    }
  }
  backend::flush_thread_cache();
  const std::size_t live = kept.size() * charged_size(kept[0]);
  const std::size_t sparse = backend::info().small_fragmentation;
  EXPECT_GT(sparse, 2 * live);
  const std::size_t used = tag_bytes(Tag::string);

  std::size_t moved = 0;
  for (int pass = 0; pass < 4; ++pass) moved += move_all_sparse(kept).blocks;
  EXPECT_EQ(tag_bytes(Tag::string), used);
  EXPECT_LT(backend::info().small_fragmentation, live / 10);
  EXPECT_LT(moved, 2 * kept.size());
  EXPECT_EQ(move_all_sparse(kept).blocks, 0u) << "what is dense stays where it is";

  for (void* p : kept) {
    std::size_t i;
    std::memcpy(&i, p, sizeof i);
    ASSERT_EQ(static_cast<unsigned char*>(p)[kSize - 1], i % 251);
    deallocate_requested(Tag::string, p, kSize);
  }
  EXPECT_EQ(used_memory(), before);
}

// The mover's own arena has no slabs to fill: were the copies made there, the heap would grow by them first.
TEST(Compaction, MovesWhatAnotherThreadAllocatedWithoutGrowing) {
  constexpr std::size_t kMany = 100'000;
  std::vector<void*> blocks(kMany);
  std::thread([&] {
    for (void*& p : blocks) p = allocate(Tag::string, kSize);
    std::mt19937 random(1);
    std::vector<void*> kept;
    for (void* p : blocks) {
      if (random() % 4 == 0) {
        kept.push_back(p);
      } else {
        deallocate_requested(Tag::string, p, kSize);
      }
    }
    std::shuffle(kept.begin(), kept.end(), random);  // slabs empty late
    blocks.swap(kept);
  }).join();
  const std::size_t before = backend::info().active;
  std::size_t most = 0;
  const Moved moved = move_all_sparse(blocks, [&] { most = std::max(most, backend::info().active); });
  EXPECT_GT(moved.blocks, blocks.size() / 4);
  EXPECT_LT(most, before + 256 * 1024);
  EXPECT_LT(backend::info().active, before - blocks.size() * kSize);
  for (void* p : blocks) deallocate_requested(Tag::string, p, kSize);
}

TEST(Compaction, LargeBlocksAreNeverSparse) {
  void* large = allocate(Tag::string, 40'000);
  SlabSurvey survey;
  ASSERT_TRUE(survey.take(1000));
  EXPECT_EQ(survey.sparse(&large, 1), 0u);
  deallocate(Tag::string, large);
}

}  // namespace
}  // namespace zm
