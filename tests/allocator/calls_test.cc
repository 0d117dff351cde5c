// The C++ calls: what they return, what they charge, and what they refuse.
#include <zmalloc/zm.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <vector>

#include "memory_check.h"

namespace zm {
namespace {

constexpr std::size_t kTooLarge = SIZE_MAX / 2;

class Calls : public test::AccountingTest {};

TEST_F(Calls, ChargeIsTheBlocksSize) {
  for (std::size_t n : {0, 1, 7, 8, 9, 15, 16, 17, 100, 4095, 4096, 14336, 14337, 65536, 524289, 3000000}) {
    std::size_t usable = 0;
    void* p = allocate(Tag::hash, n, &usable);
    ASSERT_NE(p, nullptr);
    EXPECT_GE(usable, n);
    EXPECT_EQ(usable_size(p), usable);
    EXPECT_EQ(charged_size(p), usable + backend::kOverhead);
    EXPECT_EQ(grown(Tag::hash), charged_size(p));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % backend::kAlignment, 0u) << n;
    std::memset(p, 0xa5, usable_size(p));
    deallocate(Tag::hash, p);
    EXPECT_EQ(grown(Tag::hash), 0u) << n;
  }
}

TEST_F(Calls, GoodSizeIsALowerBoundAndExactOnJemalloc) {
  for (std::size_t n = 0; n < 70000; n += n < 5000 ? 1 : 97) {
    std::size_t usable = 0;
    void* p = allocate(Tag::hash, n, &usable);
    EXPECT_GE(good_size(n), n);
    EXPECT_LE(good_size(n), usable) << n;
    if (test::on_backend("jemalloc") || test::on_backend("libc-prefix")) {
      EXPECT_EQ(good_size(n), usable) << n;
    }
    deallocate_requested(Tag::hash, p, n);
  }
  EXPECT_EQ(grown(Tag::hash), 0u);
}

TEST_F(Calls, EmptyBlocksAreDistinct) {
  std::set<void*> blocks;
  for (int i = 0; i < 100; ++i) blocks.insert(allocate(Tag::list, 0));
  EXPECT_EQ(blocks.size(), 100u);
  EXPECT_EQ(blocks.count(nullptr), 0u);
  for (void* p : blocks) deallocate(Tag::list, p);
}

TEST_F(Calls, TooLargeIsRefusedAndChargesNothing) {
  for (std::size_t n : {kTooLarge, kTooLarge + 1, SIZE_MAX - 64, SIZE_MAX - 1, SIZE_MAX}) {
    std::size_t usable = 77;
    EXPECT_EQ(try_allocate(Tag::set, n, &usable), nullptr);
    EXPECT_EQ(usable, 0u);
    EXPECT_EQ(try_allocate_zeroed(Tag::set, n), nullptr);
    EXPECT_EQ(try_allocate_aligned(Tag::set, n, 64), nullptr);
    EXPECT_THROW((void)allocate(Tag::set, n), std::bad_alloc);
    EXPECT_THROW((void)allocate_zeroed(Tag::set, n), std::bad_alloc);
    EXPECT_THROW((void)allocate_aligned(Tag::set, n, 4096), std::bad_alloc);
    EXPECT_THROW((void)reallocate(Tag::set, nullptr, n), std::bad_alloc);
    EXPECT_GE(good_size(n), n);
  }
  EXPECT_EQ(grown(), 0u);
}

TEST_F(Calls, ZeroedIsZeroEvenOnUsedMemory) {
  for (int round = 0; round < 50; ++round) {
    void* dirty = allocate(Tag::zset, 5000);
    std::memset(dirty, 0xff, 5000);
    deallocate(Tag::zset, dirty);
    auto* p = static_cast<unsigned char*>(allocate_zeroed(Tag::zset, 5000));
    for (int i = 0; i < 5000; ++i) ASSERT_EQ(p[i], 0) << i;
    deallocate(Tag::zset, p);
  }
}

TEST_F(Calls, AlignedBlocks) {
  for (std::size_t alignment = 1; alignment <= 1 << 16; alignment *= 2) {
    for (std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{24}, std::size_t{100},
                          std::size_t{5000}, std::size_t{100000}, alignment, 2 * alignment, 4 * alignment}) {
      std::size_t usable = 0;
      void* p = allocate_aligned(Tag::table, n, alignment, &usable);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % alignment, 0u) << n << " aligned to " << alignment;
      EXPECT_GE(usable, n);
      EXPECT_EQ(usable, usable_size(p));
      EXPECT_EQ(grown(Tag::table), charged_size(p));
      std::memset(p, 1, n);
      n % 2 == 0 ? deallocate(Tag::table, p) : deallocate_sized(Tag::table, p, usable);
      EXPECT_EQ(grown(Tag::table), 0u);
    }
  }
}

TEST_F(Calls, AlignedBlockSurvivesReallocation) {
  auto* p = static_cast<char*>(allocate_aligned(Tag::table, 300, 256));
  std::memset(p, 'x', 300);
  p = static_cast<char*>(reallocate(Tag::table, p, 9000));
  for (int i = 0; i < 300; ++i) ASSERT_EQ(p[i], 'x');
  EXPECT_EQ(grown(Tag::table), charged_size(p));
  deallocate(Tag::table, p);
}

TEST_F(Calls, ReallocationKeepsContentsAndMovesTheCharge) {
  std::mt19937 random(7);
  auto* p = static_cast<unsigned char*>(allocate(Tag::stream, 10));
  std::size_t filled = 10;
  std::memset(p, 0x3c, filled);
  for (int i = 0; i < 2000; ++i) {
    const std::size_t n = 1 + random() % (i % 10 == 0 ? 300000 : 600);
    std::size_t usable = 0;
    p = static_cast<unsigned char*>(reallocate(Tag::stream, p, n, &usable));
    ASSERT_NE(p, nullptr);
    EXPECT_GE(usable, n);
    EXPECT_EQ(usable, usable_size(p));
    EXPECT_EQ(grown(Tag::stream), charged_size(p));
    for (std::size_t at = 0; at < std::min(filled, n); ++at) ASSERT_EQ(p[at], 0x3c);
    filled = n;
    std::memset(p, 0x3c, filled);
  }
  deallocate(Tag::stream, p);
}

TEST_F(Calls, ReallocationOfNothingAllocatesAndToNothingFrees) {
  std::size_t usable = 0;
  void* p = try_reallocate(Tag::stream, nullptr, 40, &usable);
  ASSERT_NE(p, nullptr);
  EXPECT_EQ(usable, usable_size(p));
  usable = 5;
  EXPECT_EQ(try_reallocate(Tag::stream, p, 0, &usable), nullptr);
  EXPECT_EQ(usable, 0u);
  EXPECT_EQ(grown(Tag::stream), 0u);
  EXPECT_NO_THROW(EXPECT_EQ(reallocate(Tag::stream, allocate(Tag::stream, 3), 0), nullptr));
}

TEST_F(Calls, RefusedReallocationLeavesTheBlockValidAndCharged) {
  auto* p = static_cast<char*>(allocate(Tag::stream, 100));
  std::memset(p, 'k', 100);
  const std::size_t charge = charged_size(p);
  std::size_t usable = 9;
  EXPECT_EQ(try_reallocate(Tag::stream, p, kTooLarge, &usable), nullptr);
  EXPECT_EQ(usable, 0u);
  EXPECT_THROW((void)reallocate(Tag::stream, p, SIZE_MAX), std::bad_alloc);
  EXPECT_EQ(grown(Tag::stream), charge);
  EXPECT_EQ(charged_size(p), charge);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(p[i], 'k');
  deallocate(Tag::stream, p);
}

// Below kTooLarge it is the kernel that refuses, not the size check.
TEST_F(Calls, MoreThanTheMachineHasIsRefused) {
  const std::size_t n = std::size_t{1} << 52;
  EXPECT_EQ(try_allocate(Tag::set, n), nullptr);
  void* p = allocate(Tag::set, 64);
  EXPECT_EQ(try_reallocate(Tag::set, p, n), nullptr);
  EXPECT_EQ(grown(Tag::set), charged_size(p));
  deallocate(Tag::set, p);
}

TEST_F(Calls, EveryWayToFreeRefundsTheSame) {
  for (std::size_t n = 0; n < 40000; n += 1 + n / 9) {
    deallocate(Tag::hash, allocate(Tag::hash, n));
    std::size_t usable = 0;
    void* p = allocate(Tag::hash, n, &usable);
    deallocate_sized(Tag::hash, p, usable);
    p = allocate(Tag::hash, n);
    const std::size_t charge = charged_size(p);
    EXPECT_EQ(charged_size_requested(p, n), charge);
    EXPECT_EQ(deallocate_requested(Tag::hash, p, n), charge);
    ASSERT_EQ(grown(Tag::hash), 0u) << n;
  }
}

TEST_F(Calls, NullIsAllowed) {
  deallocate(Tag::hash, nullptr);
  deallocate_sized(Tag::hash, nullptr, 0);
  EXPECT_EQ(deallocate_requested(Tag::hash, nullptr, 0), 0u);
  adopt(nullptr, Tag::hash, Tag::set);
  EXPECT_EQ(usable_size(nullptr), 0u);
  EXPECT_EQ(charged_size(nullptr), 0u);
}

TEST_F(Calls, AdoptMovesTheChargeAndNotTheSum) {
  void* p = allocate(Tag::client_input, 1000);
  const std::size_t charge = charged_size(p);
  const std::size_t used = used_memory();
  adopt(p, Tag::client_input, Tag::string);
  EXPECT_EQ(grown(Tag::client_input), 0u);
  EXPECT_EQ(grown(Tag::string), charge);
  EXPECT_EQ(used_memory(), used);
  adopt_bytes(10, Tag::string, Tag::list);
  EXPECT_EQ(grown(Tag::list), 10u);
  adopt_bytes(10, Tag::list, Tag::string);
  deallocate(Tag::string, p);
}

TEST_F(Calls, FastSumTrailsByLessThanTheDriftLimit) {
  flush_thread();
  EXPECT_EQ(used_memory_fast(), used_memory());
  std::vector<void*> blocks;
  for (int i = 0; i < 3000; ++i) {
    blocks.push_back(allocate(Tag::set, 50));
    const auto drift = static_cast<std::int64_t>(used_memory() - used_memory_fast());
    ASSERT_LT(std::abs(drift), kDriftLimit);
  }
  void* large = allocate(Tag::set, 100000);
  EXPECT_EQ(used_memory_fast(), used_memory()) << "a large block is flushed at once";
  deallocate(Tag::set, large);
  EXPECT_EQ(used_memory_fast(), used_memory());
  for (void* p : blocks) deallocate(Tag::set, p);
  flush_thread();
  EXPECT_EQ(used_memory_fast(), used_memory());
}

TEST(Tags, HaveNamesAndDescriptions) {
  EXPECT_EQ(tag_name(Tag::client_input), "client_input");
  EXPECT_EQ(tag_name(Tag::other), "other");
  EXPECT_EQ(static_cast<std::size_t>(Tag::other) + 1, kTagCount);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kTagCount; ++i) {
    names.insert(tag_name(static_cast<Tag>(i)));
    EXPECT_FALSE(tag_description(static_cast<Tag>(i)).empty());
  }
  EXPECT_EQ(names.size(), kTagCount);
}

}  // namespace
}  // namespace zm
