// What must hold of the cases, the shapes and the listed differences as a whole.
#include "coverage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "random_runner.h"
#include "support/text.h"
#include "wire_environment.h"

namespace plimsoll::wire {
namespace {

TEST(Coverage, theReferenceIsTheVersionPlimsollFollows) {
  const std::string info = shared_pair().reference.connect().call({"INFO", "server"});
  EXPECT_NE(info.find("\nredis_version:7.0.15\r\n"), std::string::npos) << "compare with redis-server 7.0.15";
}

TEST(Coverage, everyRegisteredCommandHasACaseOrAShape) {
  if (compares_with_itself()) GTEST_SKIP() << "no other server than redis-server itself is under test";
  const auto registered = registered_commands(shared_pair().tested);
  const std::set<std::string> covered = covered_commands(all_scripts(), registered);
  for (const std::string& name : registered)
    EXPECT_TRUE(covered.count(name)) << name << " is in no file of tests/wire/cases and has no shape";
}

TEST(Coverage, differencesAreFewAndExplained) {
  EXPECT_LE(listed_differences().all().size(), Differences::kMostAllowed);
}

TEST(Coverage, listedDifferencesStillDiffer) {
  if (compares_with_itself()) GTEST_SKIP() << "no other server than redis-server itself is under test";
  for (const std::string& stale : stale_differences(all_scripts(), listed_differences(), run_script)) {
    ADD_FAILURE() << "no case shows this difference any more, strike it from differences.txt: " << stale;
  }
}

}  // namespace
}  // namespace plimsoll::wire
