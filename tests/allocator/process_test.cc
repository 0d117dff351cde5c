// Process memory: parsers on recorded and made-up files, and the live /proc.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zmalloc/process_memory.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace zm {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecorded = ZMALLOC_TEST_DATA "/proc";
constexpr pid_t kOddProcess = 100;  // named "odd) S 1 (na me"

// A directory of made-up files that goes away with the test.
class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "zmalloc-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    const fs::path file = root_ / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  std::string root() const { return root_.string(); }

 private:
  fs::path root_;
};

using Smaps = Files;
using Stat = Files;

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

class Cgroup : public Files {
 protected:
  int read() { return read_cgroup_memory(&memory_, (root() + "/self").c_str(), root().c_str()); }
  std::string directory() const { return std::string(memory_.directory.data()).substr(root().size()); }
  CgroupMemory memory_{};
};

constexpr const char* kMountV2 =
    "25 30 0:23 / /sys rw - sysfs sysfs rw\n35 25 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 "
    "rw\n";

TEST_F(Cgroup, Version2) {
  write("self/cgroup", "0::/user.slice/app\n");
  write("self/mountinfo", kMountV2);
  write("sys/fs/cgroup/user.slice/app/memory.max", "104857600\n");
  write("sys/fs/cgroup/user.slice/app/memory.current", "5000\n");
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(memory_.version, 2);
  EXPECT_TRUE(memory_.limited);
  EXPECT_EQ(memory_.limit, 104857600u);
  EXPECT_TRUE(memory_.usage_known);
  EXPECT_EQ(memory_.usage, 5000u);
  EXPECT_EQ(directory(), "/sys/fs/cgroup/user.slice/app");
}

TEST_F(Cgroup, TheSmallestLimitOnThePathBinds) {
  write("self/cgroup", "0::/a/b/c\n");
  write("self/mountinfo", kMountV2);
  write("sys/fs/cgroup/a/b/c/memory.max", "max\n");
  write("sys/fs/cgroup/a/b/c/memory.current", "10\n");
  write("sys/fs/cgroup/a/b/memory.max", "4000\n");
  write("sys/fs/cgroup/a/b/memory.current", "20\n");
  write("sys/fs/cgroup/a/memory.max", "3000\n");
  write("sys/fs/cgroup/a/memory.current", "30\n");
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(memory_.limit, 3000u);
  EXPECT_EQ(memory_.usage, 30u) << "what counts against that limit";
  EXPECT_EQ(directory(), "/sys/fs/cgroup/a");
}

TEST_F(Cgroup, WithoutALimit) {
  write("self/cgroup", "0::/a\n");
  write("self/mountinfo", kMountV2);
  write("sys/fs/cgroup/a/memory.max", "max\n");
  write("sys/fs/cgroup/a/memory.current", "10\n");
  ASSERT_EQ(read(), 0);
  EXPECT_FALSE(memory_.limited);
  EXPECT_EQ(memory_.limit, 0u);
  EXPECT_EQ(memory_.usage, 10u);
}

TEST_F(Cgroup, TheRootGroupHasNoFiles) {
  write("self/cgroup", "0::/\n");
  write("self/mountinfo", kMountV2);
  write("sys/fs/cgroup/cgroup.procs", "1\n");
  ASSERT_EQ(read(), 0);
  EXPECT_FALSE(memory_.limited);
  EXPECT_FALSE(memory_.usage_known);
}

TEST_F(Cgroup, InAContainerTheMountShowsASubtree) {
  write("self/cgroup", "0::/docker/abc\n");
  write("self/mountinfo", "35 25 0:30 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  write("sys/fs/cgroup/memory.max", "777\n");
  write("sys/fs/cgroup/memory.current", "7\n");
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(memory_.limit, 777u);
  write("self/cgroup", "0::/docker/abcdef\n");
  ASSERT_EQ(read(), 0) << "a name that only begins alike is outside: the mount's top is what can be seen";
  EXPECT_EQ(memory_.limit, 777u);
  write("self/cgroup", "0::/../../other\n");
  write("self/mountinfo", kMountV2);
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(directory(), "/sys/fs/cgroup");
}

constexpr const char* kForeignMountV2 = "34 25 0:30 /other /mnt/other rw - cgroup2 cgroup2 rw\n";
constexpr const char* kSubtreeMountV2 = "36 25 0:30 /jobs /mnt/jobs rw - cgroup2 cgroup2 rw\n";

TEST_F(Cgroup, OfSeveralMountsTheOneThatHoldsTheGroupIsRead) {
  write("self/cgroup", "0::/jobs/7\n");
  write("mnt/other/memory.max", "1\n");
  write("mnt/jobs/7/memory.max", "500\n");
  write("mnt/jobs/7/memory.current", "5\n");
  for (const std::string& order :
       {std::string(kForeignMountV2) + kSubtreeMountV2, std::string(kSubtreeMountV2) + kForeignMountV2}) {
    write("self/mountinfo", order);
    ASSERT_EQ(read(), 0);
    EXPECT_EQ(memory_.limit, 500u) << order;
    EXPECT_EQ(directory(), "/mnt/jobs/7");
  }
}

TEST_F(Cgroup, OfSeveralMountsTheOneThatShowsMostAncestorsIsRead) {
  write("self/cgroup", "0::/jobs/7\n");
  write("mnt/jobs/7/memory.max", "500\n");
  write("sys/fs/cgroup/jobs/7/memory.max", "500\n");
  write("sys/fs/cgroup/jobs/memory.max", "400\n");
  for (const std::string& order :
       {std::string(kSubtreeMountV2) + kMountV2, std::string(kMountV2) + kSubtreeMountV2}) {
    write("self/mountinfo", order);
    ASSERT_EQ(read(), 0);
    EXPECT_EQ(memory_.limit, 400u) << order;
  }
}

TEST_F(Cgroup, AMountOverAnotherHidesIt) {
  write("self/cgroup", "0::/jobs/7\n");
  write("self/mountinfo",
        std::string(kMountV2) + "40 35 0:30 /jobs/7 /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n");
  write("sys/fs/cgroup/memory.max", "300\n");
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(memory_.limit, 300u);
  EXPECT_EQ(directory(), "/sys/fs/cgroup");
}

TEST_F(Cgroup, Version1WithSeveralMounts) {
  write("self/cgroup", "4:memory:/jobs/7\n");
  write("self/mountinfo",
        "40 25 0:31 /other /mnt/other rw - cgroup cgroup rw,memory\n"
        "41 25 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  write("mnt/other/memory.limit_in_bytes", "1\n");
  write("sys/fs/cgroup/memory/jobs/7/memory.limit_in_bytes", "600\n");
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(memory_.limit, 600u);
}

TEST_F(Cgroup, Version1) {
  write("self/cgroup", "12:cpu,cpuacct:/x\n4:hugetlb,memory:/jobs/7\n1:name=systemd:/y\n0::/z\n");
  write("self/mountinfo",
        "40 25 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
        "41 25 0:32 / /sys/fs/cgroup/my\\040mem rw shared:1 master:2 - cgroup cgroup rw,hugetlb,memory\n"
        "42 25 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  write("sys/fs/cgroup/my mem/jobs/7/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/my mem/jobs/7/memory.usage_in_bytes", "11\n");
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(memory_.version, 1);
  EXPECT_FALSE(memory_.limited) << "this number means no limit";
  EXPECT_EQ(memory_.usage, 11u);
  write("sys/fs/cgroup/my mem/jobs/memory.limit_in_bytes", "5000000000\n");
  write("sys/fs/cgroup/my mem/jobs/memory.usage_in_bytes", "22\n");
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(memory_.limit, 5000000000u);
  EXPECT_EQ(memory_.usage, 22u);
  EXPECT_EQ(directory(), "/sys/fs/cgroup/my mem/jobs");
}

TEST_F(Cgroup, MissingAndBrokenFiles) {
  memory_.version = 9;
  EXPECT_EQ(read(), ENOENT);
  write("self/cgroup", "0::/a\n");
  EXPECT_EQ(read(), ENOENT);
  write("self/mountinfo", "nonsense\n - \n1 2 3\n1 2 3 - cgroup2\n");
  EXPECT_EQ(read(), ENOENT);
  write("self/cgroup", "\n:\n::\n0:\nmemory\n");
  write("self/mountinfo", kMountV2);
  EXPECT_EQ(read(), ENOENT);
  EXPECT_EQ(memory_.version, 9);
  write("self/cgroup", "0::/a\n");
  for (const char* bad : {"", "\n", "-5\n", "12x\n", "99999999999999999999999\n"}) {
    write("sys/fs/cgroup/a/memory.max", bad);
    ASSERT_EQ(read(), 0);
    EXPECT_FALSE(memory_.limited) << bad;
  }
  write("self/cgroup", "0::/" + std::string(3000, 'd') + "\n");
  EXPECT_EQ(read(), ENOENT) << "a path too long to be opened is no group";
}

TEST(LiveCgroup, ReadsOrSaysThatThereIsNone) {
  CgroupMemory memory{};
  const int error = read_cgroup_memory(&memory);
  EXPECT_TRUE(error == 0 || error == ENOENT) << error;
  if (error == 0 && memory.usage_known) {
    EXPECT_GT(memory.usage, 0u);
  }
}

}  // namespace
}  // namespace zm
