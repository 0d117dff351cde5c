#pragma once

#include <plimsoll/command_table.h>

#include <string>
#include <vector>

namespace plimsoll::test {

// What a table's rows leave out or contradict, one line each: every command and subcommand says what it is,
// since when and in which group, takes the arguments that its documentation shows, and can be run or has
// subcommands that can.
std::vector<std::string> row_faults(const CommandTable& table);

// Commands that need arguments and do not show which: what the command fuzzer can only guess at.
std::vector<std::string> commands_without_syntax(const CommandTable& table);

}  // namespace plimsoll::test
