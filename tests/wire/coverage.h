#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "case_file.h"
#include "differences.h"
#include "script_runner.h"

namespace plimsoll::wire {

// The registered commands that a case or a generator's shape sends. A container command ("object") counts
// when it or one of its subcommands is sent.
std::set<std::string> covered_commands(const std::vector<Script>& scripts,
                                       const std::vector<std::string>& registered);

// The patterns of listed differences that no script shows to differ, when those scripts that match them are
// run.
std::vector<std::string> stale_differences(const std::vector<Script>& scripts, const Differences& differences,
                                           const std::function<RunResult(const Script&, RunOptions)>& run);

}  // namespace plimsoll::wire
