#include "reply_skipper.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

namespace plimsoll::bench {
namespace {

constexpr uint64_t kMaxLine = 64 * 1024;
constexpr uint64_t kMaxBulk = uint64_t{4} << 30;
constexpr uint64_t kMaxElements = uint64_t{1} << 32;
constexpr unsigned kMaxDigits = 18;

}  // namespace

const char* ReplySkipper::step(const char* at, const char* end) {
  switch (state_) {
    case State::kType:
      return begin_element(at);
    case State::kLine:
      return skip_line(at, end);
    case State::kLength:
      return read_length(at, end);
    case State::kBulk:
      return skip_bulk(at, end);
  }
  return fail("impossible state");
}

const char* ReplySkipper::begin_element(const char* at) {
  if (pending_ == 0) {
    pending_ = 1;
    kind_ = ReplyKind::kValue;
    is_push_ = in_aggregate_ = false;
  }
  type_ = *at;
  last_ = 0;
  switch (type_) {
    case '-':
      note_error();
      [[fallthrough]];
    case '+':
    case ':':
    case ',':
    case '#':
    case '(':
    case '_':
      if (type_ == '_') note_null();
      line_size_ = 0;
      state_ = State::kLine;
      return at + 1;
    case '!':
      note_error();
      [[fallthrough]];
    case '$':
    case '=':
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      length_ = 0;
      digits_ = 0;
      negative_ = false;
      state_ = State::kLength;
      return at + 1;
    default: {
      char text[64];
      std::snprintf(text, sizeof text, "byte 0x%02x where a reply should begin",
                    static_cast<unsigned>(static_cast<unsigned char>(type_)));
      return fail(text);
    }
  }
}

const char* ReplySkipper::skip_line(const char* at, const char* end) {
  const auto* newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
  const char* stop = newline == nullptr ? end : newline;
  const size_t size = static_cast<size_t>(stop - at);
  line_size_ += size;
  if (line_size_ > kMaxLine) return fail("a reply line longer than 64 KiB");
  if (capturing_) capture_error(at, size);
  if (size > 0) last_ = stop[-1];
  if (newline == nullptr) return end;
  if (last_ != '\r') return fail("a reply line that ends without a carriage return");
  finish_element();
  return newline + 1;
}

const char* ReplySkipper::read_length(const char* at, const char* end) {
  for (; at < end; ++at) {
    const char c = *at;
    if (last_ == '\r') {
      if (c != '\n' || digits_ == 0) return fail("a malformed length");
      return length_complete(at + 1);
    }
    if (c >= '0' && c <= '9') {
      if (++digits_ > kMaxDigits) return fail("a length out of range");
      length_ = length_ * 10 + static_cast<uint64_t>(c - '0');
    } else if (c == '-' && digits_ == 0 && !negative_) {
      negative_ = true;
    } else if (c != '\r') {
      return fail("a malformed length");
    }
    last_ = c;
  }
  return end;
}

const char* ReplySkipper::length_complete(const char* at) {
  if (negative_) {
    if (length_ != 1 || (type_ != '$' && type_ != '*')) return fail("a negative length");
    note_null();
    finish_element();
    return at;
  }
  if (type_ != '$' && type_ != '=' && type_ != '!') return begin_aggregate(at);
  if (length_ > kMaxBulk) return fail("a bulk reply longer than 4 GiB");
  length_ += 2;
  state_ = State::kBulk;
  return at;
}

const char* ReplySkipper::begin_aggregate(const char* at) {
  const uint64_t added = type_ == '%' || type_ == '|' ? 2 * length_ : length_;
  if (length_ > kMaxElements || pending_ + added > kMaxElements)
    return fail("an aggregate with too many elements");
  state_ = State::kType;
  if (type_ == '|') {
    pending_ += added;
    return at;
  }
  if (type_ == '>' && !top_level()) return fail("a push inside another reply");
  if (top_level()) {
    in_aggregate_ = true;
    is_push_ = type_ == '>';
  }
  pending_ += added;
  finish_element();
  return at;
}

const char* ReplySkipper::skip_bulk(const char* at, const char* end) {
  if (length_ > 2) {
    const size_t size = static_cast<size_t>(std::min<uint64_t>(length_ - 2, static_cast<uint64_t>(end - at)));
    if (capturing_) capture_error(at, size);
    length_ -= size;
    at += size;
  }
  while (at < end && length_ > 0 && length_ <= 2) {
    if (*at != (length_ == 2 ? '\r' : '\n'))
      return fail("a bulk reply that does not end where its length says");
    ++at;
    --length_;
  }
  if (length_ == 0) finish_element();
  return at;
}

const char* ReplySkipper::fail(std::string why) {
  problem_ = std::move(why);
  return nullptr;
}

void ReplySkipper::note_error() {
  if (in_attribute() || is_push_) return;
  kind_ = ReplyKind::kError;
  capturing_ = first_error_.empty();
}

void ReplySkipper::note_null() {
  if (top_level()) kind_ = ReplyKind::kNull;
}

void ReplySkipper::capture_error(const char* text, size_t size) {
  first_error_.append(text, std::min(size, kErrorTextLimit - std::min(kErrorTextLimit, first_error_.size())));
}

void ReplySkipper::finish_element() {
  if (capturing_) {
    capturing_ = false;
    if (!first_error_.empty() && first_error_.back() == '\r') first_error_.pop_back();
  }
  state_ = State::kType;
  if (--pending_ == 0) reply_ended_ = !is_push_;
}

}  // namespace plimsoll::bench
