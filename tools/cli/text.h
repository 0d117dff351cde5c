#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::cli {

// Splits a line into arguments by redis-cli's rules (plimsoll/text/quoted_words.h). Nothing if quotes are
// unbalanced.
std::optional<std::vector<std::string>> split_arguments(std::string_view line);

// The one argument that `text` spells by those rules, or nothing if it spells none or several.
std::optional<std::string> unquote(std::string_view text);

// `bytes` as split_arguments would read it back, in double quotes, printable ASCII only.
std::string quote(std::string_view bytes);

// ASCII, without regard to case.
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

// "512B", "1.50K", "2.00M" ..., powers of 1024.
std::string human_bytes(std::uint64_t bytes);

// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

// The whole of `text` as a number, or nothing.
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_number(std::string_view text);

}  // namespace plimsoll::cli
