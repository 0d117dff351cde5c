// Process memory: parsers on recorded and made-up files, and the live /proc.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zmalloc/process_memory.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "made_up_files.h"

namespace zm {
namespace {

constexpr const char* kRecorded = ZMALLOC_TEST_DATA "/proc";
constexpr pid_t kOddProcess = 100;  // named "odd) S 1 (na me"

using Smaps = test::Files;
using Stat = test::Files;

TEST(RecordedSmaps, SumsAndNames) {
  std::map<std::string, std::uint64_t> rss_by_name;
  std::size_t mappings = 0;
  ASSERT_EQ(read_smaps(
                kOddProcess,
                [&](const SmapsMapping& mapping) {
                  ++mappings;
                  rss_by_name[std::string(mapping.name)] += mapping.bytes[SmapsField::rss];
                  EXPECT_EQ(mapping.permissions.size(), 4u);
                  EXPECT_EQ(mapping.end - mapping.start, mapping.bytes[SmapsField::size]);
                },
                kRecorded),
            0);
  EXPECT_EQ(mappings, 15u);
  EXPECT_EQ(rss_by_name.at("/srv/odd dir/new\\012line (x) file"), 40u * 1024);
  EXPECT_EQ(rss_by_name.count("/srv/gone file (deleted)"), 1u);
  EXPECT_EQ(rss_by_name.count("[heap]"), 1u);
  EXPECT_EQ(rss_by_name.count("[vsyscall]"), 1u);
  SmapsBytes totals;
  ASSERT_EQ(read_smaps_totals(kOddProcess, &totals, kRecorded), 0);
  EXPECT_EQ(totals[SmapsField::size], 1848u * 1024);
  EXPECT_EQ(totals[SmapsField::rss], 1716u * 1024);
  EXPECT_EQ(totals[SmapsField::pss], 1708u * 1024);
  EXPECT_EQ(totals[SmapsField::private_dirty], 1688u * 1024);
  EXPECT_EQ(totals[SmapsField::anonymous], 1640u * 1024);
  EXPECT_EQ(totals[SmapsField::kernel_page_size], 4096u) << "page sizes do not add up";
  EXPECT_TRUE(totals.known(SmapsField::ksm));
  EXPECT_FALSE(totals.known(SmapsField::pss_anon)) << "only the rollup has it";
  std::uint64_t bytes = 0;
  EXPECT_EQ(sum_smaps_lines(kOddProcess, "Pss:", &bytes, kRecorded), 0);
  EXPECT_EQ(bytes, 1708u * 1024);
}

TEST(RecordedSmaps, Rollup) {
  SmapsBytes totals;
  ASSERT_EQ(read_smaps_rollup(kOddProcess, &totals, kRecorded), 0);
  EXPECT_EQ(totals[SmapsField::rss], 14756u * 1024);
  EXPECT_EQ(totals[SmapsField::pss_shmem], 1024u * 1024);
  EXPECT_EQ(totals[SmapsField::locked], 0u);
  EXPECT_TRUE(totals.known(SmapsField::locked));
  EXPECT_FALSE(totals.known(SmapsField::size));
}

TEST(RecordedStat, NameWithParenthesesAndBlanks) {
  std::uint64_t bytes = 0;
  ASSERT_EQ(read_resident(kOddProcess, &bytes, kRecorded), 0);
  EXPECT_EQ(bytes, 3672u * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
}

TEST(StatText, Field24) {
  const std::string tail = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20";  // fields 3 to 23
  std::uint64_t pages = 0;
  for (const char* name : {"1 (sh)", "1 ()", "1 (a) b) R 9 (c)", "1 ((()", "1 ( ) )"}) {
    EXPECT_TRUE(parse_stat_resident_pages(name + tail + " 777 99\n", &pages)) << name;
    EXPECT_EQ(pages, 777u) << name;
  }
  EXPECT_TRUE(parse_stat_resident_pages("1 (x)" + tail + " 5\n", &pages));
  for (const std::string& bad : {std::string(), std::string("1 sh"), "1 (x" + tail + " 5 6", "1 (x)" + tail,
                                 "1 (x)" + tail + " ", "1 (x)" + tail + " 77", "1 (x)" + tail + " -5 6",
                                 "1 (x)" + tail + " 5x 6", "1 (x)" + tail + " 99999999999999999999999 6"}) {
    EXPECT_FALSE(parse_stat_resident_pages(bad, &pages)) << bad;
  }
}

TEST_F(Stat, HugeAndBrokenFiles) {
  const std::string head = "5 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 ";
  std::uint64_t bytes = 42;
  write("5/stat", head + "18446744073709551615 1\n");
  EXPECT_EQ(read_resident(5, &bytes, root().c_str()), 0);
  EXPECT_EQ(bytes, UINT64_MAX);
  bytes = 42;
  write("6/stat", "6 (x) S 1 2");
  EXPECT_EQ(read_resident(6, &bytes, root().c_str()), EBADMSG);
  write("7/stat", "");
  EXPECT_EQ(read_resident(7, &bytes, root().c_str()), EBADMSG);
  EXPECT_EQ(read_resident(8, &bytes, root().c_str()), ENOENT);
  EXPECT_EQ(bytes, 42u) << "outputs are written on success only";
}

TEST_F(Smaps, HugeMappings) {
  write("5/smaps",
        "00000000-ffffffffffffffff rw-p 00000000 00:00 0 \n"
        "Size:  18014398509481983 kB\nRss:   99999999999999999 kB\nPss: 5 kB\n"
        "7f0000000000-7f4000000000 rw-p 00000000 00:00 0    [anon: a  name ]\n"
        "Size:  268435456 kB\nRss:   99999999999999999 kB\nNewField: what ever\n");
  SmapsBytes totals;
  ASSERT_EQ(read_smaps_totals(5, &totals, root().c_str()), 0);
  EXPECT_EQ(totals[SmapsField::rss], UINT64_MAX) << "sums stop at the end instead of wrapping";
  EXPECT_EQ(totals[SmapsField::pss], 5u * 1024);
}

TEST_F(Smaps, ManyMappingsAcrossReadBoundaries) {
  std::string text;
  std::uint64_t kilobytes = 0;
  for (int i = 0; i < 20000; ++i) {
    text += "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 " +
            std::string(static_cast<std::size_t>(i % 61), ' ') + "/name\nRss: " + std::to_string(i) +
            " kB\nVmFlags: rd wr\n";
    kilobytes += static_cast<std::uint64_t>(i);
  }
  write("5/smaps", text);
  std::size_t mappings = 0;
  std::uint64_t bytes = 0;
  ASSERT_EQ(read_smaps(
                5,
                [&](const SmapsMapping& mapping) {
                  ++mappings;
                  bytes += mapping.bytes[SmapsField::rss];
                  ASSERT_EQ(mapping.name, "/name");
                },
                root().c_str()),
            0);
  EXPECT_EQ(mappings, 20000u);
  EXPECT_EQ(bytes, kilobytes * 1024);
}

// Cut at every byte, a file never yields more than the whole and never a number cut short.
TEST_F(Smaps, TruncatedAnywhere) {
  const std::string text =
      "1000-3000 rw-p 00000000 00:00 0 [heap]\nSize:    8 kB\nRss:    8 kB\nPss:  1234 kB\n"
      "5000-6000 r--p 00000000 00:00 0 /a b\nRss:   16 kB";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    write("5/smaps", text.substr(0, length));
    SmapsBytes totals;
    const int error = read_smaps_totals(5, &totals, root().c_str());
    EXPECT_TRUE(error == 0 || error == EBADMSG) << length;
    EXPECT_TRUE(totals[SmapsField::pss] == 0 || totals[SmapsField::pss] == 1234 * 1024) << length;
    EXPECT_LE(totals[SmapsField::rss], 24u * 1024);
  }
}

TEST_F(Smaps, GarbageIsCountedAndSkipped) {
  std::vector<std::string> names;
  SmapsParser parser(
      [](void* context, const SmapsMapping& mapping) {
        static_cast<std::vector<std::string>*>(context)->emplace_back(mapping.name);
      },
      &names);
  const std::string long_name(20000, 'n');
  for (const std::string& line :
       {std::string("Rss: 5 kB"), std::string("garbage"), std::string("zz-10 rw-p"),
        std::string("20-10 rw-p"), std::string("-"), std::string(), std::string("10-20"),
        std::string("Rss: five kB"), std::string("Rss: 5 MB"), std::string("Rss: 5"), std::string("Rss:"),
        "30-40 rw-p 0 0:0 0 " + long_name, std::string("Rss: 7 kB")}) {
    parser.take_line(line);
  }
  parser.finish();
  EXPECT_EQ(parser.mappings(), 2u);
  EXPECT_EQ(parser.bad_lines(), 9u);
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[0], "");
  EXPECT_LT(names[1].size(), SmapsParser::kLongestLine);
  EXPECT_EQ(names[1].find_first_not_of('n'), std::string::npos);
}

TEST_F(Smaps, FilesThatAreNotThere) {
  SmapsBytes totals;
  totals.set(SmapsField::rss, 1);
  EXPECT_EQ(read_smaps_totals(5, &totals, root().c_str()), ENOENT);
  EXPECT_EQ(read_smaps_rollup(5, &totals, root().c_str()), ENOENT);
  EXPECT_EQ(read_smaps_totals(5, &totals, std::string(9000, 'p').c_str()), ENAMETOOLONG);
  write("5/smaps", "no mapping at all\n");
  EXPECT_EQ(read_smaps_totals(5, &totals, root().c_str()), EBADMSG);
  EXPECT_EQ(totals[SmapsField::rss], 1u);
  write("6/smaps", "");
  EXPECT_EQ(read_smaps_totals(6, &totals, root().c_str()), 0) << "a kernel thread has no mappings";
  EXPECT_EQ(totals[SmapsField::rss], 0u);
}

TEST(SmapsFields, AreFoundByName) {
  SmapsField field{};
  EXPECT_TRUE(find_smaps_field("Private_Dirty", &field));
  EXPECT_EQ(field, SmapsField::private_dirty);
  EXPECT_TRUE(find_smaps_field("anonhugepages:", &field));
  EXPECT_EQ(field, SmapsField::anon_huge_pages);
  EXPECT_FALSE(find_smaps_field("Rs", &field));
  EXPECT_FALSE(find_smaps_field("", &field));
  for (std::size_t i = 0; i < kSmapsFieldCount; ++i) {
    ASSERT_TRUE(find_smaps_field(smaps_field_name(static_cast<SmapsField>(i)), &field));
    EXPECT_EQ(static_cast<std::size_t>(field), i);
  }
}

// The live kernel knows no kB field that this library does not.
TEST(LiveProc, EveryFieldOfThisKernelIsKnown) {
  for (const char* path : {"/proc/self/smaps", "/proc/self/smaps_rollup"}) {
    std::ifstream file(path);
    if (!file) GTEST_SKIP() << path;
    for (std::string line; std::getline(file, line);) {
      const std::string name = line.substr(0, line.find(' '));
      SmapsField field{};
      const bool in_bytes = name.back() == ':' && line.ends_with(" kB");
      EXPECT_TRUE(!in_bytes || find_smaps_field(name, &field)) << line;
    }
  }
}

TEST(LiveProc, TouchedPagesShow) {
  constexpr std::size_t kBytes = 32 << 20;
  SmapsBytes before;
  ASSERT_EQ(read_smaps_rollup(-1, &before), 0);
  std::uint64_t resident_before = 0;
  ASSERT_EQ(read_resident(-1, &resident_before), 0);
  void* pages = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(pages, 1, kBytes);
  SmapsBytes rollup;
  SmapsBytes totals;
  std::uint64_t resident = 0;
  EXPECT_EQ(read_smaps_rollup(getpid(), &rollup), 0);
  EXPECT_EQ(read_smaps_totals(-1, &totals), 0);
  EXPECT_EQ(read_resident(-1, &resident), 0);
  munmap(pages, kBytes);
  EXPECT_GE(rollup[SmapsField::anonymous], before[SmapsField::anonymous] + kBytes);
  EXPECT_GE(rollup[SmapsField::private_dirty], before[SmapsField::private_dirty] + kBytes);
  EXPECT_GE(resident + (1 << 20), resident_before + kBytes) << "the kernel counts in batches";
  const auto apart = static_cast<std::int64_t>(totals[SmapsField::rss] - rollup[SmapsField::rss]);
  EXPECT_LT(std::abs(apart), 4 << 20);
}

TEST(LiveProc, NoSuchProcess) {
  SmapsBytes totals;
  std::uint64_t bytes = 0;
  EXPECT_EQ(read_smaps_totals(1 << 30, &totals), ENOENT);
  EXPECT_EQ(read_resident(1 << 30, &bytes), ENOENT);
}

TEST(LiveProc, Machine) {
  EXPECT_GT(physical_memory(), std::uint64_t{64} << 20);
  EXPECT_EQ(physical_memory() % static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)), 0u);
}

}  // namespace
}  // namespace zm
