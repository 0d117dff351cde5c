#pragma once

#include <zmalloc/allocator.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plimsoll::server {

// Of a bulk string that is put together with the rest of its command, wherever it came in pieces. Longer ones
// are large: each goes to a place of its own.
inline constexpr size_t kLargestContiguous = 64 * 1024;

// What a request may be made of; Redis's limits.
struct ParserLimits {
  static constexpr size_t kInlineBytes = 64 * 1024;  // also of a line that announces a count
  static constexpr int64_t kUnauthenticatedArguments = 10;
  static constexpr int64_t kUnauthenticatedBulk = 16384;

  int64_t max_bulk = int64_t{512} << 20;  // proto-max-bulk-len
  bool authenticated = true;
  size_t largest_contiguous = kLargestContiguous;  // smaller in tests
};

enum class ParseResult : uint8_t {
  command,    // a whole command; it may have no arguments at all and is then to be skipped
  need_more,  // the rest has not arrived
  large,      // a bulk string of RespParser::large_size() bytes is announced, and more of it is to come
  error,      // RespParser::error() says what is wrong; nothing after it can be read
};

// Views of a command's arguments, one behind the other.
using ArgumentViews = zm::vector<std::string_view, zm::Tag::client_input>;

// A command that `bytes` begin with and hold whole, if it is an array of bulk strings with headers of a few
// digits each, as nearly all are: appends its arguments and returns how many bytes it takes, just as
// RespParser would, in a third of the instructions (callgrind, GET). 0: it is another one, not whole, wrong,
// from a client that is not authenticated, or there is no memory; nothing is appended, and RespParser is to
// be asked.
size_t parse_short_command(std::string_view bytes, const ParserLimits& limits,
                           ArgumentViews& arguments) noexcept;

// Finds commands, as arrays of bulk strings or as inline lines, in bytes that may arrive one by one.
//
// The parser owns no bytes: each call is given the same command's bytes again, from its first one on, with
// more at the end, at whatever address they are by then. It remembers how far it got, so every byte is looked
// at once. Bulk strings are not copied: an argument is a range of the input. Inline arguments with escapes
// are unquoted into memory of the parser.
//
// A long command need not lie in one place. Once place() has been told where the arguments found so far stay,
// the next call is given what follows them only. A large bulk string is announced before it is here, so that
// its bytes can go where they shall stay, or be refused.
class RespParser {
 public:
  // Goes on with the command that begins at bytes[0], or behind what has been placed. After `command`, a
  // further call without clear() answers the same again. Throws std::bad_alloc; then the same call may be
  // made again.
  ParseResult parse(std::string_view bytes, const ParserLimits& limits);

  // After `command`: how many bytes it took. After need_more and `large`: how far parsing got.
  size_t position() const noexcept { return position_; }
  // Those found so far.
  size_t argument_count() const noexcept { return arguments_.size(); }
  // How many the command has in all, as it says. REQUIRES: its count has been read.
  size_t announced_count() const noexcept { return found_ + static_cast<size_t>(remaining_); }
  // REQUIRES: `base` is what the last parse() was given; views into it, or into memory that stays until the
  // next clear().
  std::string_view argument(size_t i, const char* base) const noexcept {
    const Range range = arguments_[i];
    if ((range.where & kPlaced) != 0)
      return {reinterpret_cast<const char*>(range.where & ~kPlaced), range.size};
    return {(inlined_.empty() ? base : inlined_.data()) + range.where, range.size};
  }

  // The arguments so far stay where they are: in the bytes of the last parse(), at `base`. The next parse()
  // is given the bytes from position() on, which is then 0. False if there are none but those placed before.
  bool place(const char* base) noexcept;
  // Whether the command has arguments that are not in the bytes of the last parse().
  bool has_placed() const noexcept { return placed_ > 0; }

  // After `large`, and until it is taken or refused.
  bool large_announced() const noexcept { return large_; }
  // Its bytes begin at position(). REQUIRES: large_announced().
  size_t large_size() const noexcept { return static_cast<size_t>(bulk_size_); }
  // Makes sure that one more argument needs no memory. Throws std::bad_alloc.
  void make_room_for_argument() { arguments_.reserve(arguments_.size() + 1); }
  // It is whole, at `where`, and no part of it is given to parse(): what follows begins at position().
  // REQUIRES: the arguments before it are placed, and there is room for one more.
  void take_large(const char* where) noexcept;

  // From now on the command is read to its end and kept no more: what is before position() need not be given
  // again, which is then 0. It ends as a `command` without arguments. `taken` bytes of the bulk string that
  // is large_announced() have gone where take_large() would have found them. REQUIRES: its count has been
  // read.
  void refuse(size_t taken = 0) noexcept;
  bool refused() const noexcept { return refused_; }
  // After `command`: it was a line; its arguments lie in the parser, not in the input.
  bool is_inline() const noexcept { return !inlined_.empty(); }
  // After `error`: "Protocol error: ..." without it, e.g. "invalid bulk length".
  std::string_view error() const noexcept { return {error_, error_size_}; }

  // After need_more: how many bytes the next parse() has to be given at the least, as far as is known: what
  // was announced plus its line end. position() + 1 when no bulk is under way.
  size_t needed() const noexcept;

  // The next parse() begins a new command. Keeps memory, but no more than some 64 KiB.
  void clear() noexcept;
  // The command's count has been read.
  bool started() const noexcept { return started_; }
  // Nothing of a command has been seen.
  bool fresh() const noexcept { return position_ == 0 && !started_; }
  // Nor has a part of its first line.
  bool untouched() const noexcept { return fresh() && searched_ == 0; }
  // Bytes of memory held.
  size_t footprint() const noexcept;

  void swap(RespParser& other) noexcept;

 private:
  // An argument: `where` is an offset, or with kPlaced an address.
  struct Range {
    uintptr_t where;
    size_t size;
  };
  static constexpr uintptr_t kPlaced = uintptr_t{1} << 63;

  ParseResult fail(std::string_view message) noexcept;
  ParseResult unfinished_line(std::string_view bytes, std::string_view too_big) noexcept;
  ParseResult parse_inline(std::string_view bytes);
  ParseResult parse_count(std::string_view bytes, const ParserLimits& limits);
  ParseResult parse_bulks(std::string_view bytes, const ParserLimits& limits);
  ParseResult parse_bulk_size(std::string_view bytes, const ParserLimits& limits);
  bool skip(std::string_view bytes) noexcept;
  // Length of the line at position_ without its end; npos while that has not arrived.
  size_t find_line(std::string_view bytes) noexcept;

  size_t position_ = 0;
  size_t searched_ = 0;     // no line end before it
  int64_t remaining_ = 0;   // arguments still to come
  int64_t bulk_size_ = -1;  // of the argument under way; -1: its size has not been read
  size_t skip_ = 0;         // bytes to pass over before anything else
  size_t found_ = 0;        // arguments so far, of a refused command too
  size_t placed_ = 0;       // of arguments_, from the first on
  bool started_ = false;    // the array's count has been read
  bool refused_ = false;
  bool large_ = false;
  uint8_t error_size_ = 0;
  char error_[64];
  zm::vector<Range, zm::Tag::client_input> arguments_;
  zm::string<zm::Tag::client_input>
      inlined_;  // the unquoted arguments of an inline command; empty for an array
};

}  // namespace plimsoll::server
