#pragma once

#include <string>
#include <string_view>

namespace plimsoll::cli {

// Between UTF-8 and wide characters, which hold one code point each. Bytes that are not UTF-8 become U+FFFD.
std::wstring to_wide(std::string_view utf8);
std::string to_utf8(std::wstring_view wide);

// The first character of `bytes`, which arrive one at a time.
enum class Decoded { kComplete, kPartial, kInvalid };
Decoded decode_one(std::string_view bytes, wchar_t& character);

// Columns on the terminal. Control characters take none.
int display_width(std::wstring_view text);
// The longest beginning of at most so many columns.
std::wstring_view cut_to_width(std::wstring_view text, int columns);

}  // namespace plimsoll::cli
