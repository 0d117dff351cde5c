#pragma once

#include <string>
#include <vector>

#include "command_docs.h"

namespace plimsoll::cli {

// "help" or "?", which this program answers itself.
bool is_help(const std::vector<std::string>& command);

// The answer to help with `topic`: nothing, a @group, a command or a container with its subcommands.
std::string help_text(const CommandDocs& docs, const std::vector<std::string>& topic, bool color);

}  // namespace plimsoll::cli
