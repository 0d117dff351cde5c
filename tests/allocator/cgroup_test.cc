// The memory cgroup: made-up hierarchies of both versions, and the one this process is in.
#include <gtest/gtest.h>
#include <zmalloc/process_memory.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "made_up_files.h"

namespace zm {
namespace {

namespace fs = std::filesystem;

class Cgroup : public test::Files {
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

class FileCache : public test::Files {
 protected:
  int read(int version, const std::string& directory) {
    CgroupMemory group{};
    group.version = version;
    directory.copy(group.directory.data(), group.directory.size() - 1);
    return read_cgroup_file_cache(group, &bytes_);
  }
  std::uint64_t bytes_ = 42;
};

TEST_F(FileCache, RecordedVersion1) {
  ASSERT_EQ(read(1, ZMALLOC_TEST_DATA "/cgroup_v1"), 0);
  EXPECT_EQ(bytes_, 1807458304u) << "of the group and all below it";
  ASSERT_EQ(read(2, ZMALLOC_TEST_DATA "/cgroup_v1"), 0);
  EXPECT_EQ(bytes_, 835584u) << "the bare names, which are version 2's";
}

TEST_F(FileCache, Version2) {
  write("memory.stat",
        "anon 1000\nfile 900\nfile_mapped 30\ninactive_anon 1000\ninactive_file 500\nactive_file 300\n"
        "unevictable 100\ntotal_active_file 7\n");
  ASSERT_EQ(read(2, root()), 0);
  EXPECT_EQ(bytes_, 800u);
  EXPECT_EQ(read(1, root()), EBADMSG);
}

TEST_F(FileCache, MissingAndMalformed) {
  EXPECT_EQ(read(2, root()), ENOENT);
  EXPECT_EQ(read(2, root() + "/nowhere"), ENOENT);
  for (const char* bad : {"", "\n", "inactive_file 5\n", "active_file 5\n", "inactive_file\nactive_file 5\n",
                          "inactive_file 5\nactive_file -5\n", "inactive_file 5\nactive_file 5x\n",
                          "inactive_file 5 5\nactive_file 5\n", "inactive_files 5\nactive_file 5\n",
                          "inactive_file 5\nactive_file 99999999999999999999999\n"}) {
    write("memory.stat", bad);
    EXPECT_EQ(read(2, root()), EBADMSG) << bad;
  }
  EXPECT_EQ(bytes_, 42u) << "outputs are written on success only";
  write("memory.stat", "inactive_file 18446744073709551615\nactive_file 18446744073709551615");
  EXPECT_EQ(read(2, root()), 0);
  EXPECT_EQ(bytes_, UINT64_MAX) << "sums stop at the end instead of wrapping";
}

// This process's own group, found in the plainest way: the hierarchies where they usually are.
struct Own {
  int version = 0;
  fs::path top;
  fs::path directory;
};

Own own_group() {
  std::ifstream groups("/proc/self/cgroup");
  Own v2;
  for (std::string line; std::getline(groups, line);) {
    const std::string path = line.substr(line.rfind(':') + 2);
    if (line.find(":memory:") != std::string::npos) {
      return {1, "/sys/fs/cgroup/memory", fs::path("/sys/fs/cgroup/memory") / path};
    }
    if (line.starts_with("0::/")) v2 = {2, "/sys/fs/cgroup", fs::path("/sys/fs/cgroup") / path};
  }
  return v2;
}

// What a file of one number says; 0 where it says "max".
std::uint64_t number_in(const fs::path& file) {
  std::uint64_t value = 0;
  std::ifstream(file) >> value;
  return value;
}

// The smallest limit from the directory up to the top; UINT64_MAX for none.
std::uint64_t smallest_limit(const Own& own, const char* file) {
  std::uint64_t smallest = UINT64_MAX;
  for (fs::path at = own.directory.lexically_normal();; at = at.parent_path()) {
    const std::uint64_t limit = fs::exists(at / file) ? number_in(at / file) : 0;
    if (limit != 0 && limit < std::uint64_t{1} << 62) smallest = std::min(smallest, limit);
    if (at == own.top || at == at.root_path()) return smallest;
  }
}

bool any_cgroup_is_mounted() {
  std::ifstream mounts("/proc/self/mountinfo");
  const std::string text(std::istreambuf_iterator<char>(mounts), {});
  return text.find(" - cgroup") != std::string::npos;
}

TEST(LiveCgroup, IsWhatTheKernelsFilesSay) {
  const Own own = own_group();
  const char* limit_file = own.version == 1 ? "memory.limit_in_bytes" : "memory.max";
  const char* usage_file = own.version == 1 ? "memory.usage_in_bytes" : "memory.current";
  CgroupMemory memory{};
  const int error = read_cgroup_memory(&memory);
  if (own.version == 0 || !any_cgroup_is_mounted()) {
    EXPECT_EQ(error, ENOENT);
    return;
  }
  if (!fs::exists(own.directory / limit_file)) GTEST_SKIP() << "mounted elsewhere: " << own.directory;
  ASSERT_EQ(error, 0);
  EXPECT_EQ(memory.version, own.version);
  const std::uint64_t limit = smallest_limit(own, limit_file);
  EXPECT_EQ(memory.limited, limit != UINT64_MAX);
  EXPECT_EQ(memory.limit, limit == UINT64_MAX ? 0 : limit);
  ASSERT_TRUE(memory.usage_known);
  // Other processes of the group allocate and free between the two reads.
  const auto apart =
      static_cast<std::int64_t>(memory.usage - number_in(fs::path(memory.directory.data()) / usage_file));
  EXPECT_LT(std::abs(apart), std::int64_t{256} << 20);
  EXPECT_GT(memory.usage, 0u);
}

TEST(LiveCgroup, FileCacheIsWhatTheKernelSays) {
  CgroupMemory memory{};
  if (read_cgroup_memory(&memory) != 0) GTEST_SKIP() << "no memory cgroup";
  const fs::path file = fs::path(memory.directory.data()) / "memory.stat";
  if (!fs::exists(file)) GTEST_SKIP() << "the root group of version 2 has no " << file;
  std::uint64_t bytes = 0;
  ASSERT_EQ(read_cgroup_file_cache(memory, &bytes), 0);
  std::map<std::string, std::uint64_t> fields;
  std::ifstream text(file);
  for (std::string name; text >> name;) text >> fields[name];
  const std::string prefix = memory.version == 1 ? "total_" : "";
  // Other processes of the group read and write files between the two reads.
  const auto apart = static_cast<std::int64_t>(bytes - fields.at(prefix + "inactive_file") -
                                               fields.at(prefix + "active_file"));
  EXPECT_LT(std::abs(apart), std::int64_t{256} << 20);
}

}  // namespace
}  // namespace zm
