#pragma once

#include <pthread.h>
#include <signal.h>

#include <thread>
#include <utility>

namespace plimsoll::server {

// Runs `run` on a thread of its own that the system shows under `name` (a literal of at most 15 characters).
// No signal is delivered there: signals are for the threads that wait for them. Throws std::system_error.
template <class Run>
std::thread start_background_thread(const char* name, Run run) {
  struct SignalsBlocked {  // in the thread that starts another, since a thread begins with its starter's mask
    SignalsBlocked() noexcept {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    sigset_t before;
  };
  const SignalsBlocked blocked;
  return std::thread([name, run = std::move(run)]() mutable {
    pthread_setname_np(pthread_self(), name);
    run();
  });
}

}  // namespace plimsoll::server
