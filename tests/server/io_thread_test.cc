#include "io_thread.h"

#include <gtest/gtest.h>
#include <plimsoll/command_table.h>

#include <chrono>
#include <future>
#include <thread>

#include "commands.h"
#include "config.h"
#include "server.h"

namespace plimsoll::server {
namespace {

TEST(IoThread, GoesOnWhenItsContextStopsByItself) {
  Config config;
  CommandTable commands;
  add_commands(commands);
  config.assign(Opt::io_threads, int64_t{1});
  Server server(config, commands);
  IoThread& thread = server.thread(0);
  std::thread running([&] { thread.run(); });
  for (int i = 0; i < 3; ++i) {
    thread.context().stop();
    std::promise<void> ran;
    thread.post([&] { ran.set_value(); });
    EXPECT_EQ(ran.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  }
  thread.stop();
  running.join();
}

TEST(IoThread, DoesNotRunOnceStopped) {
  Config config;
  CommandTable commands;
  add_commands(commands);
  config.assign(Opt::io_threads, int64_t{1});
  Server server(config, commands);
  server.thread(0).stop();
  server.thread(0).run();
}

}  // namespace
}  // namespace plimsoll::server
