#include "wide_text.h"

#include <cstdint>
#include <cwchar>

namespace plimsoll::cli {
namespace {

constexpr wchar_t kReplacement = 0xfffd;
constexpr std::uint32_t kLargest = 0x10ffff;

// Bytes of a character by its first one; zero if none can begin with it.
std::size_t sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

bool is_valid(std::uint32_t code, std::size_t length) {
  static constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  return code >= kSmallest[length] && code <= kLargest && !is_surrogate;
}

}  // namespace

Decoded decode_one(std::string_view bytes, wchar_t& character) {
  if (bytes.empty()) return Decoded::kPartial;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const std::size_t length = sequence_length(first);
  if (length == 0) return Decoded::kInvalid;
  std::uint32_t code = length == 1 ? first : first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return Decoded::kPartial;
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if ((byte & 0xc0) != 0x80) return Decoded::kInvalid;
    code = code << 6 | (byte & 0x3f);
  }
  if (!is_valid(code, length)) return Decoded::kInvalid;
  character = static_cast<wchar_t>(code);
  return Decoded::kComplete;
}

std::wstring to_wide(std::string_view utf8) {
  std::wstring out;
  while (!utf8.empty()) {
    wchar_t character = kReplacement;
    const bool complete = decode_one(utf8, character) == Decoded::kComplete;
    out += complete ? character : kReplacement;
    utf8.remove_prefix(complete ? sequence_length(static_cast<unsigned char>(utf8[0])) : 1);
  }
  return out;
}

std::string to_utf8(std::wstring_view wide) {
  std::string out;
  for (const wchar_t each : wide) {
    const auto code = static_cast<std::uint32_t>(each);
    if (code < 0x80) {
      out += static_cast<char>(code);
      continue;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static constexpr unsigned kMarks[] = {0, 0xc0, 0xe0, 0xf0};
    out += static_cast<char>(kMarks[more] | (code >> (6 * more)));
    for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f));
  }
  return out;
}

int display_width(std::wstring_view text) {
  int width = 0;
  for (const wchar_t each : text) {
    const int columns = wcwidth(each);
    if (columns > 0) width += columns;
  }
  return width;
}

std::wstring_view cut_to_width(std::wstring_view text, int columns) {
  int width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int next = wcwidth(text[i]);
    if (next > 0) width += next;
    if (width > columns) return text.substr(0, i);
  }
  return text;
}

}  // namespace plimsoll::cli
