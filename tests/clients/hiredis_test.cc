#include <gtest/gtest.h>

#include "support/server_process.h"
#include "support/subprocess.h"

namespace plimsoll::test {
namespace {

// The session is a C program, as hiredis' users write them; it says what went wrong and ends with 1.
TEST(Hiredis, runsItsSessionOverUnixAndTcp) {
  ServerProcess server({.program = environment_or("PLIMSOLL_SERVER_UNDER_TEST", "redis-server"),
                        .arguments = {},
                        .tcp = true});
  const std::string session = environment_or("PLIMSOLL_HIREDIS_SESSION", "hiredis_session");
  const ProgramRun run = run_program({session, server.socket_path(), std::to_string(server.port())});
  EXPECT_EQ(run.exit_code, 0) << run.output << run.error;
  EXPECT_EQ(run.output, "hiredis: all as expected\n");
}

}  // namespace
}  // namespace plimsoll::test
