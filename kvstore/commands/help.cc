#include "plimsoll/help.h"

#include <plimsoll/text/ascii.h>

namespace plimsoll {

zm::string<zm::Tag::command> called_name(const Call& call) {
  const std::string_view name = call.arg(0);
  zm::string<zm::Tag::command> upper(name.substr(0, name.find('\0')));
  for (char& c : upper) c = ascii_upper(c);
  return upper;
}

void reply_help(const Call& call, std::initializer_list<std::string_view> lines) {
  Reply& reply = call.reply();
  zm::string<zm::Tag::command> usage = called_name(call);
  usage.append(" <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  reply.array(lines.size() + 3);
  reply.simple(usage);
  for (const std::string_view line : lines) reply.simple(line);
  reply.simple("HELP");
  reply.simple("    Prints this help.");
}

}  // namespace plimsoll
