#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command_docs.h"

namespace plimsoll::cli {

// What could follow `line` after the cursor at its end, as a grey hint: the syntax still to come. Empty if
// unknown.
std::string hint_for(const CommandDocs& docs, std::string_view line);

// Whole lines that `line` could become: commands and their tokens, and topics after "help". Typed letters are
// kept as typed; what is added follows the case of the last letter typed.
std::vector<std::string> completions_for(const CommandDocs& docs, std::string_view line);

// The longest beginning that all of `lines` share, without regard to case; taken from the first.
std::string common_prefix(const std::vector<std::string>& lines);

}  // namespace plimsoll::cli
