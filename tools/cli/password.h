#pragma once

#include <string>

namespace plimsoll::cli {

// A line typed on standard input, its characters not shown if that is a terminal.
std::string ask_password(const char* prompt);

}  // namespace plimsoll::cli
