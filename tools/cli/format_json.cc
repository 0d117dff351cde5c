#include "formatter.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

using resp::Type;
using resp::Value;

void append_json(std::string& out, const Value& value, bool quoted);

void append_escaped(std::string& out, std::string_view text) {
  static constexpr std::string_view kNamed = "\\\"\n\f\r\t\b";
  static constexpr std::string_view kNames = "\\\"nfrtb";
  out += '"';
  for (const char c : text) {
    const std::size_t named = kNamed.find(c);
    if (named != std::string_view::npos) {
      out += '\\';
      out += kNames[named];
    } else if (static_cast<unsigned char>(c) <= 0x1f) {
      out += format("\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  out += '"';
}

// The quoted form first, then its backslashes escaped for JSON: a reader of the JSON gets the quoted form
// back.
void append_string(std::string& out, std::string_view text, bool quoted) {
  if (!quoted) return append_escaped(out, text);
  for (const char c : quote(text)) {
    if (c == '\\') out += '\\';
    out += c;
  }
}

// JSON keys are strings; a RESP3 map's may be anything.
void append_key(std::string& out, const Value& key, bool quoted) {
  if (key.is_string()) return append_string(out, key.text, quoted);
  std::string text;
  append_json(text, key, quoted);
  if (!text.empty() && text[0] == '"')
    out += text;
  else
    out += "\"" + text + "\"";
}

void append_elements(std::string& out, const Value& value, bool quoted) {
  const bool is_map = value.type == Type::kMap;
  out += is_map ? '{' : '[';
  for (std::size_t i = 0; i < value.elements.size(); ++i) {
    if (i > 0) out += is_map && i % 2 == 1 ? ':' : ',';
    if (is_map && i % 2 == 0)
      append_key(out, value.elements[i], quoted);
    else
      append_json(out, value.elements[i], quoted);
  }
  out += is_map ? '}' : ']';
}

void append_json(std::string& out, const Value& value, bool quoted) {
  if (append_plain(out, value, "null")) return;
  if (value.type == Type::kError) {
    out += "error:";
    append_string(out, value.text, quoted);
  } else if (value.is_string() || value.type == Type::kBigNumber) {
    append_string(out, value.text, quoted);
  } else {
    append_elements(out, value, quoted);
  }
}

}  // namespace

std::string format_json(const Value& reply, bool quoted) {
  std::string out;
  append_json(out, reply, quoted);
  return out;
}

}  // namespace plimsoll::cli
