#include "commands/help.h"

#include <plimsoll/text/ascii.h>

namespace plimsoll {

void reply_help(const Call& call, std::initializer_list<std::string_view> lines) {
  Reply& reply = call.reply();
  const Command* const container = call.command().parent;
  zm::string<zm::Tag::command> usage(container->name);
  for (char& c : usage) c = ascii_upper(c);
  usage.append(" <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  reply.array(lines.size() + 3);
  reply.simple(usage);
  for (const std::string_view line : lines) reply.simple(line);
  reply.simple("HELP");
  reply.simple("    Prints this help.");
}

}  // namespace plimsoll
