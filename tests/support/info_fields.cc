#include "support/info_fields.h"

#include "support/resp_reply.h"

namespace plimsoll::test {

std::string info_text(RawConnection& connection, const std::string& section) {
  return parse_reply(connection.call({"INFO", section})).text;
}

std::string field_of_info(const std::string& text, const std::string& name) {
  const size_t at = text.find("\r\n" + name + ":");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 3;
  return text.substr(begin, text.find("\r\n", begin) - begin);
}

long long number_of_info(const std::string& text, const std::string& name) {
  const std::string field = field_of_info(text, name);
  return field.empty() ? -1 : std::stoll(field);
}

std::string info_field(RawConnection& connection, const std::string& section, const std::string& name) {
  return field_of_info(info_text(connection, section), name);
}

long long info_number(RawConnection& connection, const std::string& section, const std::string& name) {
  return number_of_info(info_text(connection, section), name);
}

}  // namespace plimsoll::test
