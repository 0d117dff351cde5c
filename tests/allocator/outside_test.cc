// What the kernel counts beside the ledger: recorded and made-up files, and the live /proc.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <zmalloc/line.h>
#include <zmalloc/process_memory.h>
#include <zmalloc/region.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "made_up_files.h"

namespace zm {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

// Of the recorded process.
constexpr std::uint64_t kRss = 1716 * kKiB;
constexpr std::uint64_t kAnonymous = 1640 * kKiB;
constexpr std::uint64_t kPageTables = 84 * kKiB;
// Of the recorded group of version 1, with the groups below it.
constexpr std::uint64_t kFileCache = 1807458304;

class Outside : public test::Files {
 protected:
  // The recorded process in the calling one's place.
  void SetUp() override {
    Files::SetUp();
    fs::create_directories(root() + "/self");
    for (const char* file : {"smaps", "status"}) {
      fs::copy_file(std::string(ZMALLOC_TEST_DATA "/proc/100/") + file, root() + "/self/" + file);
    }
  }

  // In a group with the recorded statistics.
  void join_group(const std::string& limit, const std::string& usage) {
    write("self/cgroup", "4:memory:/jobs\n");
    write("self/mountinfo", "41 25 0:31 / /memory rw - cgroup cgroup rw,memory\n");
    write("memory/jobs/memory.limit_in_bytes", limit + "\n");
    write("memory/jobs/memory.usage_in_bytes", usage + "\n");
    fs::copy_file(ZMALLOC_TEST_DATA "/cgroup_v1/memory.stat", root() + "/memory/jobs/memory.stat");
  }

  int measure() { return line::measure_outside(&bytes_, root().c_str(), root().c_str()); }
  void remove(const std::string& path) { fs::remove(root() + "/" + path); }

  std::size_t bytes_ = 42;
};

TEST_F(Outside, WithoutAGroupItIsResidentPagesAndPageTables) {
  ASSERT_EQ(measure(), 0);
  EXPECT_EQ(bytes_, kRss + kPageTables);
}

TEST_F(Outside, InALimitedGroupItIsAllThatTheGroupHoldsButFileCache) {
  join_group("4000000000", std::to_string(kFileCache + 90 * kMiB));
  ASSERT_EQ(measure(), 0);
  EXPECT_EQ(bytes_, 90 * kMiB);
}

TEST_F(Outside, ItIsNeverLessThanThePagesOfThisProcess) {
  join_group("4000000000", std::to_string(kFileCache + 4096));
  ASSERT_EQ(measure(), 0);
  EXPECT_EQ(bytes_, kAnonymous);
  write("memory/jobs/memory.usage_in_bytes", "4096\n");
  ASSERT_EQ(measure(), 0) << "the two figures are not of the same moment: cache may exceed the usage";
  EXPECT_EQ(bytes_, kAnonymous);
}

TEST_F(Outside, InAGroupOfVersion2) {
  write("self/cgroup", "0::/jobs\n");
  write("self/mountinfo", "35 25 0:30 / /unified rw - cgroup2 cgroup2 rw\n");
  write("unified/jobs/memory.max", "1000000000\n");
  write("unified/jobs/memory.current", "90000000\n");
  write("unified/jobs/memory.stat",
        "anon 50000000\nfile 31000000\nkernel_stack 16384\npagetables 90112\nsock 0\nshmem 1000000\n"
        "inactive_anon 50000000\nactive_anon 0\ninactive_file 20000000\nactive_file 10000000\n");
  ASSERT_EQ(measure(), 0);
  EXPECT_EQ(bytes_, 60'000'000u);
}

TEST_F(Outside, AGroupThatDoesNotSayIsNone) {
  join_group("9223372036854771712", "90000000");
  ASSERT_EQ(measure(), 0);
  EXPECT_EQ(bytes_, kRss + kPageTables) << "not limited";
  write("memory/jobs/memory.limit_in_bytes", "4000000000\n");
  for (const char* file : {"memory/jobs/memory.usage_in_bytes", "memory/jobs/memory.stat"}) {
    for (const char* text : {"", "garbage\n", "-1\n", "99999999999999999999999\n"}) {
      write(file, text);
      ASSERT_EQ(measure(), 0);
      EXPECT_EQ(bytes_, kRss + kPageTables) << file << ": " << text;
    }
    remove(file);
    ASSERT_EQ(measure(), 0);
    EXPECT_EQ(bytes_, kRss + kPageTables) << "no " << file;
    write("memory/jobs/memory.usage_in_bytes", "90000000\n");
  }
  write("self/mountinfo", "garbage\n");
  ASSERT_EQ(measure(), 0);
  EXPECT_EQ(bytes_, kRss + kPageTables);
}

TEST_F(Outside, MissingFiles) {
  remove("self/status");
  EXPECT_EQ(measure(), ENOENT);
  join_group("4000000000", std::to_string(kFileCache + 90 * kMiB));
  EXPECT_EQ(measure(), 0) << "a group counts page tables itself";
  EXPECT_EQ(bytes_, 90 * kMiB);
  bytes_ = 42;
  remove("self/smaps");
  EXPECT_EQ(measure(), ENOENT);
  EXPECT_EQ(line::measure_outside(&bytes_, std::string(9000, 'p').c_str()), ENAMETOOLONG);
  EXPECT_EQ(bytes_, 42u) << "outputs are written on success only";
}

TEST_F(Outside, MalformedStatus) {
  for (const char* text :
       {"", "VmPTE:", "VmPTE:\n", "VmPTE:\t84\n", "VmPTE:\t84 MB\n", "VmPTE:\t-84 kB\n", "VmPTE:\tmany kB\n",
        "VmPTE:\t99999999999999999999999 kB\n", "VmPTEs:\t84 kB\n", "Name:\tVmPTE: 84 kB\n"}) {
    write("self/status", text);
    ASSERT_EQ(measure(), 0);
    EXPECT_EQ(bytes_, kRss) << text;
  }
  for (const char* text : {"VmPTE: 84 kB", "Name:\tx\nVmPTE:\t      84 kB\nVmSwap:\t       9 kB\n"}) {
    write("self/status", text);
    ASSERT_EQ(measure(), 0);
    EXPECT_EQ(bytes_, kRss + kPageTables) << text;
  }
}

TEST_F(Outside, MalformedMappings) {
  write("self/smaps", "garbage\n");
  EXPECT_EQ(measure(), EBADMSG);
  EXPECT_EQ(bytes_, 42u);
  const std::string mapping = "1000-2000 rw-p 00000000 00:00 0 \n";
  write("self/smaps", mapping + "Rss:   8 kB\nRss: what kB\nAnonymous: 8\n");
  ASSERT_EQ(measure(), 0);
  EXPECT_EQ(bytes_, 8 * kKiB + kPageTables) << "what makes no sense is skipped";
  write("self/smaps", mapping + "Rss:   99999999999999999 kB\n");
  ASSERT_EQ(measure(), 0);
  EXPECT_EQ(bytes_, UINT64_MAX) << "sums stop at the end instead of wrapping";
}

TEST_F(Outside, WhatTheLedgerCoversIsLeftOut) {
  RegionPool pool(64 * kMiB);
  void* range = pool.acquire();
  ASSERT_NE(range, nullptr);
  ASSERT_TRUE(line::covers(range));
  const auto start = reinterpret_cast<std::uintptr_t>(range);
  char line[100];
  std::snprintf(line, sizeof(line), "%zx-%zx rw-p 00000000 00:00 0 \n", start, start + 8 * kMiB);
  write("self/smaps", std::string(line) + "Rss: 8192 kB\nAnonymous: 8192 kB\n" +
                          "1000-2000 rw-p 00000000 00:00 0 \nRss: 300 kB\nAnonymous: 200 kB\n");
  ASSERT_EQ(measure(), 0);
  EXPECT_EQ(bytes_, 300 * kKiB + kPageTables);
  join_group("4000000000", std::to_string(kFileCache + 20 * kMiB));
  ASSERT_EQ(measure(), 0);
  EXPECT_EQ(bytes_, 12 * kMiB) << "the group's 20 MiB less the ledger's 8";
  pool.release(range, 0, Tag::table);
}

// The live kernel's files say at least what this process has touched.
TEST(LiveOutside, TouchedPagesAreInIt) {
  constexpr std::size_t kBytes = 64 * kMiB;
  void* pages = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  std::memset(pages, 1, kBytes);
  std::size_t bytes = 0;
  SmapsBytes totals;
  EXPECT_EQ(line::measure_outside(&bytes), 0);
  EXPECT_EQ(read_smaps_totals(-1, &totals), 0);
  munmap(pages, kBytes);
  EXPECT_GE(bytes, kBytes);
  CgroupMemory group{};
  if (read_cgroup_memory(&group) == 0 && group.limited) return;  // other processes are in it too
  EXPECT_GE(bytes + 2 * kMiB, totals[SmapsField::rss]);
  EXPECT_LE(bytes, totals[SmapsField::rss] + 4 * kMiB) << "page tables of so small a process";
}

}  // namespace
}  // namespace zm
