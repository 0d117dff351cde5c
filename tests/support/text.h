#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::test {

// Bytes made printable: \r \n \t \\ \" by name, everything else outside 0x20..0x7e as \xHH.
// At most `limit` bytes of the input are shown; the rest is counted in a note at the end.
std::string escaped(std::string_view bytes, size_t limit = 600);

// Arguments as one line that redis-cli would read back: quoted where needed.
std::string command_line(const std::vector<std::string>& argv, size_t limit = 200);

// Splits a line as redis-cli does: words apart by blanks, "double quotes" with the escapes \n \r \t \a \b
// \\ \" \xHH, 'single quotes' literal but for \'. A quoted word directly followed by *N is that text N times.
// Throws std::invalid_argument with the reason.
struct Word {
  std::string text;
  bool quoted = false;
};
std::vector<Word> split_words(std::string_view line);

// A decimal number and nothing else.
std::optional<long long> to_integer(std::string_view text);

std::string lowercase(std::string_view text);

// Redis glob matching of whole strings, letters without regard to case: * ? and everything else literally.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace plimsoll::test
