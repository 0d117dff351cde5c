#include "formatter.h"

#include "text.h"

namespace plimsoll::cli {

using resp::Type;
using resp::Value;

bool append_plain(std::string& out, const Value& value, std::string_view nil) {
  switch (value.type) {
    case Type::kInteger:
      out += std::to_string(value.integer);
      return true;
    case Type::kDouble:
      out += value.text;
      return true;
    case Type::kBoolean:
      out += value.boolean ? "true" : "false";
      return true;
    case Type::kNil:
      out += nil;
      return true;
    default:
      return false;
  }
}

std::string format_reply(const Value& reply, const OutputStyle& style) {
  switch (style.mode) {
    case OutputMode::kTyped:
      return format_typed(reply);
    case OutputMode::kRaw:
      return format_raw(reply, style.element_delimiter) + style.reply_delimiter;
    case OutputMode::kCsv:
      return format_csv(reply) + "\n";
    case OutputMode::kJson:
      return format_json(reply, false) + "\n";
    case OutputMode::kQuotedJson:
      return format_json(reply, true) + "\n";
  }
  return {};
}

std::string format_push(const Value& push, const OutputStyle& style) {
  const auto& elements = push.elements;
  const bool is_invalidation = elements.size() == 2 && elements[0].is_string() &&
                               elements[0].text == "invalidate" && elements[1].type == Type::kArray;
  if (style.mode != OutputMode::kTyped || !is_invalidation) return format_reply(push, style);
  std::string out = "-> invalidate: ";
  const char* separator = "";
  for (const Value& key : elements[1].elements) {
    out += separator + quote(key.text);
    separator = ", ";
  }
  return out + "\n";
}

}  // namespace plimsoll::cli
