#pragma once

#include "options.h"

namespace plimsoll::cli {

// Reads commands until there are no more: with an editor if both ends are terminals, else plainly from
// standard input. Commands that fail say so, and end nothing.
void run_interactive(const Options& options);

// Runs the command of `options`, its repetitions included. Returns the program's exit status.
int run_command(Options options);

}  // namespace plimsoll::cli
