#include "formatter.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

using resp::Type;
using resp::Value;

void append_csv(std::string& out, const Value& value) {
  if (append_plain(out, value, "NULL")) return;
  if (value.type == Type::kError) {
    out += "ERROR," + quote(value.text);
  } else if (value.is_string() || value.type == Type::kBigNumber) {
    out += quote(value.text);
  } else {
    for (std::size_t i = 0; i < value.elements.size(); ++i) {
      if (i > 0) out += ',';
      append_csv(out, value.elements[i]);
    }
  }
}

}  // namespace

std::string format_csv(const Value& reply) {
  std::string out;
  append_csv(out, reply);
  return out;
}

}  // namespace plimsoll::cli
