#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::fuzz {

using Words = std::vector<std::string>;

// The inputs of the command fuzzer as text: a command a line, words apart by blanks. "double quotes" hold any
// bytes (\n \r \t \\ \" \xHH); a quoted word followed by *N is that text N times. Every text is a script:
// what makes no sense is taken literally. Bounds keep an input from costing more than it is worth: kLines
// lines, kWords words each, kWordBytes a word.
inline constexpr size_t kLines = 100;
inline constexpr size_t kWords = 64;
inline constexpr size_t kWordBytes = 20'000;

Words read_line(std::string_view line);
std::vector<Words> read_script(std::string_view text);

// The line that read_line() reads as these words again. Long runs of one byte are written as "x"*N.
std::string write_line(const Words& words);
std::string write_script(const std::vector<Words>& lines);

}  // namespace plimsoll::fuzz
