#include "plimsoll/reply.h"

#include <plimsoll/text/numbers.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace plimsoll {
namespace {

constexpr std::string_view kEnd = "\r\n";
constexpr size_t kHeaderBytes = 1 + kIntegerDigits + kEnd.size();

// Below this, a copy under the lock costs less than a reference: that needs a piece of its own, and while it
// is held the value cannot be changed in place.
constexpr size_t kSmallestReference = 32 * 1024;

char* put(char* to, std::string_view bytes) noexcept {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

char* put_header(char* to, char type, int64_t value) noexcept {
  *to++ = type;
  to += format_integer(value, to);
  return put(to, kEnd);
}

}  // namespace

void Reply::header(char type, int64_t value) {
  char* const start = out_.reserve(kHeaderBytes);
  out_.advance(static_cast<size_t>(put_header(start, type, value) - start));
}

void Reply::line(char type, std::string_view text) {
  char* const start = out_.reserve(1 + text.size() + kEnd.size());
  *start = type;
  put(put(start + 1, text), kEnd);
  out_.advance(1 + text.size() + kEnd.size());
}

void Reply::simple(std::string_view text) {
  line('+', text);
}

void Reply::error(std::string_view message) {
  const size_t size = 1 + message.size() + kEnd.size();
  char* const start = out_.reserve(size);
  *start = '-';
  put(put(start + 1, message), kEnd);
  std::replace_if(
      start + 1, start + 1 + message.size(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  out_.advance(size);
  ++errors_;
  const std::string_view code = message.substr(0, message.find(' ')).substr(0, sizeof error_code_);
  error_code_size_ = static_cast<uint8_t>(code.copy(error_code_, code.size()));
}

void Reply::integer(int64_t value) {
  header(':', value);
}

void Reply::boolean(bool value) {
  if (resp_version_ >= 3) {
    raw(value ? "#t\r\n" : "#f\r\n");
  } else {
    integer(value);
  }
}

void Reply::real(double value) {
  char digits[kDoubleDigits];
  const std::string_view text(digits, format_double(value, digits));
  if (resp_version_ >= 3) {
    line(',', text);
  } else {
    bulk(text);
  }
}

void Reply::big_number(std::string_view digits) {
  if (resp_version_ >= 3) {
    line('(', digits);
  } else {
    bulk(digits);
  }
}

void Reply::bulk(std::string_view bytes) {
  char* const start = out_.reserve(kHeaderBytes + bytes.size() + kEnd.size());
  char* to = put_header(start, '$', static_cast<int64_t>(bytes.size()));
  to = put(put(to, bytes), kEnd);
  out_.advance(static_cast<size_t>(to - start));
}

void Reply::bulk(const SharedBytes& bytes, size_t offset, size_t length) {
  if (length < kSmallestReference) return bulk(bytes.view().substr(offset, length));
  const OutputBuffer::Mark mark = out_.mark();
  try {
    header('$', static_cast<int64_t>(length));
    out_.append(bytes, offset, length);
    out_.append(kEnd);
  } catch (...) {
    out_.rewind(mark);
    throw;
  }
}

void Reply::bulk_integer(int64_t value) {
  bulk(IntegerText(value));
}

void Reply::verbatim(std::string_view bytes, std::string_view three_letters) {
  if (resp_version_ < 3) return bulk(bytes);
  const size_t payload = three_letters.size() + 1 + bytes.size();
  char* const start = out_.reserve(kHeaderBytes + payload + kEnd.size());
  char* to = put(put_header(start, '=', static_cast<int64_t>(payload)), three_letters);
  *to++ = ':';
  to = put(put(to, bytes), kEnd);
  out_.advance(static_cast<size_t>(to - start));
}

void Reply::null() {
  raw(resp_version_ >= 3 ? "_\r\n" : "$-1\r\n");
}

void Reply::null_array() {
  raw(resp_version_ >= 3 ? "_\r\n" : "*-1\r\n");
}

void Reply::array(size_t count) {
  header('*', static_cast<int64_t>(count));
}

void Reply::set(size_t count) {
  header(resp_version_ >= 3 ? '~' : '*', static_cast<int64_t>(count));
}

void Reply::map(size_t pairs) {
  if (resp_version_ >= 3) {
    header('%', static_cast<int64_t>(pairs));
  } else {
    array(2 * pairs);
  }
}

void Reply::push(size_t count) {
  header(resp_version_ >= 3 ? '>' : '*', static_cast<int64_t>(count));
}

void Reply::attribute(size_t pairs) {
  header('|', static_cast<int64_t>(pairs));
}

}  // namespace plimsoll
