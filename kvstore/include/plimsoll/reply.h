#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/output_buffer.h"
#include "plimsoll/shared_bytes.h"

namespace plimsoll {

// Writes replies in RESP2 or RESP3 (github.com/redis/redis-specifications). The one place that knows the wire form;
// handlers say what they answer. Every call may throw std::bad_alloc and has then written nothing of that call.
class Reply {
 public:
  Reply(OutputBuffer& out, int resp_version) : out_(out), resp_version_(resp_version) {}

  void ok() { raw("+OK\r\n"); }
  void simple(std::string_view text);  // REQUIRES: no CR or LF in text
  // An error line, code first: "ERR no such key". CR and LF in it become spaces.
  void error(std::string_view message);
  void integer(int64_t value);
  void boolean(bool value);  // RESP2: 1 or 0
  // RESP2: a bulk string. The digits are those of "%.17g", as Redis writes them.
  void real(double value);
  void big_number(std::string_view digits);  // RESP2: a bulk string
  void bulk(std::string_view bytes);
  void bulk(const SharedBytes& bytes) { bulk(bytes, 0, bytes.size()); }
  // A part of them, by reference where that is cheaper than copying. REQUIRES: offset + length <= bytes.size().
  void bulk(const SharedBytes& bytes, size_t offset, size_t length);
  void bulk_integer(int64_t value);     // a bulk string of the decimal digits
  void verbatim(std::string_view bytes, std::string_view three_letters);  // RESP2: a bulk string
  void null();        // RESP3 "_", RESP2 "$-1"
  void null_array();  // RESP3 "_", RESP2 "*-1"

  // Announce how many elements follow; the caller then writes just so many.
  void array(size_t count);
  void set(size_t count);        // RESP2: an array
  void map(size_t pairs);        // RESP2: an array of 2 * pairs
  void push(size_t count);       // RESP2: an array
  void attribute(size_t pairs);  // RESP3 only

  // Bytes that are a reply already.
  void raw(std::string_view bytes) { out_.append(bytes); }

  int resp_version() const noexcept { return resp_version_; }
  void set_resp_version(int version) noexcept { resp_version_ = version; }
  OutputBuffer& out() noexcept { return out_; }

  // Not even an error could be written for want of memory: whoever waits for this reply must be cut off.
  void lose() noexcept { lost_ = true; }
  bool lost() const noexcept { return lost_; }

  // How many errors were written through this object, and the code ("ERR", "WRONGTYPE") of the last.
  unsigned errors() const noexcept { return errors_; }
  std::string_view last_error_code() const noexcept { return {error_code_, error_code_size_}; }

 private:
  void header(char type, int64_t value);
  void line(char type, std::string_view text);

  OutputBuffer& out_;
  int resp_version_;
  bool lost_ = false;
  unsigned errors_ = 0;
  uint8_t error_code_size_ = 0;
  char error_code_[32];
};

}  // namespace plimsoll
