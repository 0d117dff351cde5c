// Random commands to both servers. PLIMSOLL_WIRE_SEED and PLIMSOLL_WIRE_COMMANDS choose another run.
#include <gtest/gtest.h>

#include "random_runner.h"
#include "wire_environment.h"

namespace plimsoll::wire {
namespace {

class RandomTest : public testing::TestWithParam<int> {};

TEST_P(RandomTest, repliesAndKeyspacesAgree) {
  RandomRunner::Options options{.seed = wire_seed(), .commands = wire_commands() / 2, .protocol = GetParam()};
  const auto wrong = RandomRunner(shared_pair(), listed_differences(), options).run();
  EXPECT_FALSE(wrong) << *wrong;
}

INSTANTIATE_TEST_SUITE_P(Protocols, RandomTest, testing::Values(2, 3),
                         [](const auto& protocol) { return "resp" + std::to_string(protocol.param); });

}  // namespace
}  // namespace plimsoll::wire
