#include <plimsoll/resp/decoder.h>

#include <charconv>
#include <cstring>
#include <utility>

#include "byte_buffer.h"

namespace plimsoll::resp {
namespace {

// A length line holds at most a sign and 19 digits.
constexpr std::uint64_t kLengthLineBytes = 24;

std::string printable(char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte < 0x7f) return std::string(1, c);
  return {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

bool parse_integer(std::string_view text, std::int64_t& out) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_double(std::string_view text, double& out) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  // An exponent beyond a double's range is well-formed; the digits stay in Value::text.
  return !text.empty() && end == text.data() + text.size() &&
         (error == std::errc() || error == std::errc::result_out_of_range);
}

bool is_big_number(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Type scalar_type(char kind) {
  switch (kind) {
    case '+':
      return Type::kSimpleString;
    case ':':
      return Type::kInteger;
    case ',':
      return Type::kDouble;
    case '#':
      return Type::kBoolean;
    case '(':
      return Type::kBigNumber;
    case '_':
      return Type::kNil;
    case '$':
      return Type::kBulkString;
    case '=':
      return Type::kVerbatim;
    default:
      return Type::kError;
  }
}

Type aggregate_type(char kind) {
  switch (kind) {
    case '%':
    case '|':
      return Type::kMap;
    case '~':
      return Type::kSet;
    case '>':
      return Type::kPush;
    default:
      return Type::kArray;
  }
}

}  // namespace

// An aggregate whose elements are still arriving.
struct Decoder::Frame {
  Value value;
  std::uint64_t missing = 0;
  bool is_attribute = false;
  std::vector<Value> next_attributes;  // waiting for the element they describe
};

struct Decoder::State {
  DecoderLimits limits;
  ByteBuffer buffer;
  std::size_t position = 0;   // first byte of the buffer not yet decoded
  std::size_t scanned = 0;    // from position: bytes known to hold no end of line
  std::size_t last_size = 0;  // bytes at the front that are the value returned last
  std::vector<Frame> frames;
  std::vector<Value> root_attributes;
  std::string failure;
};

Decoder::Decoder(DecoderLimits limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

void Decoder::feed(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::span<char> room = prepare(bytes.size());
  std::memcpy(room.data(), bytes.data(), bytes.size());
  commit(bytes.size());
}

std::span<char> Decoder::prepare(std::size_t size) {
  release_last();
  return state_->buffer.prepare(size);
}

void Decoder::commit(std::size_t size) {
  state_->buffer.commit(size);
}

std::string_view Decoder::raw() const {
  return state_->buffer.view().substr(0, state_->last_size);
}

std::size_t Decoder::pending() const {
  return state_->buffer.view().size() - state_->last_size;
}

void Decoder::release_last() {
  if (state_->last_size == 0) return;
  state_->buffer.drop_front(state_->last_size);
  state_->position -= state_->last_size;
  state_->last_size = 0;
}

void Decoder::fail(const std::string& why) {
  state_->failure = "Protocol error, " + why;
  throw ProtocolError(state_->failure);
}

std::optional<Value> Decoder::next() {
  if (!state_->failure.empty()) throw ProtocolError(state_->failure);
  release_last();
  while (true) {
    Value value;
    const Step step = read_item(value);
    if (step == Step::kNeedMore) return std::nullopt;
    if (step == Step::kComplete && attach(value)) {
      state_->last_size = state_->position;
      return value;
    }
  }
}

// Gives a complete value to the aggregate it belongs to, and so on outwards while that completes one. True
// when `value` has become a whole reply.
bool Decoder::attach(Value& value) {
  auto& frames = state_->frames;
  bool is_attribute = false;
  while (true) {
    auto& attributes = frames.empty() ? state_->root_attributes : frames.back().next_attributes;
    if (is_attribute) {
      for (Value& item : value.elements) attributes.push_back(std::move(item));
      return false;
    }
    // An aggregate took its attributes when it opened; they must not be replaced by nothing.
    if (!attributes.empty()) value.attributes = std::exchange(attributes, {});
    if (frames.empty()) return true;
    Frame& frame = frames.back();
    frame.value.elements.push_back(std::move(value));
    if (--frame.missing > 0) return false;
    value = std::move(frame.value);
    is_attribute = frame.is_attribute;
    frames.pop_back();
  }
}

Decoder::Step Decoder::read_item(Value& value) {
  const std::string_view bytes = state_->buffer.view().substr(state_->position);
  if (bytes.empty()) return Step::kNeedMore;
  switch (const char kind = bytes[0]) {
    case '+':
    case '-':
    case ':':
    case ',':
    case '#':
    case '(':
    case '_':
      return read_line_item(kind, value);
    case '$':
    case '=':
    case '!':
      return read_bulk(kind, value);
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      return open_aggregate(kind, value);
    default:
      fail("got \"" + printable(kind) + "\" as reply type byte");
  }
}

// The line after the type byte, without its end, consumed; nothing if its end has not arrived.
std::optional<std::string_view> Decoder::take_line(std::uint64_t limit) {
  const std::string_view line = state_->buffer.view().substr(state_->position + 1);
  const std::size_t end = line.find('\r', state_->scanned);
  const std::size_t length = end == std::string_view::npos ? line.size() : end;
  if (length > limit) fail("line longer than " + std::to_string(limit) + " bytes");
  if (end == std::string_view::npos || end + 1 == line.size()) {
    state_->scanned = length;
    return std::nullopt;
  }
  if (line[end + 1] != '\n') fail("carriage return without a line feed");
  state_->position += 1 + end + 2;
  state_->scanned = 0;
  return line.substr(0, end);
}

std::optional<std::int64_t> Decoder::take_length(const char* what) {
  const auto line = take_line(kLengthLineBytes);
  if (!line) return std::nullopt;
  std::int64_t length = 0;
  if (!parse_integer(*line, length)) fail(std::string("bad ") + what + " length");
  return length;
}

Decoder::Step Decoder::read_line_item(char kind, Value& value) {
  const auto line = take_line(state_->limits.line_bytes);
  if (!line) return Step::kNeedMore;
  value.type = scalar_type(kind);
  switch (value.type) {
    case Type::kInteger:
      if (!parse_integer(*line, value.integer)) fail("bad integer value");
      break;
    case Type::kDouble:
      if (!parse_double(*line, value.real)) fail("bad double value");
      value.text = *line;
      break;
    case Type::kBoolean:
      if (*line != "t" && *line != "f") fail("bad boolean value");
      value.boolean = *line == "t";
      break;
    case Type::kBigNumber:
      if (!is_big_number(*line)) fail("bad big number value");
      value.text = *line;
      break;
    case Type::kNil:
      if (!line->empty()) fail("bad null value");
      break;
    default:
      value.text = *line;
  }
  return Step::kComplete;
}

// The header is read again with each new piece until the whole bulk is there: at most two dozen bytes.
Decoder::Step Decoder::read_bulk(char kind, Value& value) {
  const std::size_t start = state_->position;
  const auto length = take_length("bulk");
  if (!length) return Step::kNeedMore;
  value.type = scalar_type(kind);
  if (*length == -1 && kind == '$') {
    value.type = Type::kNil;
    return Step::kComplete;
  }
  if (*length < 0 || static_cast<std::uint64_t>(*length) > state_->limits.bulk_bytes)
    fail("invalid bulk length");
  const std::string_view rest = state_->buffer.view().substr(state_->position);
  const auto size = static_cast<std::size_t>(*length);
  if (rest.size() < size + 2) {
    state_->position = start;
    return Step::kNeedMore;
  }
  if (rest.substr(size, 2) != "\r\n") fail("bulk without an end of line");
  std::string_view payload = rest.substr(0, size);
  if (value.type == Type::kVerbatim) {
    if (size < 4 || payload[3] != ':') fail("bad verbatim string format");
    payload.copy(value.verbatim_format.data(), 3);
    payload.remove_prefix(4);
  }
  value.text = payload;
  state_->position += size + 2;
  return Step::kComplete;
}

Decoder::Step Decoder::open_aggregate(char kind, Value& value) {
  const auto length = take_length("multi-bulk");
  if (!length) return Step::kNeedMore;
  if (*length == -1 && kind == '*') {
    value.type = Type::kNil;
    return Step::kComplete;
  }
  const std::uint64_t each = (kind == '%' || kind == '|') ? 2 : 1;
  if (*length < 0 || static_cast<std::uint64_t>(*length) > state_->limits.elements / each)
    fail("multi-bulk length out of range");
  value.type = aggregate_type(kind);
  if (*length == 0) return kind == '|' ? Step::kOpened : Step::kComplete;
  if (state_->frames.size() >= state_->limits.depth)
    fail("nested deeper than " + std::to_string(state_->limits.depth));
  auto& attributes = state_->frames.empty() ? state_->root_attributes : state_->frames.back().next_attributes;
  Frame frame;
  if (kind != '|') value.attributes = std::exchange(attributes, {});
  frame.value = std::move(value);
  frame.missing = static_cast<std::uint64_t>(*length) * each;
  frame.is_attribute = kind == '|';
  state_->frames.push_back(std::move(frame));
  return Step::kOpened;
}

}  // namespace plimsoll::resp
