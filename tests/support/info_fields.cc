#include "support/info_fields.h"

#include "support/resp_reply.h"

namespace plimsoll::test {

std::string info_text(RawConnection& connection, const std::string& section) {
  return parse_reply(connection.call({"INFO", section})).text;
}

std::string info_field(RawConnection& connection, const std::string& section, const std::string& name) {
  const std::string text = info_text(connection, section);
  const size_t at = text.find("\r\n" + name + ":");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 3;
  return text.substr(begin, text.find("\r\n", begin) - begin);
}

long long info_number(RawConnection& connection, const std::string& section, const std::string& name) {
  const std::string text = info_field(connection, section, name);
  return text.empty() ? -1 : std::stoll(text);
}

}  // namespace plimsoll::test
