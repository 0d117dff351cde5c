#pragma once

#include <cstdint>
#include <vector>

#include "case_file.h"
#include "differences.h"
#include "script_runner.h"

namespace plimsoll::wire {

// Where cases/ and differences.txt are; PLIMSOLL_WIRE_DIRECTORY, set by CTest.
std::string wire_directory();
// The scripts of cases/, read once.
const std::vector<Script>& all_scripts();
// differences.txt, read once.
const Differences& listed_differences();
// PLIMSOLL_WIRE_SEED, or a random one.
uint64_t wire_seed();
// PLIMSOLL_WIRE_COMMANDS: how many commands the random test sends in all; 20,000 unless set.
size_t wire_commands();

// Runs a script on the shared servers, or on its own if it asks for them.
RunResult run_script(const Script& script, RunOptions options);

// Makes a gtest of every script, protocol and delivery; main() calls it before the tests run.
void register_case_tests();

}  // namespace plimsoll::wire
