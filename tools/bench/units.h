#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::bench {

/// A whole unsigned number with nothing before or after it.
std::optional<uint64_t> parse_unsigned(std::string_view text);

/// A finite decimal number of at least 0 with nothing before or after it.
std::optional<double> parse_decimal(std::string_view text);

/// Bytes as in redis.conf: `100`, `1k` (1000), `1kb` (1024), m, mb, g, gb, in any case. Throws UsageError.
uint64_t parse_bytes(std::string_view text);

/// Splits at commas. An empty text or an empty item throws UsageError naming `what`.
std::vector<std::string> split_list(std::string_view text, std::string_view what);

/// Replaces every `from`, which is not empty; false if there was none.
bool replace_all(std::string& text, std::string_view from, std::string_view to);

/// `1234567` as `1,234,567`.
std::string with_thousands(uint64_t value);

/// Fixed notation with `decimals` digits after the point.
std::string fixed(double value, int decimals);

/// Bytes with a binary unit: `97.20 MiB`.
std::string human_bytes(uint64_t bytes);

/// Median of the values (mean of the middle two for an even count); 0 for none.
double median(std::vector<double> values);

}  // namespace plimsoll::bench
