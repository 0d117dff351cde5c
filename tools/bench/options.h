#pragma once

namespace plimsoll::bench {

/// Reads the command line and runs the subcommand it names. Returns the exit code: 0, 1 if a measurement
/// failed or the server answered errors, 2 for a command line that makes no sense.
int run_command_line(int argc, char** argv);

}  // namespace plimsoll::bench
