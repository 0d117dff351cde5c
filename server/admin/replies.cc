#include "admin/replies.h"

#include "admin/text.h"

namespace plimsoll::server {

namespace {

// The container's name in capitals: of "slowlog|get" that is SLOWLOG.
Text container_name(const Call& call) {
  const Command& command = call.command();
  Text name(command.parent != nullptr ? std::string_view(command.parent->name)
                                      : std::string_view(command.name));
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  }
  return name;
}

}  // namespace

void reply_help(const Call& call, std::initializer_list<std::string_view> lines) {
  Text first = container_name(call);
  first += " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:";
  call.reply().array(lines.size() + 3);
  call.reply().simple(first);
  for (const std::string_view line : lines) call.reply().simple(line);
  call.reply().simple("HELP");
  call.reply().simple("    Show this text.");
}

void reply_error(const Call& call, std::initializer_list<std::string_view> pieces) {
  Text line;
  for (const std::string_view piece : pieces) line += piece.substr(0, piece.find('\0'));
  call.reply().error(line);
}

void reply_subcommand_syntax_error(const Call& call) {
  constexpr size_t kShown = 128;
  reply_error(call, {"ERR unknown subcommand or wrong number of arguments for '",
                     call.arg(1).substr(0, kShown), "'. Try ", container_name(call), " HELP."});
}

}  // namespace plimsoll::server
