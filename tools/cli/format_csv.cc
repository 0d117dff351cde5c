#include "formatter.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

using resp::Type;
using resp::Value;

void append_csv(std::string& out, const Value& value) {
  switch (value.type) {
    case Type::kError:
      out += "ERROR," + quote(value.text);
      return;
    case Type::kSimpleString:
    case Type::kBulkString:
    case Type::kVerbatim:
    case Type::kBigNumber:
      out += quote(value.text);
      return;
    case Type::kInteger:
      out += std::to_string(value.integer);
      return;
    case Type::kDouble:
      out += value.text;
      return;
    case Type::kNil:
      out += "NULL";
      return;
    case Type::kBoolean:
      out += value.boolean ? "true" : "false";
      return;
    case Type::kArray:
    case Type::kMap:
    case Type::kSet:
    case Type::kPush:
      for (std::size_t i = 0; i < value.elements.size(); ++i) {
        if (i > 0) out += ',';
        append_csv(out, value.elements[i]);
      }
      return;
  }
}

}  // namespace

std::string format_csv(const Value& reply) {
  std::string out;
  append_csv(out, reply);
  return out;
}

}  // namespace plimsoll::cli
