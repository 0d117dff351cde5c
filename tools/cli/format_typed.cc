#include "formatter.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

using client::Type;
using client::Value;

void append_typed(std::string& out, const Value& value, const std::string& indent);

const char* empty_name(Type type) {
  switch (type) {
    case Type::kMap:
      return "(empty hash)\n";
    case Type::kSet:
      return "(empty set)\n";
    case Type::kPush:
      return "(empty push)\n";
    default:
      return "(empty array)\n";
  }
}

char number_mark(Type type) {
  if (type == Type::kSet) return '~';
  return type == Type::kMap ? '#' : ')';
}

// Elements are numbered in a column as wide as the element count (both halves of a map's pairs counted), and whatever
// they hold is indented past it. The first number stands on the line already begun.
void append_elements(std::string& out, const Value& value, const std::string& indent) {
  const std::size_t width = std::to_string(value.elements.size()).size();
  const std::string inner = indent + std::string(width + 2, ' ');
  const std::size_t stride = value.type == Type::kMap ? 2 : 1;
  for (std::size_t i = 0; i < value.elements.size(); i += stride) {
    if (i > 0) out += indent;
    const std::string number = std::to_string(i / stride + 1);
    out.append(width - number.size(), ' ');
    out += number + number_mark(value.type) + ' ';
    append_typed(out, value.elements[i], inner);
    if (stride == 2) {
      out.pop_back();  // the key's end of line
      out += " => ";
      append_typed(out, value.elements[i + 1], inner);
    }
  }
}

void append_typed(std::string& out, const Value& value, const std::string& indent) {
  switch (value.type) {
    case Type::kError:
      out += "(error) " + value.text + "\n";
      return;
    case Type::kSimpleString:
    case Type::kVerbatim:
      out += value.text + "\n";
      return;
    case Type::kBulkString:
    case Type::kBigNumber:
      out += quote(value.text) + "\n";
      return;
    case Type::kInteger:
      out += "(integer) " + std::to_string(value.integer) + "\n";
      return;
    case Type::kDouble:
      out += "(double) " + value.text + "\n";
      return;
    case Type::kNil:
      out += "(nil)\n";
      return;
    case Type::kBoolean:
      out += value.boolean ? "(true)\n" : "(false)\n";
      return;
    case Type::kArray:
    case Type::kMap:
    case Type::kSet:
    case Type::kPush:
      if (value.elements.empty())
        out += empty_name(value.type);
      else
        append_elements(out, value, indent);
      return;
  }
}

}  // namespace

std::string format_typed(const Value& reply) {
  std::string out;
  append_typed(out, reply, "");
  return out;
}

}  // namespace plimsoll::cli
