#include "support/subprocess.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace plimsoll::test {
namespace {

TEST(RunProgram, passesInputAndCollectsWhatItWrites) {
  const ProgramRun run = run_program({"sh", "-c", "cat; echo problem >&2; exit 3"}, "some input");
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.output, "some input");
  EXPECT_EQ(run.error, "problem\n");
}

TEST(RunProgram, tellsProgramsThatAreKilledOrMissing) {
  EXPECT_EQ(run_program({"sh", "-c", "kill -9 $$"}).exit_code, -1);
  EXPECT_EQ(run_program({"/nonexistent/program"}).exit_code, 127);
}

TEST(RunProgram, killsWhatTakesTooLong) {
  EXPECT_THROW(run_program({"sleep", "1000"}, "", std::chrono::milliseconds(20)), std::runtime_error);
}

}  // namespace
}  // namespace plimsoll::test
