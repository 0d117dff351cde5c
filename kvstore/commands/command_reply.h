#pragma once

#include "plimsoll/command_table.h"
#include "plimsoll/reply.h"

namespace plimsoll {

// The ten-element description of COMMAND INFO, subcommands included.
void reply_command_info(Reply& reply, const Command& command);

// The map of COMMAND DOCS that stands behind the command's name.
void reply_command_docs(Reply& reply, const Command& command);

}  // namespace plimsoll
