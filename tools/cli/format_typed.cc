#include <algorithm>

#include "formatter.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

using resp::Type;
using resp::Value;

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

// Pairs of a map count as one.
std::size_t item_count(const Value& value) {
  return value.type == Type::kMap ? value.elements.size() / 2 : value.elements.size();
}

// True if more than one item has to be numbered, here or further in.
bool takes_several_lines(const Value& value) {
  return value.is_aggregate() &&
         (item_count(value) > 1 ||
          std::any_of(value.elements.begin(), value.elements.end(), takes_several_lines));
}

// A pair's value follows its key on the line, unless it takes several itself: those start on a new one.
void append_pair_value(std::string& out, const Value& value, const std::string& indent) {
  out.pop_back();  // the key's end of line
  out += " => ";
  if (takes_several_lines(value)) out += "\n" + indent;
  append_typed(out, value, indent);
}

// Items are numbered in a column as wide as the last number, and whatever they hold is indented past it. The
// first number stands on the line already begun.
void append_elements(std::string& out, const Value& value, const std::string& indent) {
  const std::size_t width = std::to_string(item_count(value)).size();
  const std::string inner = indent + std::string(width + 2, ' ');
  const std::size_t stride = value.type == Type::kMap ? 2 : 1;
  for (std::size_t i = 0; i < value.elements.size(); i += stride) {
    if (i > 0) out += indent;
    const std::string number = std::to_string(i / stride + 1);
    out.append(width - number.size(), ' ');
    out += number + number_mark(value.type) + ' ';
    append_typed(out, value.elements[i], inner);
    if (stride == 2) append_pair_value(out, value.elements[i + 1], inner);
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
