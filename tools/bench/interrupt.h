#pragma once

namespace plimsoll::bench {

/// Makes SIGINT and SIGTERM set a flag instead of ending the program, so that started servers and temporary
/// folders are cleaned up. A second signal ends it at once.
void catch_interrupts();

/// Throws BenchError if a signal came since catch_interrupts().
void check_interrupt();

}  // namespace plimsoll::bench
