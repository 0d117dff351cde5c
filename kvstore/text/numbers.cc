#include <locale.h>
#include <plimsoll/text/numbers.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace plimsoll {
namespace {

// strtold() reads the decimal point of the thread's locale; an embedder may have set any.
locale_t c_locale() noexcept {
  static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
  return locale;
}

bool is_blank(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool all_digits(const char* p, size_t n, uint64_t& value) noexcept {
  uint64_t sum = 0;
  for (size_t i = 0; i < n; ++i) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(p[i])) - '0';
    if (digit > 9) return false;
    sum = sum * 10 + digit;
  }
  value = sum;
  return true;
}

}  // namespace

bool parse_integer(std::string_view text, int64_t& value) noexcept {
  const bool negative = !text.empty() && text.front() == '-';
  const char* digits = text.data() + negative;
  const size_t count = text.size() - negative;
  if (count == 0 || count > 19) return false;
  if (digits[0] == '0') {
    if (count != 1 || negative) return false;
    value = 0;
    return true;
  }
  uint64_t magnitude;  // 19 digits never overflow it
  if (!all_digits(digits, count, magnitude)) return false;
  constexpr uint64_t kLargest = std::numeric_limits<int64_t>::max();
  if (magnitude > kLargest + negative) return false;
  value = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
}

bool parse_long_double(std::string_view text, long double& value) noexcept {
  char copy[kLongDoubleDigits];
  if (text.empty() || text.size() >= sizeof copy || is_blank(text.front())) return false;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  char* end;
  const int saved = errno;
  errno = 0;
  const long double result = strtold_l(copy, &end, c_locale());
  const bool out_of_range = errno == ERANGE && (std::isinf(result) || result == 0);
  errno = saved;
  if (end != copy + text.size() || out_of_range || std::isnan(result)) return false;
  value = result;
  return true;
}

size_t format_integer(int64_t value, char* out) noexcept {
  return static_cast<size_t>(std::to_chars(out, out + kIntegerDigits, value).ptr - out);
}

size_t format_long_double(long double value, char* out) noexcept {
  const char* end = std::to_chars(out, out + kLongDoubleDigits, value, std::chars_format::fixed, 17).ptr;
  while (end[-1] == '0') --end;  // a point is always there
  if (end[-1] == '.') --end;
  const auto size = static_cast<size_t>(end - out);
  if (std::string_view(out, size) != "-0") return size;
  out[0] = '0';
  return 1;
}

size_t format_double(double value, char* out) noexcept {
  if (std::isnan(value)) return std::string_view("nan").copy(out, 3);
  return static_cast<size_t>(
      std::to_chars(out, out + kDoubleDigits, value, std::chars_format::general, 17).ptr - out);
}

size_t format_byte_count(uint64_t bytes, char* out) noexcept {
  constexpr char kUnits[] = "KMGTPE";
  char* const limit = out + kByteCountDigits;
  if (bytes < 1024) {
    char* const end = std::to_chars(out, limit, bytes).ptr;
    *end = 'B';
    return static_cast<size_t>(end + 1 - out);
  }
  double scaled = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; scaled >= 1024 && unit < 5; ++unit) scaled /= 1024;
  char* const end = std::to_chars(out, limit, scaled, std::chars_format::fixed, 2).ptr;
  *end = kUnits[unit];
  return static_cast<size_t>(end + 1 - out);
}

}  // namespace plimsoll
