#include "background_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <string>
#include <thread>

namespace plimsoll::server {
namespace {

bool blocked(int signal) {
  sigset_t mask;
  EXPECT_EQ(pthread_sigmask(SIG_SETMASK, nullptr, &mask), 0);
  return sigismember(&mask, signal) == 1;
}

TEST(BackgroundThread, GetsNoSignalsAndHasItsName) {
  bool none = true;
  std::string name(16, '\0');
  std::thread thread = start_background_thread("one-of-ours", [&] {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGCHLD, SIGUSR1}) none &= blocked(signal);
    EXPECT_EQ(pthread_getname_np(pthread_self(), name.data(), name.size()), 0);
  });
  thread.join();
  EXPECT_TRUE(none);
  EXPECT_STREQ(name.c_str(), "one-of-ours");
}

TEST(BackgroundThread, LeavesTheMaskOfWhoStartsIt) {
  sigset_t set;
  sigset_t before;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &set, &before), 0);
  start_background_thread("short-lived", [] {}).join();
  EXPECT_TRUE(blocked(SIGUSR2));
  EXPECT_FALSE(blocked(SIGTERM));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace plimsoll::server
