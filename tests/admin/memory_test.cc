#include <gtest/gtest.h>

#include <algorithm>

#include "admin/memory_doctor.h"
#include "admin/memory_report.h"
#include "admin/process_sampler.h"

namespace plimsoll::server {
namespace {

struct Mapping {
  uint64_t start;
  uint64_t end;
  const char* permissions;
  const char* name;
  uint64_t rss;
};

struct Sorted {
  uint64_t code_and_stacks;
  uint64_t uncovered;
  bool operator==(const Sorted&) const = default;
};

// Addresses from 0x10000000 on are covered.
Sorted sorted(std::initializer_list<Mapping> mappings) {
  MappingSorter sorter(
      [](const void* address) noexcept { return reinterpret_cast<uintptr_t>(address) >= 0x10000000; });
  for (const Mapping& mapping : mappings) {
    zm::SmapsMapping visited{mapping.start, mapping.end, mapping.permissions, mapping.name, {}};
    visited.bytes.set(zm::SmapsField::rss, mapping.rss);
    sorter.take(visited);
  }
  return {sorter.code_and_stacks(), sorter.uncovered()};
}

TEST(MappingSorter, FilesAndTheirZeroedData) {
  EXPECT_EQ(sorted({{0x1000, 0x2000, "r-xp", "/bin/x", 1},
                    {0x2000, 0x3000, "rw-p", "/bin/x", 2},
                    {0x3000, 0x4000, "rw-p", "", 4},  // directly behind: zeroed data
                    {0x5000, 0x6000, "rw-p", "", 8},  // a gap: the heap
                    {0x6000, 0x7000, "rw-p", "[heap]", 16}}),
            (Sorted{7, 24}));
}

TEST(MappingSorter, StacksStandBehindAGuard) {
  EXPECT_EQ(sorted({{0x1000, 0x2000, "---p", "", 0},
                    {0x2000, 0x802000, "rw-p", "", 1},
                    {0x900000, 0xa00000, "rw-p", "", 2},
                    {0x7ffd0000, 0x7ffe0000, "rw-p", "[stack]", 4}}),
            (Sorted{5, 2}));
  EXPECT_EQ(sorted({{0x1000, 0x100001000, "---p", "", 0}, {0x100001000, 0x100002000, "rw-p", "", 1}})
                .code_and_stacks,
            0u)
      << "a large reservation is no guard";
}

TEST(MappingSorter, WhatTheLedgerCoversIsNeither) {
  EXPECT_EQ(sorted({{0x5000, 0x6000, "rw-p", "", 1},
                    {0x10000000, 0x10100000, "rw-p", "", 2},
                    {0x20000000, 0x20100000, "rw-p", "/lib/x", 4}}),
            (Sorted{4, 1}));
}

TEST(ProcessSampler, SamplesAtOnceAndWhenAsked) {
  ProcessSampler sampler;
  ProcessSample sample = sampler.last_and_refresh();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  const auto wait_past = [&](int64_t taken_us) {
    while (sample.taken_us == taken_us && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      sample = sampler.last_and_refresh();
    }
    return sample.taken_us != taken_us;
  };
  ASSERT_TRUE(wait_past(0));
  EXPECT_GT(sample.smaps[zm::SmapsField::rss], 0u);
  zm::SmapsBytes rollup;
  if (zm::read_smaps_rollup(-1, &rollup) == 0) {
    EXPECT_EQ(sample.smaps.known_fields, rollup.known_fields) << "the fields are the rollup's";
  }
  EXPECT_GT(sample.code_and_stacks, 0u);
  EXPECT_LE(sample.code_and_stacks, sample.smaps[zm::SmapsField::rss]);
  // Another comes a quarter of a second later at the earliest.
  const int64_t first = sample.taken_us;
  ASSERT_TRUE(wait_past(first));
  EXPECT_GE(sample.taken_us - first, 250'000);
}

MemoryReport report_of(size_t used, size_t dataset_tag) {
  MemoryReport report;
  report.used = used;
  report.peak = used;
  report.tags[static_cast<size_t>(zm::Tag::string)] = dataset_tag;
  report.dataset = dataset_tag;
  report.tags[static_cast<size_t>(zm::Tag::other)] = used - dataset_tag;
  report.rss = used;
  report.allocator.known = true;
  report.allocator.allocated = report.allocator.active = report.allocator.resident = used;
  return report;
}

int64_t part_of(const Breakdown& breakdown, std::string_view name) {
  return std::find_if(breakdown.parts.begin(), breakdown.parts.end(),
                      [&](const Breakdown::Part& part) { return part.name == name; })
      ->bytes;
}

TEST(Breakdown, PartsSumToRss) {
  MemoryReport report = report_of(1000, 600);
  report.tags[static_cast<size_t>(zm::Tag::other)] = 300;
  report.clients = 100;
  report.unfilled = 30;
  report.untouched = 60;
  report.rss = 5000;
  report.allocator.small_fragmentation = 40;
  report.allocator.large_padding = 10;
  report.allocator.thread_caches = 50;
  report.allocator.dirty = 120;
  report.allocator.leaving = 80;
  report.allocator.metadata = 900;
  report.allocator.metadata_in_blocks = 100;
  report.allocator.unrouted = 250;
  report.allocator.foreign = 150;
  report.process.code_and_stacks = 2000;
  report.process.uncovered = 450;
  report.ends_given_back = 20;
  const Breakdown breakdown = break_down(report);
  int64_t sum = 0;
  for (const Breakdown::Part& part : breakdown.parts) sum += part.bytes;
  EXPECT_EQ(sum, 5000);
  EXPECT_EQ(breakdown.parts[0].bytes, 580);
  const auto part = [&](std::string_view name) { return part_of(breakdown, name); };
  EXPECT_EQ(part("other_tags"), 300);
  EXPECT_EQ(part("clients"), 70);
  EXPECT_EQ(part("allocator_fragmentation"), 50);
  EXPECT_EQ(part("thread_caches"), 50);
  EXPECT_EQ(part("dirty_pages"), 140);
  EXPECT_EQ(part("allocator_metadata"), 100 + (450 - 250)) << "mapped is not resident";
  EXPECT_EQ(part("foreign_mallocs"), 150);
  EXPECT_EQ(part("rest"), 5000 - 580 - 300 - 70 - 50 - 50 - 140 - 300 - 150 - 2000);

  report.process.uncovered = 100'000;  // other mappings are not the allocator's
  EXPECT_EQ(part_of(break_down(report), "allocator_metadata"), 900);
}

TEST(MemoryDoctor, FindsWhatIsOutOfTheOrdinary) {
  constexpr size_t kMiB = 1 << 20;
  EXPECT_NE(diagnose_memory(report_of(4 * kMiB, 0), 1).find("Less than 5 MiB"), Text::npos);
  EXPECT_EQ(diagnose_memory(report_of(100 * kMiB, 0), 1), "Nothing is out of the ordinary.\n");

  MemoryReport peaked = report_of(100 * kMiB, 0);
  peaked.peak = 151 * kMiB;
  EXPECT_NE(diagnose_memory(peaked, 1).find("1. Past peak"), Text::npos);

  MemoryReport resident = report_of(100 * kMiB, 0);
  resident.rss = 141 * kMiB;
  const Text text = diagnose_memory(resident, 1);
  EXPECT_NE(text.find("High RSS"), Text::npos) << text;
  EXPECT_NE(text.find("Outside the heap"), Text::npos) << text;

  MemoryReport fragmented = report_of(100 * kMiB, 0);
  fragmented.allocator.active = 115 * kMiB;
  EXPECT_NE(diagnose_memory(fragmented, 1).find("Fragmentation"), Text::npos);

  MemoryReport clients = report_of(100 * kMiB, 0);
  clients.clients = kMiB;
  EXPECT_NE(diagnose_memory(clients, 5).find("Big clients"), Text::npos);
  EXPECT_EQ(diagnose_memory(clients, 6), "Nothing is out of the ordinary.\n");

  MemoryReport at_line = report_of(100 * kMiB, 0);
  at_line.line.limit = 100 * kMiB;
  at_line.line.heap = 90 * kMiB;
  at_line.line.outside = 10 * kMiB;
  EXPECT_EQ(diagnose_memory(at_line, 1), "Nothing is out of the ordinary.\n");
  ++at_line.line.outside;
  EXPECT_NE(diagnose_memory(at_line, 1).find("1. Over the line"), Text::npos);
}

}  // namespace
}  // namespace plimsoll::server
