#pragma once

#include "options.h"

namespace plimsoll::cli {

// Each runs to its end, or until interrupted, and returns the program's exit status.
int run_pipe(const Options& options);
int run_stat(const Options& options);
int run_scan(const Options& options);
int run_key_sizes(const Options& options);  // --bigkeys and --memkeys
int run_latency(const Options& options);    // --latency and --latency-history
int run_memory(const Options& options);

}  // namespace plimsoll::cli
