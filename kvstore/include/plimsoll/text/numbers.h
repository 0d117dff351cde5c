#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plimsoll {

// Numbers as text, in exactly the forms Redis accepts and writes. Nothing here depends on the locale or
// allocates.

// A decimal integer in its one canonical form: no sign but '-', no leading zero, no blank, within int64_t. So
// a text that parses is the text that formatting gives back. `value` is set only on success.
bool parse_integer(std::string_view text, int64_t& value) noexcept;

// What strtold() accepts, hexadecimal and "inf" included, all of `text`, without blanks in front; not a NaN,
// and neither too large for a long double nor so small that it becomes 0.
bool parse_long_double(std::string_view text, long double& value) noexcept;

// Room for any int64_t with its sign.
constexpr size_t kIntegerDigits = 20;
// REQUIRES: kIntegerDigits bytes at `out`; returns how many were used.
size_t format_integer(int64_t value, char* out) noexcept;

// Room for any finite long double: 4933 digits, sign, point, 17 decimals.
constexpr size_t kLongDoubleDigits = 5 * 1024;
// At most 17 decimals, without trailing zeros: INCRBYFLOAT's form. REQUIRES: kLongDoubleDigits bytes at
// `out`, a finite value.
size_t format_long_double(long double value, char* out) noexcept;

// Room for any double in 17 significant digits.
constexpr size_t kDoubleDigits = 32;
// As printf's "%.17g"; "inf", "-inf", "nan". REQUIRES: kDoubleDigits bytes at `out`.
size_t format_double(double value, char* out) noexcept;

// Room for any number of bytes in its human form.
constexpr size_t kByteCountDigits = 24;
// Redis's human form, in powers of 1024: 200B, 1.50K, 943.25K, 23.54G. REQUIRES: kByteCountDigits bytes at
// `out`; returns how many were used.
size_t format_byte_count(uint64_t bytes, char* out) noexcept;

// An integer's digits, for as long as the object lives.
class IntegerText {
 public:
  explicit IntegerText(int64_t value) noexcept : size_(format_integer(value, bytes_)) {}
  std::string_view view() const noexcept { return {bytes_, size_}; }
  operator std::string_view() const noexcept { return view(); }

 private:
  char bytes_[kIntegerDigits];
  size_t size_;
};

}  // namespace plimsoll
