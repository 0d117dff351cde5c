#include <gtest/gtest.h>
#include <zmalloc/counters.h>

#include <deque>

#include "key_set.h"

namespace plimsoll::test {
namespace {

TEST(TableLayout, StaysLoadedWhileItGrows) {
  KeySet keys;
  double sum = 0;
  int samples = 0;
  for (uint64_t n = 0; n < 2000000; ++n) {
    keys.add(n);
    if (n < 4096 || n % 4999 != 0) continue;
    sum += keys.table.shape().load();
    ++samples;
    if (n % (4999 * 64) == 0) {
      ASSERT_EQ(keys.table.check(), "");
    }
  }
  const TableShape shape = keys.table.shape();
  RecordProperty("average_load_percent", static_cast<int>(sum / samples * 100));
  EXPECT_GE(sum / samples, .82);
  EXPECT_LE(1 + double(shape.displacement) / double(shape.entries), 1.6) << "lines read per hit";
}

TEST(TableLayout, BytesPerKey) {
  std::deque<KeySet> shards;
  for (int i = 0; i < 64; ++i) shards.emplace_back(6);
  for (uint64_t n = 0; n < 1000000; ++n) shards[KeySet::hash(n) >> 58].add(n);
  size_t bytes = 0, lines = 0;
  for (KeySet& shard : shards) {
    bytes += shard.table.bytes() + sizeof(Table);
    lines += shard.table.shape().lines;
  }
  RecordProperty("bytes_per_1000_keys", static_cast<int>(bytes / 1000));
  EXPECT_LE(double(bytes) / 1e6, 11.5);
  EXPECT_GE(1e6 / double(lines * Line::kSlots), .78);
}

TEST(TableLayout, ShrinksAfterRemovals) {
  KeySet keys;
  constexpr uint64_t kKeys = 300000;
  for (uint64_t n = 0; n < kKeys; ++n) keys.add(n);
  const size_t full = keys.table.bytes();
  for (uint64_t n = 0; n < kKeys; ++n) {
    if (n % 10 != 0) keys.erase(n);
  }
  EXPECT_EQ(keys.table.bytes(), full) << "removing frees nothing by itself";
  keys.settle();
  EXPECT_EQ(keys.table.check(), "");
  EXPECT_GE(keys.table.shape().load(), .6);
  EXPECT_LE(keys.table.bytes(), full / 7);
  for (uint64_t n = 0; n < kKeys; ++n) ASSERT_EQ(keys.contains(n), n % 10 == 0);
  for (uint64_t n = 0; n < kKeys; n += 10) keys.erase(n);
  keys.settle();
  EXPECT_EQ(keys.table.bytes(), 0u);
}

TEST(TableLayout, MaintainHasNothingToDoAfterGrowing) {
  KeySet keys;
  for (uint64_t n = 0; n < 200000; ++n) {
    keys.add(n);
    if (n > 1000 && n % 1009 == 0) {
      ASSERT_FALSE(keys.table.maintain()) << n;
    }
  }
}

TEST(TableLayout, ChargesTheTagToTheByte) {
  const size_t before = zm::tag_bytes(zm::Tag::table);
  {
    KeySet keys;
    for (uint64_t n = 0; n < 100000; ++n) {
      keys.add(n);
      if (n % 97 == 0) {
        ASSERT_EQ(zm::tag_bytes(zm::Tag::table), before + keys.table.bytes()) << n;
      }
    }
    for (uint64_t n = 0; n < 100000; ++n) {
      keys.erase(n);
      if (n % 97 != 0) continue;
      keys.table.maintain();
      ASSERT_EQ(zm::tag_bytes(zm::Tag::table), before + keys.table.bytes()) << n;
    }
    for (uint64_t n = 0; n < 70000; ++n) keys.add(n);
  }
  EXPECT_EQ(zm::tag_bytes(zm::Tag::table), before);
}

uint8_t add_difference(uint8_t state, const EvictionPage& from, const EvictionPage& to) noexcept {
  return static_cast<uint8_t>(state + from.base - to.base);
}

// Each entry's state + base is a figure of its own, which must survive every move.
TEST(TableLayout, StatesAreTranslatedBetweenPages) {
  KeySet keys;
  keys.table.set_move_state(add_difference);
  const auto figure = [](uint64_t n) { return static_cast<uint8_t>(n * 7); };
  const auto verify = [&](uint64_t step, uint64_t end) {
    for (uint64_t n = 0; n < end; n += step) {
      const SlotRef at = keys.find(n);
      ASSERT_EQ(static_cast<uint8_t>(Table::state(at) + Table::eviction_page(at).base), figure(n)) << n;
    }
  };
  constexpr uint64_t kKeys = 40000;
  for (uint64_t n = 0; n < kKeys; ++n) {
    const SlotRef at = keys.add(n);
    if (at.segment->entries == 1 || Table::eviction_page(at).mode == 0) {
      bool alone = true;  // only a page nobody relies on may get a base
      for (uint32_t l = at.line - at.line % kLinesPerPage;
           l < at.segment->line_count && l / kLinesPerPage == at.line / kLinesPerPage; ++l) {
        const unsigned others = at.segment->lines[l].occupied() & ~(l == at.line ? 1u << at.index : 0u);
        alone &= others == 0;
      }
      if (alone) Table::eviction_page(at) = {static_cast<uint32_t>(n * 31 + 5), 0, 1};
    }
    keys.table.set_state(at, static_cast<uint8_t>(figure(n) - Table::eviction_page(at).base));
  }
  verify(1, kKeys);
  for (uint64_t n = 0; n < kKeys; ++n) {
    if (n % 16 != 0) keys.erase(n);
  }
  keys.settle();
  verify(16, kKeys);
}

}  // namespace
}  // namespace plimsoll::test
