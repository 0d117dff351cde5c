// The C interface's table of semantics and edge cases, row by row.
#include <unistd.h>
#include <zmalloc/zm.h>
#include <zmalloc/zmalloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#include "memory_check.h"

namespace {

constexpr std::size_t kTooLarge = SIZE_MAX / 2;
// A size the compiler cannot see through: it warns of constants above PTRDIFF_MAX.
std::size_t opaque(std::size_t n) {
  volatile std::size_t hidden = n;
  return hidden;
}

std::vector<std::size_t> refused;

class CCalls : public zm::test::AccountingTest {
 protected:
  void SetUp() override {
    refused.clear();
    refused.reserve(16);
    zmalloc_set_oom_handler([](std::size_t n) { refused.push_back(n); });
    AccountingTest::SetUp();
  }
  void TearDown() override {
    AccountingTest::TearDown();
    zmalloc_set_oom_handler(nullptr);
  }
  std::size_t charged() const { return grown(zm::Tag::other); }
};

// The grid {m,c,re}alloc x {handler, try} x {plain, usable}, called alike.
struct Call {
  const char* name;
  bool handler;
  bool zeroed;
  std::function<void*(std::size_t n, std::size_t* usable)> make;  // usable untouched by plain calls
  bool reports_usable;
};

const std::vector<Call>& grid() {
  static const std::vector<Call> calls = {
      {"zmalloc", true, false, [](auto n, auto*) { return zmalloc(n); }, false},
      {"zcalloc", true, true, [](auto n, auto*) { return zcalloc(n); }, false},
      {"zcalloc_num", true, true, [](auto n, auto*) { return zcalloc_num(1, n); }, false},
      {"zrealloc", true, false, [](auto n, auto*) { return zrealloc(nullptr, n); }, false},
      {"ztrymalloc", false, false, [](auto n, auto*) { return ztrymalloc(n); }, false},
      {"ztrycalloc", false, true, [](auto n, auto*) { return ztrycalloc(n); }, false},
      {"ztrycalloc_num", false, true, [](auto n, auto*) { return ztrycalloc_num(n, 1); }, false},
      {"ztryrealloc", false, false, [](auto n, auto*) { return ztryrealloc(nullptr, n); }, false},
      {"zmalloc_usable", true, false, [](auto n, auto* u) { return zmalloc_usable(n, u); }, true},
      {"zcalloc_usable", true, true, [](auto n, auto* u) { return zcalloc_usable(n, u); }, true},
      {"zrealloc_usable", true, false, [](auto n, auto* u) { return zrealloc_usable(nullptr, n, u); }, true},
      {"ztrymalloc_usable", false, false, [](auto n, auto* u) { return ztrymalloc_usable(n, u); }, true},
      {"ztrycalloc_usable", false, true, [](auto n, auto* u) { return ztrycalloc_usable(n, u); }, true},
      {"ztryrealloc_usable", false, false, [](auto n, auto* u) { return ztryrealloc_usable(nullptr, n, u); },
       true},
      {"zmalloc_tagged", true, false, [](auto n, auto*) { return zmalloc_tagged(ZM_TAG_other, n); }, false},
      {"zcalloc_tagged", true, true, [](auto n, auto*) { return zcalloc_tagged(ZM_TAG_other, n); }, false},
      {"zrealloc_tagged", true, false,
       [](auto n, auto*) { return zrealloc_tagged(ZM_TAG_other, nullptr, n); }, false},
      {"ztrymalloc_tagged", false, false, [](auto n, auto*) { return ztrymalloc_tagged(ZM_TAG_other, n); },
       false},
      {"ztrycalloc_tagged", false, true, [](auto n, auto*) { return ztrycalloc_tagged(ZM_TAG_other, n); },
       false},
      {"ztryrealloc_tagged", false, false,
       [](auto n, auto*) { return ztryrealloc_tagged(ZM_TAG_other, nullptr, n); }, false},
  };
  return calls;
}

TEST_F(CCalls, EveryCallOfTheGridChargesWhatItsBlockSays) {
  for (const Call& call : grid()) {
    for (std::size_t n : {0, 1, 8, 100, 5000, 200000}) {
      std::size_t usable = 12345;
      void* p = call.make(n, &usable);
      ASSERT_NE(p, nullptr) << call.name;
      EXPECT_EQ(charged(), zmalloc_size(p)) << call.name;
      EXPECT_GE(zmalloc_usable_size(p), n) << call.name;
      EXPECT_EQ(usable, call.reports_usable ? zmalloc_usable_size(p) : 12345) << call.name;
      if (call.zeroed) {
        const auto* bytes = static_cast<const unsigned char*>(p);
        EXPECT_TRUE(std::all_of(bytes, bytes + n, [](unsigned char c) { return c == 0; })) << call.name;
      }
      std::memset(p, 0x77, zmalloc_usable_size(p));
      zfree(p);
      EXPECT_EQ(charged(), 0u) << call.name;
    }
  }
  EXPECT_TRUE(refused.empty());
}

TEST_F(CCalls, TheHandlerIsCalledOnceWithTheSizeAndTryCallsNeverCallIt) {
  for (const Call& call : grid()) {
    for (std::size_t n : {kTooLarge, kTooLarge + 5, SIZE_MAX - 8, SIZE_MAX}) {
      refused.clear();
      std::size_t usable = 1;
      EXPECT_EQ(call.make(opaque(n), &usable), nullptr) << call.name;
      EXPECT_EQ(usable, call.reports_usable ? 0 : 1) << call.name;
      EXPECT_EQ(refused, call.handler ? std::vector{n} : std::vector<std::size_t>{}) << call.name;
      EXPECT_EQ(charged(), 0u) << call.name;
    }
  }
}

TEST_F(CCalls, AProductThatOverflowsFails) {
  const std::size_t half = SIZE_MAX / 2 + 1;
  for (auto [count, size] :
       std::vector<std::pair<std::size_t, std::size_t>>{{half, 2},
                                                        {2, half},
                                                        {SIZE_MAX, SIZE_MAX},
                                                        {half / 8 + 1, 16},
                                                        {std::size_t{1} << 32, std::size_t{1} << 32}}) {
    refused.clear();
    EXPECT_EQ(zcalloc_num(opaque(count), opaque(size)), nullptr);
    EXPECT_EQ(refused.size(), 1u);
    EXPECT_EQ(ztrycalloc_num(opaque(count), opaque(size)), nullptr);
    EXPECT_EQ(refused.size(), 1u);
  }
  for (auto [count, size] :
       std::vector<std::pair<std::size_t, std::size_t>>{{0, 5}, {5, 0}, {0, SIZE_MAX}, {0, 0}}) {
    void* p = zcalloc_num(opaque(count), opaque(size));
    EXPECT_NE(p, nullptr) << "an empty product is a valid block";
    zfree(p);
  }
}

TEST_F(CCalls, ReallocTable) {
  void* p = zrealloc(nullptr, 100);
  EXPECT_EQ(charged(), zmalloc_size(p));
  p = zrealloc(p, 50000);
  EXPECT_EQ(charged(), zmalloc_size(p));
  std::size_t usable = 0;
  p = zrealloc_usable(p, 30, &usable);
  EXPECT_EQ(usable, zmalloc_usable_size(p));
  EXPECT_EQ(charged(), zmalloc_size(p));
  EXPECT_EQ(zrealloc(p, 0), nullptr);
  EXPECT_EQ(charged(), 0u);
  EXPECT_EQ(ztryrealloc(ztrymalloc(10), 0), nullptr);
  usable = 3;
  EXPECT_EQ(zrealloc_usable(zmalloc(10), 0, &usable), nullptr);
  EXPECT_EQ(usable, 0u);
  EXPECT_TRUE(refused.empty()) << "freeing by realloc is no failure";
}

TEST_F(CCalls, AFailedReallocLeavesTheBlockValidAndCharged) {
  char* p = zstrdup("still here");
  const std::size_t size = zmalloc_size(p);
  std::size_t usable = 9;
  const std::size_t n = opaque(SIZE_MAX - 3);
  EXPECT_EQ(ztryrealloc(p, n), nullptr);
  EXPECT_EQ(ztryrealloc_usable(p, n, &usable), nullptr);
  EXPECT_EQ(usable, 0u);
  EXPECT_TRUE(refused.empty());
  EXPECT_EQ(zrealloc(p, n), nullptr);
  EXPECT_EQ(refused, std::vector{n});
  EXPECT_STREQ(p, "still here");
  EXPECT_EQ(charged(), size);
  zfree(p);
}

TEST_F(CCalls, WaysToFree) {
  std::size_t usable = 0;
  void* p = zmalloc_usable(1000, &usable);
  zfree_with_size(p, usable);
  EXPECT_EQ(charged(), 0u);
  p = zmalloc_usable(1000, &usable);
  std::size_t freed = 0;
  zfree_usable(p, &freed);
  EXPECT_EQ(freed, usable);
  zfree(nullptr);
  zfree_with_size(nullptr, 0);
  zfree_usable(nullptr, &freed);
  EXPECT_EQ(freed, 0u);
  EXPECT_EQ(zmalloc_size(nullptr), 0u);
  EXPECT_EQ(zmalloc_usable_size(nullptr), 0u);
}

TEST_F(CCalls, Strings) {
  char* whole = zstrdup("plimsoll");
  char* part = zstrndup("plimsoll", 4);
  char* more = zstrndup("plim", 100);
  char* empty = zstrdup("");
  EXPECT_STREQ(whole, "plimsoll");
  EXPECT_STREQ(part, "plim");
  EXPECT_STREQ(more, "plim");
  EXPECT_STREQ(empty, "");
  EXPECT_EQ(charged(), zmalloc_size(whole) + zmalloc_size(part) + zmalloc_size(more) + zmalloc_size(empty));
  for (char* s : {whole, part, more, empty}) zfree(s);
}

TEST_F(CCalls, TaggedCallsChargeTheirTag) {
  void* p = zmalloc_tagged(ZM_TAG_script, 400);
  EXPECT_EQ(grown(zm::Tag::script), zmalloc_size(p));
  p = zrealloc_tagged(ZM_TAG_script, p, 4000);
  EXPECT_EQ(grown(zm::Tag::script), zmalloc_size(p));
  zadopt(p, ZM_TAG_script, ZM_TAG_log);
  EXPECT_EQ(zmalloc_tag_bytes(ZM_TAG_log), zm::tag_bytes(zm::Tag::log));
  EXPECT_EQ(grown(zm::Tag::log), zmalloc_size(p));
  zfree_with_size_tagged(ZM_TAG_log, p, zmalloc_usable_size(p));
  zfree_tagged(ZM_TAG_set, zcalloc_tagged(ZM_TAG_set, 10));
  EXPECT_STREQ(zmalloc_tag_name(ZM_TAG_client_output), "client_output");
  EXPECT_EQ(zmalloc_tag_name(ZM_TAG_COUNT), nullptr);
  EXPECT_EQ(zmalloc_tag_bytes(ZM_TAG_COUNT), 0u);
  const auto nonsense = static_cast<zm_tag>(ZM_TAG_COUNT);
  void* untagged = ztrymalloc_tagged(nonsense, 10);
  EXPECT_EQ(charged(), zmalloc_size(untagged));
  zfree(untagged);
}

TEST_F(CCalls, UsedMemoryIsTheSameNumberInBothLanguages) {
  void* p = zmalloc(10000);
  EXPECT_EQ(zmalloc_used_memory(), zm::used_memory());
  zm::deallocate(zm::Tag::other, p);
}

TEST_F(CCalls, AdviceDropsWholePagesOnly) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  auto* block = static_cast<unsigned char*>(zmalloc(1 << 20));
  const std::size_t usable = zmalloc_usable_size(block);
  std::memset(block, 0x55, usable);
  zmadvise_dontneed(block);
  EXPECT_EQ(charged(), zmalloc_size(block));
  const auto start = reinterpret_cast<std::uintptr_t>(block);
  const std::size_t first = (page - start % page) % page;
  const std::size_t end = usable - (start + usable) % page;
  const auto all = [block](std::size_t from, std::size_t to, unsigned char value) {
    return std::all_of(block + from, block + to, [value](unsigned char c) { return c == value; });
  };
  EXPECT_TRUE(all(0, first, 0x55)) << "the page shared with what is before the block";
  EXPECT_TRUE(all(first, end, 0)) << "whole pages are dropped";
  EXPECT_TRUE(all(end, usable, 0x55)) << "the page shared with what is behind it";
  zfree(block);
}

TEST_F(CCalls, AdviceOnBlocksWithoutAWholePageDropsNothing) {
  zmadvise_dontneed(nullptr);
  auto* small = static_cast<unsigned char*>(zmalloc(100));
  std::memset(small, 0x66, 100);
  zmadvise_dontneed(small);
  EXPECT_TRUE(std::all_of(small, small + 100, [](unsigned char c) { return c == 0x66; }));
  zfree(small);
}

TEST_F(CCalls, ProcessAndAllocatorFigures) {
  EXPECT_GT(zmalloc_get_rss(), std::size_t{1} << 20);
  EXPECT_LT(zmalloc_get_rss(), std::size_t{1} << 42);
  EXPECT_GT(zmalloc_get_memory_size(), std::size_t{64} << 20);
  EXPECT_GT(zmalloc_get_smap_bytes_by_field("Rss:", -1), std::size_t{1} << 20);
  EXPECT_GT(zmalloc_get_smap_bytes_by_field("Pss:", static_cast<long>(getpid())), 0u);
  EXPECT_EQ(zmalloc_get_smap_bytes_by_field("NoSuchField:", -1), 0u);
  EXPECT_EQ(zmalloc_get_smap_bytes_by_field("Rss:", 1L << 30), 0u);
  const long wraps_to_own = (1L << 32) + static_cast<long>(getpid());
  EXPECT_EQ(zmalloc_get_smap_bytes_by_field("Rss:", wraps_to_own), 0u) << "no such process";
  EXPECT_EQ(zmalloc_get_private_dirty(wraps_to_own), 0u);
  EXPECT_GT(zmalloc_get_private_dirty(-1), 0u);
  zmalloc_allocator_info info;
  std::memset(&info, 0xff, sizeof(info));
  if (zmalloc_get_allocator_info(&info) == 1) {
    EXPECT_GT(info.allocated, 0u);
  } else {
    EXPECT_EQ(info.allocated + info.active + info.resident + info.retained + info.muzzy + info.dirty, 0u);
  }
  EXPECT_STREQ(zmalloc_backend_version(), zm::backend_version());
  EXPECT_EQ(jemalloc_purge(), zm::test::on_backend("libc-prefix") ? -1 : 0);
  set_jemalloc_bg_thread(0);
  zlibc_free(std::malloc(10));
  zlibc_trim();
}

TEST(CCallsDeathTest, TheDefaultHandlerPrintsAndAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::size_t n = opaque(kTooLarge);
  EXPECT_DEATH((void)!zmalloc(n), "out of memory allocating 9223372036854775807 bytes");
  EXPECT_DEATH((void)!zrealloc(nullptr, n), "out of memory allocating 9223372036854775807 bytes");
}

}  // namespace
