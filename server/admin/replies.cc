#include "admin/replies.h"

#include "admin/text.h"

namespace plimsoll::server {

void reply_error(const Call& call, std::initializer_list<std::string_view> pieces) {
  Text line;
  for (const std::string_view piece : pieces) line += piece.substr(0, piece.find('\0'));
  call.reply().error(line);
}

void reply_subcommand_syntax_error(const Call& call) {
  constexpr size_t kShown = 128;
  reply_error(call, {"ERR unknown subcommand or wrong number of arguments for '",
                     call.arg(1).substr(0, kShown), "'. Try ", called_name(call), " HELP."});
}

}  // namespace plimsoll::server
