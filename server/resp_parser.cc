#include "resp_parser.h"

#include <plimsoll/text/numbers.h>
#include <plimsoll/text/quoted_words.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

namespace plimsoll::server {

namespace {

constexpr size_t kKeptArguments = 2048;
constexpr size_t kKeptInline = 16 * 1024;
// A count in a header is a claim: memory is set aside for so many arguments at most, more as they arrive.
constexpr int64_t kTrustedArguments = 1024;
constexpr size_t kLineEnd = 2;

// In a header as in an inline command, a NUL byte hides the line's end, as in Redis. No good header holds
// one, so only the bad ones are searched.
bool holds_nul(std::string_view line) noexcept {
  return line.find('\0') != std::string_view::npos;
}

// A line of `type` and a number of up to five digits. Returns what follows it; null: it is another line, or
// not whole.
[[gnu::always_inline]] inline const char* read_header(const char* at, const char* end, char type,
                                                      size_t& number) noexcept {
  constexpr int kMostDigits = 5;
  if (end - at < 4 || *at != type) return nullptr;
  const auto digit_at = [](const char* p) {
    return static_cast<unsigned>(static_cast<unsigned char>(*p)) - '0';
  };
  number = digit_at(++at);
  if (number > 9) return nullptr;
  ++at;
  for (int digits = 1; *at != '\r'; ++digits) {
    const unsigned digit = digit_at(at);
    if (digit > 9 || number == 0 || digits == kMostDigits) return nullptr;
    number = number * 10 + digit;
    if (end - ++at < 2) return nullptr;
  }
  return at + kLineEnd;
}

}  // namespace

size_t parse_short_command(std::string_view bytes, const ParserLimits& limits,
                           ArgumentViews& arguments) noexcept {
  if (!limits.authenticated) return 0;
  const size_t before = arguments.size();
  const char* const end = bytes.data() + bytes.size();
  size_t count = 0, size = 0;
  const char* at = read_header(bytes.data(), end, '*', count);
  constexpr size_t kLeast = 6;  // bytes of an argument
  if (at == nullptr || count == 0 || count * kLeast > static_cast<size_t>(end - at)) return 0;
  try {
    for (; count != 0; --count) {
      at = read_header(at, end, '$', size);
      const bool whole = at != nullptr && static_cast<size_t>(end - at) >= size + kLineEnd;
      if (!whole || static_cast<int64_t>(size) > limits.max_bulk) break;
      arguments.push_back({at, size});
      at += size + kLineEnd;
    }
  } catch (const std::bad_alloc&) {
  }
  if (count == 0) return static_cast<size_t>(at - bytes.data());
  arguments.resize(before);
  return 0;
}

ParseResult RespParser::fail(std::string_view message) noexcept {
  error_size_ = static_cast<uint8_t>(std::min(message.size(), sizeof(error_)));
  std::memcpy(error_, message.data(), error_size_);
  return ParseResult::error;
}

ParseResult RespParser::parse(std::string_view bytes, const ParserLimits& limits) {
  if (!started_) {
    if (bytes.empty()) return ParseResult::need_more;
    if (bytes.front() != '*') return parse_inline(bytes);
    const ParseResult result = parse_count(bytes, limits);
    if (result != ParseResult::command) return result;
  }
  return parse_bulks(bytes, limits);
}

bool RespParser::place(const char* base) noexcept {
  const bool any = placed_ < arguments_.size();
  const auto address = reinterpret_cast<uintptr_t>(base);
  for (size_t i = placed_; i < arguments_.size(); ++i)
    arguments_[i].where = (address + arguments_[i].where) | kPlaced;
  placed_ = arguments_.size();
  searched_ -= std::min(searched_, position_);
  position_ = 0;
  return any;
}

void RespParser::take_large(const char* where) noexcept {
  arguments_.push_back({reinterpret_cast<uintptr_t>(where) | kPlaced, large_size()});
  ++placed_;
  ++found_;
  --remaining_;
  bulk_size_ = -1;
  large_ = false;
  skip_ = kLineEnd;
}

void RespParser::refuse(size_t taken) noexcept {
  refused_ = true;
  large_ = false;
  arguments_.clear();
  placed_ = 0;
  place(nullptr);
  if (bulk_size_ < 0) return;
  skip_ = large_size() - taken + kLineEnd;
  bulk_size_ = -1;
  ++found_;
  --remaining_;
}

// False when what is to be passed over is not here whole.
bool RespParser::skip(std::string_view bytes) noexcept {
  const size_t passed = std::min(skip_, bytes.size() - position_);
  position_ += passed;
  skip_ -= passed;
  return skip_ == 0;
}

size_t RespParser::find_line(std::string_view bytes) noexcept {
  const size_t from = std::max(position_, searched_);
  const void* found =
      from < bytes.size() ? std::memchr(bytes.data() + from, '\r', bytes.size() - from) : nullptr;
  if (found == nullptr) {
    searched_ = bytes.size();
    return std::string_view::npos;
  }
  const size_t end = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
  searched_ = end;
  return end + 2 > bytes.size() ? std::string_view::npos : end - position_;
}

ParseResult RespParser::unfinished_line(std::string_view bytes, std::string_view too_big) noexcept {
  return bytes.size() - position_ > ParserLimits::kInlineBytes ? fail(too_big) : ParseResult::need_more;
}

ParseResult RespParser::parse_count(std::string_view bytes, const ParserLimits& limits) {
  const size_t length = find_line(bytes);
  if (length == std::string_view::npos) return unfinished_line(bytes, "too big mbulk count string");
  int64_t count = 0;
  if (!parse_integer(bytes.substr(1, length - 1), count) || count > INT_MAX) {
    if (holds_nul(bytes.substr(0, length))) return unfinished_line(bytes, "too big mbulk count string");
    return fail("invalid multibulk length");
  }
  if (count > ParserLimits::kUnauthenticatedArguments && !limits.authenticated) {
    return fail("unauthenticated multibulk length");
  }
  position_ = length + 2;
  remaining_ = std::max<int64_t>(count, 0);
  started_ = true;
  if (count > 0) arguments_.reserve(static_cast<size_t>(std::min(count, kTrustedArguments)));
  return ParseResult::command;
}

ParseResult RespParser::parse_bulk_size(std::string_view bytes, const ParserLimits& limits) {
  const size_t length = find_line(bytes);
  if (length == std::string_view::npos) return unfinished_line(bytes, "too big bulk count string");
  const std::string_view line = bytes.substr(position_, length);
  if (!line.starts_with('$')) {
    if (holds_nul(line)) return unfinished_line(bytes, "too big bulk count string");
    char message[sizeof(error_)];
    const int size = std::snprintf(message, sizeof(message), "expected '$', got '%c'", bytes[position_]);
    return fail({message, static_cast<size_t>(size)});
  }
  int64_t size = 0;
  if (!parse_integer(line.substr(1), size) || size < 0 || size > limits.max_bulk) {
    if (holds_nul(line)) return unfinished_line(bytes, "too big bulk count string");
    return fail("invalid bulk length");
  }
  if (size > ParserLimits::kUnauthenticatedBulk && !limits.authenticated)
    return fail("unauthenticated bulk length");
  position_ += length + 2;
  bulk_size_ = size;
  return ParseResult::command;
}

ParseResult RespParser::parse_bulks(std::string_view bytes, const ParserLimits& limits) {
  while (true) {
    if (!skip(bytes)) return ParseResult::need_more;
    if (remaining_ == 0) return ParseResult::command;
    if (bulk_size_ < 0) {
      if (position_ >= bytes.size()) return ParseResult::need_more;
      const ParseResult result = parse_bulk_size(bytes, limits);
      if (result != ParseResult::command) return result;
    }
    const size_t size = large_size();
    const size_t here = bytes.size() - position_;
    if (refused_) {
      skip_ = size + kLineEnd;
    } else {
      large_ = here < size + kLineEnd && size > limits.largest_contiguous;
      if (large_) return ParseResult::large;
      if (here < size + kLineEnd) return ParseResult::need_more;
      arguments_.push_back({position_, size});
      position_ += size + kLineEnd;  // what stands for the line end is not looked at
    }
    bulk_size_ = -1;
    ++found_;
    --remaining_;
  }
}

ParseResult RespParser::parse_inline(std::string_view bytes) {
  // A NUL byte hides everything behind it, line ends too, as in Redis.
  const size_t end = bytes.find_first_of(std::string_view("\n\0", 2), searched_);
  if (end == std::string_view::npos || bytes[end] == '\0') {
    searched_ = std::min(end, bytes.size());
    if (bytes.size() > ParserLimits::kInlineBytes) return fail("too big inline request");
    return ParseResult::need_more;
  }
  std::string_view line = bytes.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);

  arguments_.clear();
  inlined_.clear();
  inlined_.reserve(line.size() + 1);
  const bool well_quoted = split_quoted(line, [this](std::string_view piece, bool starts_word) {
    if (starts_word) arguments_.push_back({inlined_.size(), 0});
    inlined_ += piece;
    arguments_.back().size += piece.size();
  });
  inlined_.push_back('\0');  // marks an inline command even if all its arguments are empty
  if (!well_quoted) return fail("unbalanced quotes in request");
  position_ = end + 1;
  return ParseResult::command;
}

size_t RespParser::needed() const noexcept {
  return position_ + (bulk_size_ < 0 ? std::max<size_t>(skip_, 1) : large_size() + kLineEnd);
}

void RespParser::clear() noexcept {
  position_ = searched_ = 0;
  remaining_ = 0;
  bulk_size_ = -1;
  skip_ = found_ = placed_ = 0;
  started_ = refused_ = large_ = false;
  error_size_ = 0;
  if (arguments_.capacity() > kKeptArguments) {
    decltype(arguments_)().swap(arguments_);
  } else {
    arguments_.clear();
  }
  if (inlined_.capacity() > kKeptInline) {
    decltype(inlined_)().swap(inlined_);
  } else {
    inlined_.clear();
  }
}

size_t RespParser::footprint() const noexcept {
  return sizeof(*this) + arguments_.capacity() * sizeof(Range) + inlined_.capacity();
}

void RespParser::swap(RespParser& other) noexcept {
  std::swap(*this, other);
}

}  // namespace plimsoll::server
