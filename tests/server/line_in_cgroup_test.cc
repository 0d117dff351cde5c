// Where the line is in a memory cgroup of either version. The groups are made-up files, mounted where the
// server looks: what it reads is all that is theirs.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>

#include "server_under_test.h"
#include "support/subprocess.h"
#include "support/temp_directory.h"

namespace plimsoll::test {
namespace {

constexpr long long kMebibyte = 1 << 20;

struct CgroupVersion {
  const char* name;
  const char* groups;  // /proc/self/cgroup
  const char* mount;   // the end of its line of /proc/self/mountinfo
  const char* limit;
  const char* unlimited;
  const char* usage;
  const char* stat;
};
std::ostream& operator<<(std::ostream& out, const CgroupVersion& version) {
  return out << version.name;
}

constexpr CgroupVersion kVersions[] = {
    {"v1", "3:cpu:/other\n4:memory:/outer/group\n", "cgroup cgroup rw,memory", "memory.limit_in_bytes",
     "9223372036854771712", "memory.usage_in_bytes", "total_inactive_file 0\ntotal_active_file 0\n"},
    {"v2", "0::/outer/group\n", "cgroup2 cgroup2 rw", "memory.max", "max", "memory.current",
     "inactive_file 0\nactive_file 0\n"},
};

class LineInCgroup : public ::testing::TestWithParam<CgroupVersion> {
 protected:
  void SetUp() override {
    if (run_program({"unshare", "-m", "true"}).exit_code != 0) {
      GTEST_SKIP() << "not allowed to mount files of its own for the server";
    }
    write("cgroup", GetParam().groups);
    write("mountinfo", "30 23 0:26 / " + files_.file("mount") + " rw,nosuid - " + GetParam().mount + "\n");
    for (const char* group : {"mount/outer/", "mount/outer/group/"}) {
      write(group + std::string(GetParam().usage), std::to_string(30 * kMebibyte));
      write(group + std::string("memory.stat"), GetParam().stat);
      limit(group, GetParam().unlimited);
    }
  }

  void limit(const std::string& group, const std::string& bytes) { write(group + GetParam().limit, bytes); }

  // Renamed into place: the server reads it at any time.
  void write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = files_.file(name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path.string() + ".new") << text;
    std::filesystem::rename(path.string() + ".new", path);
  }

  void start(std::vector<std::string> arguments = {}) {
    const std::string program = files_.file("server");
    std::ofstream(program) << "#!/bin/sh\n"
                              "exec unshare -m sh -c '"
                              "mount --bind \"$0/mountinfo\" /proc/$$/mountinfo && "
                              "mount --bind \"$0/cgroup\" /proc/$$/cgroup && exec \"$@\"' "
                           << files_.path() << ' ' << server_under_test() << " \"$@\"\n";
    ASSERT_EQ(::chmod(program.c_str(), 0755), 0);
    ServerProcess::Options options = server_options(std::move(arguments));
    options.program = program;
    server_ = std::make_unique<ServerProcess>(options);
    client_ = std::make_unique<RawConnection>(server_->connect());
  }

  long long line() { return info_number(*client_, "memory", "plimsoll_line_limit"); }
  bool becomes(long long bytes) {
    return eventually([&] { return line() == bytes; });
  }

  TempDirectory files_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<RawConnection> client_;
};

INSTANTIATE_TEST_SUITE_P(Versions, LineInCgroup, ::testing::ValuesIn(kVersions),
                         ::testing::PrintToStringParamName());

long long auto_line(long long limit) {
  return limit - std::max(limit / 25, 3 * kMebibyte);
}

TEST_P(LineInCgroup, AutoIsTheDefaultAndFollows) {
  limit("mount/outer/group/", std::to_string(256 * kMebibyte));
  start();
  EXPECT_EQ(line(), auto_line(256 * kMebibyte));
  EXPECT_GT(info_number(*client_, "memory", "plimsoll_line_held"), 28 * kMebibyte)
      << "what the group's usage says";
  limit("mount/outer/group/", std::to_string(128 * kMebibyte));
  EXPECT_TRUE(becomes(auto_line(128 * kMebibyte))) << line();
  limit("mount/outer/", std::to_string(64 * kMebibyte));
  EXPECT_TRUE(becomes(auto_line(64 * kMebibyte))) << line() << ": the smallest limit on the path binds";
  limit("mount/outer/", GetParam().unlimited);
  EXPECT_TRUE(becomes(auto_line(128 * kMebibyte))) << line();
}

TEST_P(LineInCgroup, AutoIsNoneWithoutALimitUntilThereIsOne) {
  start();
  EXPECT_EQ(line(), 0);
  limit("mount/outer/group/", std::to_string(100 * kMebibyte));
  EXPECT_TRUE(becomes(auto_line(100 * kMebibyte))) << line();
  limit("mount/outer/group/", GetParam().unlimited);
  EXPECT_TRUE(becomes(0)) << line();
}

TEST_P(LineInCgroup, PercentIsOfTheLimit) {
  limit("mount/outer/group/", std::to_string(200 * kMebibyte));
  start({"--memory-line", "50%"});
  EXPECT_NEAR(static_cast<double>(line()), 100.0 * kMebibyte, 100);
  limit("mount/outer/group/", std::to_string(400 * kMebibyte));
  EXPECT_TRUE(eventually([&] { return line() > 199 * kMebibyte; })) << line();
  ASSERT_EQ(client_->call({"CONFIG", "SET", "memory-line", "150mb"}), "+OK\r\n");
  EXPECT_EQ(line(), 150 * kMebibyte);
  ASSERT_EQ(client_->call({"CONFIG", "SET", "memory-line", "off"}), "+OK\r\n");
  EXPECT_EQ(line(), 0);
}

TEST_P(LineInCgroup, TheLogTellsWhereTheLineIs) {
  limit("mount/outer/group/", std::to_string(200 * kMebibyte));
  start();
  const auto logged = [&](const std::string& text) { return server_->log().find(text) != std::string::npos; };
  EXPECT_TRUE(logged("Memory line: " + std::to_string(auto_line(200 * kMebibyte)) + " bytes"));
  EXPECT_FALSE(logged("The memory line is"));
  client_->call({"CONFIG", "SET", "memory-line", "300mb"});
  EXPECT_TRUE(logged("above the memory cgroup's limit of " + std::to_string(200 * kMebibyte) + " bytes"));
  client_->call({"CONFIG", "SET", "memory-line", "1mb"});
  EXPECT_TRUE(logged("The memory line is below the "));
  EXPECT_FALSE(logged("Memory line: off"));
  client_->call({"CONFIG", "SET", "memory-line", "off"});
  EXPECT_TRUE(logged("Memory line: off"));
}

}  // namespace
}  // namespace plimsoll::test
