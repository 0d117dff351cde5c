#pragma once

#include <string>

namespace plimsoll::bench {

/// This machine in a line: processor, number of CPUs, kernel.
std::string machine_text();

}  // namespace plimsoll::bench
