#include "machine.h"

#include <sys/utsname.h>

#include <thread>

#include "process_stats.h"

namespace plimsoll::bench {
namespace {

std::string processor_name() {
  const std::string text = read_file("/proc/cpuinfo").value_or("");
  const size_t line = text.find("model name");
  const size_t colon = line == std::string::npos ? line : text.find(": ", line);
  if (colon == std::string::npos) return "unknown processor";
  return text.substr(colon + 2, text.find('\n', colon) - colon - 2);
}

}  // namespace

std::string machine_text() {
  utsname system{};
  ::uname(&system);
  return processor_name() + ", " + std::to_string(std::thread::hardware_concurrency()) + " CPUs, " +
         system.sysname + " " + system.release;
}

}  // namespace plimsoll::bench
