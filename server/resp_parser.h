#pragma once

#include <zmalloc/allocator.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plimsoll::server {

// What a request may be made of; Redis's limits.
struct ParserLimits {
  static constexpr size_t kInlineBytes = 64 * 1024;  // also of a line that announces a count
  static constexpr int64_t kUnauthenticatedArguments = 10;
  static constexpr int64_t kUnauthenticatedBulk = 16384;

  int64_t max_bulk = int64_t{512} << 20;  // proto-max-bulk-len
  bool authenticated = true;
};

enum class ParseResult : uint8_t {
  command,    // a whole command; it may have no arguments at all and is then to be skipped
  need_more,  // the rest has not arrived
  error,      // RespParser::error() says what is wrong; nothing after it can be read
};

// Finds commands, as arrays of bulk strings or as inline lines, in bytes that may arrive one by one.
//
// The parser owns no bytes: each call is given the same command's bytes again, from its first one on, with
// more at the end, at whatever address they are by then. It remembers how far it got, so every byte is looked
// at once. Bulk strings are not copied: an argument is a range of the input. Inline arguments with escapes
// are unquoted into memory of the parser.
class RespParser {
 public:
  struct Range {
    size_t offset;
    size_t size;
  };

  // Goes on with the command that begins at bytes[0]. Throws std::bad_alloc; then the same call may be made
  // again.
  ParseResult parse(std::string_view bytes, const ParserLimits& limits);

  // After `command`: how many bytes it took. After need_more: how far parsing got.
  size_t position() const noexcept { return position_; }
  // After `command`.
  size_t argument_count() const noexcept { return arguments_.size(); }
  // REQUIRES: `base` is what the last parse() was given; views into it, or into memory that stays until the
  // next clear().
  std::string_view argument(size_t i, const char* base) const noexcept {
    const Range range = arguments_[i];
    return {(inlined_.empty() ? base : inlined_.data()) + range.offset, range.size};
  }
  // After `command`: it was a line; its arguments lie in the parser, not in the input.
  bool is_inline() const noexcept { return !inlined_.empty(); }
  // After `error`: "Protocol error: ..." without it, e.g. "invalid bulk length".
  std::string_view error() const noexcept { return {error_, error_size_}; }

  // After need_more: how many bytes in all the command takes at the least, as far as is known: what was
  // announced plus its line end. position() + 1 when no bulk is under way.
  size_t needed() const noexcept;

  // The next parse() begins a new command. Keeps memory, but no more than some 64 KiB.
  void clear() noexcept;
  // Nothing of a command has been seen.
  bool fresh() const noexcept { return position_ == 0; }
  // Bytes of memory held.
  size_t footprint() const noexcept;

  void swap(RespParser& other) noexcept;

 private:
  ParseResult fail(std::string_view message) noexcept;
  ParseResult unfinished_line(std::string_view bytes, std::string_view too_big) noexcept;
  ParseResult parse_inline(std::string_view bytes);
  ParseResult parse_count(std::string_view bytes, const ParserLimits& limits);
  ParseResult parse_bulks(std::string_view bytes, const ParserLimits& limits);
  ParseResult parse_bulk_size(std::string_view bytes, const ParserLimits& limits);
  // Length of the line at position_ without its end; npos while that has not arrived.
  size_t find_line(std::string_view bytes) noexcept;

  size_t position_ = 0;
  size_t searched_ = 0;     // no line end before it
  int64_t remaining_ = 0;   // arguments still to come
  int64_t bulk_size_ = -1;  // of the argument under way; -1: its size has not been read
  bool started_ = false;    // the array's count has been read
  uint8_t error_size_ = 0;
  char error_[64];
  zm::vector<Range, zm::Tag::client_input> arguments_;
  zm::string<zm::Tag::client_input>
      inlined_;  // the unquoted arguments of an inline command; empty for an array
};

}  // namespace plimsoll::server
