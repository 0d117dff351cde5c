// Any text as a script of commands: see script.h and trial.h.
#include <cstddef>
#include <cstdint>

#include "trial.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plimsoll::fuzz::run_script(plimsoll::fuzz::read_script({reinterpret_cast<const char*>(data), size}));
  return 0;
}
