#pragma once

#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>
#include <zmalloc/allocator.h>

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "plimsoll/call.h"
#include "plimsoll/store.h"

namespace plimsoll {

// Error lines that many commands answer; Redis's texts.
namespace errors {
inline constexpr std::string_view kSyntax = "ERR syntax error";
inline constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotAFloat = "ERR value is not a valid float";
inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kNoSuchKey = "ERR no such key";
inline constexpr std::string_view kDatabaseOutOfRange = "ERR DB index is out of range";
inline constexpr std::string_view kSameObject = "ERR source and destination objects are the same";
}  // namespace errors

// Reads a command's arguments one after the other. The first thing wrong is the reply, written at once; from
// then on every call does nothing and answers an empty value, so that a handler asks failed() once, when it
// has read all it wants:
//
//   ArgumentReader arguments(call, 2);
//   const int64_t offset = arguments.integer();
//   const std::string_view value = arguments.text();
//   if (arguments.failed()) return;
class ArgumentReader {
 public:
  ArgumentReader(const Call& call, size_t first) noexcept : call_(call), at_(first) {}

  bool failed() const noexcept { return failed_; }
  // Whether there is more to read: false also once something was wrong.
  bool more() const noexcept { return !failed_ && at_ < call_.argc(); }

  // Takes the next argument if it is this word, ASCII case ignored, and at least `values` arguments follow
  // it.
  bool accept(std::string_view word, size_t values = 0) noexcept {
    if (!more() || call_.argc() - at_ <= values || !ascii_equal_nocase(call_.arg(at_), word)) return false;
    ++at_;
    return true;
  }

  std::string_view text() {
    if (failed_) return {};
    if (at_ < call_.argc()) return call_.arg(at_++);
    fail(errors::kSyntax);
    return {};
  }

  int64_t integer(std::string_view error = errors::kNotAnInteger) {
    const std::string_view digits = text();
    int64_t value = 0;
    if (!failed_ && !parse_integer(digits, value)) fail(error);
    return value;
  }

  long double real() {
    const std::string_view digits = text();
    long double value = 0;
    if (!failed_ && !parse_long_double(digits, value)) fail(errors::kNotAFloat);
    return value;
  }

  // A C int, as Redis reads database numbers. Without an `error`, one for what is no integer and one for what
  // is too large.
  int small_integer(std::string_view error = {}) {
    const int64_t value = integer(error.empty() ? errors::kNotAnInteger : error);
    if (value >= INT32_MIN && value <= INT32_MAX) return static_cast<int>(value);
    fail(!error.empty() ? error : "ERR value is out of range, value must between -2147483648 and 2147483647");
    return 0;
  }

  // The number of a database that there is.
  int database() {
    const int index = small_integer();
    if (!failed_ && (index < 0 || index >= call_.store().databases())) fail(errors::kDatabaseOutOfRange);
    return index;
  }

  void fail(std::string_view error) {
    if (failed_) return;
    failed_ = true;
    call_.reply().error(error);
  }
  // A part ends at a NUL byte, as arguments do in Redis's errors.
  void fail(std::initializer_list<std::string_view> parts) {
    zm::string<zm::Tag::command> error;
    for (const std::string_view part : parts) error.append(part.substr(0, part.find('\0')));
    fail(error);
  }

 private:
  const Call& call_;
  size_t at_;
  bool failed_ = false;
};

}  // namespace plimsoll
