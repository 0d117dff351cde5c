#include "table/line.h"

#include <gtest/gtest.h>

#include <random>

#include "table/expiry_mark.h"
#include "table/geometry.h"

namespace plimsoll {
namespace {

TEST(Line, BitsOfTheLineAndTheSlotsDoNotMeet) {
  std::mt19937_64 random(1);
  Line line{};
  uint64_t words[Line::kSlots] = {};
  unsigned reach = 0, mark = 0;
  bool epoch = false;
  for (int round = 0; round < 20000; ++round) {
    switch (random() % 4) {
      case 0:
        line.set_reach(reach = random() % 8);
        break;
      case 1:
        line.set_mark(mark = random() % 4096);
        break;
      case 2:
        line.set_epoch(epoch = random() % 2);
        break;
      default: {
        const unsigned i = random() % Line::kSlots;
        words[i] = random() & ~slot::kLineBits;
        line.put(i, words[i] | (random() & slot::kLineBits));
      }
    }
    ASSERT_EQ(line.reach(), reach);
    ASSERT_EQ(line.mark(), mark);
    ASSERT_EQ(line.epoch(), epoch);
    for (unsigned i = 0; i < Line::kSlots; ++i) ASSERT_EQ(line.load(i) & ~slot::kLineBits, words[i]);
  }
}

TEST(Line, MatchFindsExactlyTheSlotsWithThePattern) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 20000; ++round) {
    Line line{};
    line.set_mark(random() % 4096);
    const uint32_t tag = random() % 4;
    const unsigned displacement = random() % 3;
    unsigned expected = 0, occupied = 0;
    for (unsigned i = 0; i < Line::kSlots; ++i) {
      const uint32_t its_tag = random() % 4;
      const unsigned its_displacement = random() % 3;
      line.put(i, (random() & slot::kAddress) | 16 | slot::pattern(its_tag, its_displacement) |
                      slot::state_bits(random() & 255));
      if (random() % 3 == 0) line.put(i, 0);
      const bool there = line.load(i) & slot::kAddress;
      occupied |= there << i;
      if (there && its_tag == tag && its_displacement == displacement) expected |= 1u << i;
    }
    ASSERT_EQ(line.match(slot::pattern(tag, displacement)) & occupied, expected);
    ASSERT_EQ(line.occupied(), occupied);
    ASSERT_EQ(line.vacant(), occupied ^ 255);
  }
}

TEST(Geometry, TagsAreRecoveredFromHomeAndFingerprint) {
  for (uint32_t lines = kExactHomes + slot::kMaxDisplacement; lines <= kMaxLines; ++lines) {
    const uint32_t homes = homes_of(lines);
    for (uint32_t tag = lines % 7; tag < 1u << kTagBits; tag += 7) {
      ASSERT_EQ(exact_tag(home_of(tag, homes), homes, tag & 255), tag) << lines;
    }
  }
}

TEST(Geometry, FirstTagIsTheLeastWithItsHome) {
  for (uint32_t lines = 1; lines <= kMaxLines; ++lines) {
    const uint32_t homes = homes_of(lines);
    EXPECT_GE(homes, 1u);
    for (uint32_t home = 0; home < homes; ++home) {
      const uint32_t tag = first_tag(home, homes);
      ASSERT_EQ(home_of(tag, homes), home);
      if (home != 0) {
        ASSERT_EQ(home_of(tag - 1, homes), home - 1);
      }
    }
    ASSERT_EQ(first_tag(homes, homes), 1u << kTagBits);
  }
}

TEST(Geometry, NumbersOfLinesGrowToTheMost) {
  uint32_t lines = 1;
  while (lines < kMaxLines) {
    const uint32_t next = next_lines(lines);
    ASSERT_GT(next, lines);
    ASSERT_TRUE(next <= kHeapLines || next % kLinesPerPage == 0) << next;
    ASSERT_GE(most_entries(next), most_entries(lines));
    lines = next;
  }
  EXPECT_EQ(lines, kMaxLines);
  for (uint32_t entries = 0; entries < kMaxLines * Line::kSlots; ++entries) {
    const uint32_t fitting = fitting_lines(entries);
    ASSERT_TRUE(fitting <= kHeapLines || fitting % kLinesPerPage == 0);
    if (fitting < kMaxLines) {
      ASSERT_LE(entries, most_entries(fitting));
    }
  }
}

TEST(ExpiryMark, MeansItsUnitWithinTheWindowAndItsEndBeyond) {
  std::mt19937_64 random(3);
  const int64_t end = (kMarkWindow - 1) << kMarkUnitShift;
  for (int round = 0; round < 200000; ++round) {
    const int64_t page = static_cast<int64_t>(random() >> (20 + random() % 40));
    const int64_t ahead = static_cast<int64_t>(random() >> (20 + random() % 44));
    const int64_t meant = read_mark(make_mark(page + ahead, page), page);
    ASSERT_LE(meant, page + ahead);
    ASSERT_GE(meant, page);
    if (ahead < end) {
      ASSERT_LT(page + ahead - meant, int64_t{1} << kMarkUnitShift);
    } else {
      ASSERT_GT(meant, page + end - (int64_t{1} << kMarkUnitShift));
    }
  }
  EXPECT_EQ(read_mark(kNoMark, 5), kNever);
}

TEST(ExpiryMark, LoweringThePageNeverMakesAMarkMeanLater) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 200000; ++round) {
    const int64_t page = static_cast<int64_t>(random() >> (20 + random() % 30));
    const int64_t lower = page - static_cast<int64_t>(random() % (static_cast<uint64_t>(page) + 1));
    const unsigned mark = make_mark(page + static_cast<int64_t>(random() >> (20 + random() % 44)), page);
    ASSERT_LE(read_mark(mark, lower), read_mark(mark, page));
  }
}

TEST(ExpiryMark, RaisingThePageToNoLaterThanAMarkMeansKeepsItsMeaning) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200000; ++round) {
    const int64_t page = static_cast<int64_t>(random() >> (20 + random() % 30));
    const unsigned mark = make_mark(page + static_cast<int64_t>(random() % (5u << 20)), page);
    const int64_t meant = read_mark(mark, page);
    if (meant == page) continue;  // due together with the page: the sweep reads the line
    const int64_t higher = page + static_cast<int64_t>(random() % static_cast<uint64_t>(meant - page + 1));
    ASSERT_EQ(read_mark(mark, higher), meant);
  }
}

}  // namespace
}  // namespace plimsoll
