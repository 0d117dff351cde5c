#include "interrupt.h"

#include <signal.h>

#include "error.h"

namespace plimsoll::bench {
namespace {

volatile sig_atomic_t interrupted = 0;

void on_signal(int) {
  interrupted = 1;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

void check_interrupt() {
  if (interrupted) throw BenchError("interrupted");
}

}  // namespace plimsoll::bench
