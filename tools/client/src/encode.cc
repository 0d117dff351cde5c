#include <resp_client/encode.h>

#include <charconv>

namespace plimsoll::client {
namespace {

void append_header(std::string& out, char kind, std::size_t count) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, count).ptr;
  out += kind;
  out.append(digits, end);
  out += "\r\n";
}

template <typename Text>
void encode_args(std::string& out, std::span<const Text> args) {
  append_header(out, '*', args.size());
  for (const Text& arg : args) {
    append_header(out, '$', arg.size());
    out += arg;
    out += "\r\n";
  }
}

}  // namespace

void encode(std::string& out, std::span<const std::string_view> args) {
  encode_args(out, args);
}
void encode(std::string& out, std::span<const std::string> args) {
  encode_args(out, args);
}

}  // namespace plimsoll::client
