#pragma once

#include <time.h>

namespace zm {

// Leaves the processor for some 60 us (Linux adds its timer slack, 50 us unless told otherwise), to be called
// in a loop by who waits for what another thread is about to do and nobody signals. Not sched_yield(): under
// EEVDF, Linux's scheduler since 6.6, a thread that yields gives up its whole slice each time, milliseconds
// that others are ahead of it then, while one that sleeps keeps its turn.
inline void pause_briefly() noexcept {
  const timespec moment{0, 10'000};
  nanosleep(&moment, nullptr);
}

}  // namespace zm
