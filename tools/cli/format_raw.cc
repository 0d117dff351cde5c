#include "formatter.h"

namespace plimsoll::cli {
namespace {

using resp::Type;
using resp::Value;

void append_raw(std::string& out, const Value& value, const std::string& delimiter) {
  switch (value.type) {
    case Type::kError:
      out += value.text + "\n";
      return;
    case Type::kSimpleString:
    case Type::kBulkString:
    case Type::kVerbatim:
    case Type::kDouble:
    case Type::kBigNumber:
      out += value.text;
      return;
    case Type::kInteger:
      out += std::to_string(value.integer);
      return;
    case Type::kBoolean:
      out += value.boolean ? "(true)" : "(false)";
      return;
    case Type::kNil:
      return;
    case Type::kArray:
    case Type::kSet:
    case Type::kPush:
    case Type::kMap:
      // A map's key and value share a line.
      for (std::size_t i = 0; i < value.elements.size(); ++i) {
        const bool is_map_value = value.type == Type::kMap && i % 2 == 1;
        if (i > 0) out += is_map_value ? " " : delimiter;
        append_raw(out, value.elements[i], delimiter);
      }
      return;
  }
}

}  // namespace

std::string format_raw(const Value& reply, const std::string& element_delimiter) {
  std::string out;
  append_raw(out, reply, element_delimiter);
  return out;
}

}  // namespace plimsoll::cli
