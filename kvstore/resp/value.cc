#include <plimsoll/resp/value.h>

namespace plimsoll::resp {

std::string_view name(Type type) {
  switch (type) {
    case Type::kSimpleString:
      return "simple string";
    case Type::kError:
      return "error";
    case Type::kInteger:
      return "integer";
    case Type::kBulkString:
      return "bulk string";
    case Type::kNil:
      return "nil";
    case Type::kArray:
      return "array";
    case Type::kMap:
      return "map";
    case Type::kSet:
      return "set";
    case Type::kDouble:
      return "double";
    case Type::kBoolean:
      return "boolean";
    case Type::kBigNumber:
      return "big number";
    case Type::kVerbatim:
      return "verbatim string";
    case Type::kPush:
      return "push";
  }
  return "unknown";
}

bool Value::is_aggregate() const {
  return type == Type::kArray || type == Type::kMap || type == Type::kSet || type == Type::kPush;
}

bool Value::is_string() const {
  return type == Type::kSimpleString || type == Type::kBulkString || type == Type::kVerbatim;
}

const Value* Value::find(std::string_view key) const {
  if (type != Type::kMap && type != Type::kArray) return nullptr;
  for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
    if (elements[i].is_string() && elements[i].text == key) return &elements[i + 1];
  }
  return nullptr;
}

}  // namespace plimsoll::resp
