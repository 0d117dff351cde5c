// The protocol's parser: the same bytes give the same commands and the same error however they are cut into
// pieces, whether they are parsed where they arrive or kept in an InputBuffer, its large bulk strings go to
// places of their own or are refused, and no announcement takes memory that did not arrive.
//
// An input is three bytes (limits, how it is cut, a filler) and then what a client sends.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "input_buffer.h"
#include "resp_parser.h"

namespace plimsoll::server {
namespace {

using Commands = std::vector<std::vector<std::string>>;

// What a stream amounts to.
struct Outcome {
  Commands commands;
  std::string error;    // empty if it ends in the middle of a command, or between two
  size_t consumed = 0;  // bytes of whole commands
  bool operator==(const Outcome&) const = default;
};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "FINDING: %s\n", what);
  std::abort();
}

// Memory that the parser may hold for `size` bytes of a command: the arguments it trusts a header for, and
// what really came.
size_t allowed_footprint(size_t size) {
  return 64 * 1024 + 64 * size;
}

// Every piece is parsed in a copy of its own, so longer streams come in larger pieces.
constexpr size_t kFewBytes = 2048;

// What clear() keeps.
constexpr size_t kKeptFootprint = 96 * 1024;

// How many bytes of a stream come with each read: all, one, or some. A long stream comes in some hundred
// pieces at most.
class Cutter {
 public:
  Cutter(uint8_t way, size_t stream_size) : state_(way), way_(way), unit_(1 + stream_size / kFewBytes) {}
  size_t next(size_t left) {
    if (way_ == 0) return left;
    if (way_ == 1) return std::min(left, unit_);
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return std::min<size_t>(left, 1 + (state_ >> 33) % (way_ * unit_));
  }

 private:
  uint64_t state_;
  uint8_t way_;
  size_t unit_;
};

void take_command(const RespParser& parser, const char* base, Outcome& outcome) {
  std::vector<std::string> arguments;
  for (size_t i = 0; i < parser.argument_count(); ++i) arguments.emplace_back(parser.argument(i, base));
  outcome.commands.push_back(std::move(arguments));
  outcome.consumed += parser.position();
}

// Parses bytes that lie in a block of just their size, so that a look beyond them is seen.
class ExactBlock {
 public:
  explicit ExactBlock(std::string_view bytes) : block_(new char[bytes.size()]), size_(bytes.size()) {
    std::memcpy(block_.get(), bytes.data(), bytes.size());
  }
  std::string_view view() const { return {block_.get(), size_}; }

 private:
  std::unique_ptr<char[]> block_;
  size_t size_;
};

// What it says of bytes that a command begins with is what the parser says, or nothing.
void check_short(std::string_view bytes, const ParserLimits& limits) {
  ArgumentViews arguments;
  const size_t taken = parse_short_command(bytes, limits, arguments);
  require(taken != 0 || arguments.empty(), "arguments of no command");
  if (taken == 0) return;
  RespParser parser;
  require(parser.parse(bytes, limits) == ParseResult::command && parser.position() == taken &&
              parser.argument_count() == arguments.size(),
          "a short command that is none");
  for (size_t i = 0; i < arguments.size(); ++i) {
    require(arguments[i].data() == parser.argument(i, bytes.data()).data() &&
                arguments[i].size() == parser.argument(i, bytes.data()).size(),
            "a short command of other arguments");
  }
}

Outcome parse_in_place(std::string_view stream, const ParserLimits& limits, uint8_t way) {
  Outcome outcome;
  RespParser parser;
  Cutter cutter(way, stream.size());
  size_t arrived = 0, needed = 0;
  while (true) {
    const ExactBlock block(stream.substr(outcome.consumed, arrived - outcome.consumed));
    const std::string_view bytes = block.view();
    if (parser.untouched()) check_short(bytes, limits);
    const ParseResult result = parser.parse(bytes, limits);
    require(parser.footprint() <= allowed_footprint(bytes.size()), "memory for bytes that did not come");
    if (result == ParseResult::error) {
      outcome.error = parser.error();
      require(!outcome.error.empty(), "an error without a text");
      return outcome;
    }
    require(parser.position() <= bytes.size(), "position beyond the bytes");
    if (result == ParseResult::command) {
      require(needed <= parser.position(), "a command took less than was needed");
      take_command(parser, bytes.data(), outcome);
      parser.clear();
      require(parser.fresh() && parser.footprint() <= kKeptFootprint, "clear() keeps too much");
      needed = 0;
      continue;
    }
    needed = std::max(needed, parser.needed());
    if (arrived == stream.size()) return outcome;
    arrived += cutter.next(stream.size() - arrived);
  }
}

// An InputBuffer as a connection uses it.
class Receiver {
 public:
  // What becomes of bytes and large bulk strings differs by `way`; `wanted` is what each command should be.
  Receiver(const ParserLimits& limits, uint8_t way, const Commands& wanted)
      : limits_(limits), way_(way), wanted_(wanted) {}

  // False once there was an error.
  bool receive(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t taken = buffer_.large_under_way()   ? put_large(bytes)
                           : (++turn_ * way_ & 4) != 0 ? put_in_shared(bytes)
                           : (turn_ * way_ & 8) != 0   ? put_unparsed(bytes)
                                                       : put_behind(bytes);
      require(taken > 0, "no room for what arrives");
      bytes.remove_prefix(taken);
      if (!unparsed_ && !run()) return false;
      require(buffer_.footprint() <= 512 * 1024 + 80 * buffer_.size() + announced_,
              "a buffer larger than what it holds");
    }
    return true;
  }

  // Parses what receive() may have left for later.
  Outcome finish() {
    if (outcome.error.empty()) run();
    return outcome;
  }

  Outcome outcome;

 private:
  static constexpr size_t kLargestGranted = 1 << 20;

  size_t put_large(std::string_view bytes) {
    size_t room = 0;
    char* const place = buffer_.large_place(&room);
    const size_t n = std::min(room, bytes.size());
    bytes.copy(place, n);
    buffer_.commit_large(n);
    return n;
  }

  // Through a buffer that connections share.
  size_t put_in_shared(std::string_view bytes) {
    if (unparsed_ || buffer_.bytes().size() > sizeof shared_ / 2) return put_behind(bytes);
    RespParser parser;
    const size_t held = buffer_.bytes().size();
    buffer_.take(shared_, parser);
    const size_t n = std::min(bytes.size(), sizeof shared_ - held);
    bytes.copy(shared_ + held, n);
    buffer_.keep({shared_, held + n}, parser);
    return n;
  }

  size_t put_unparsed(std::string_view bytes) {
    unparsed_ = (turn_ & 1) != 0;
    size_t room = 0;
    char* const place = buffer_.extend_unparsed(bytes.size(), &room);
    bytes.copy(place, room);
    buffer_.commit(room);
    return room;
  }

  size_t put_behind(std::string_view bytes) {
    if (unparsed_) return put_unparsed(bytes);
    if (buffer_.empty()) {
      RespParser fresh;
      buffer_.keep(bytes, fresh);
      return bytes.size();
    }
    size_t room = 0;
    char* const place = buffer_.extend(bytes.size(), &room);
    bytes.copy(place, room);
    buffer_.commit(room);
    return room;
  }

  // There is nothing to parse before a large bulk string is whole.
  bool run() {
    unparsed_ = false;
    while (!buffer_.empty() && !buffer_.large_under_way()) {
      RespParser& parser = buffer_.parser();
      const ParseResult result = parser.parse(buffer_.bytes(), limits_);
      if (result == ParseResult::error) outcome.error = parser.error();
      if (result == ParseResult::error) return false;
      if (result == ParseResult::command) {
        take_command();
      } else if (result == ParseResult::large) {
        start_large();
      } else {
        const bool block_gone = buffer_.consume(0);
        if (buffer_.empty()) return true;
        if (block_gone && !buffer_.bytes().empty()) continue;
        if (!buffer_.join()) return true;
      }
    }
    return true;
  }

  void take_command() {
    RespParser& parser = buffer_.parser();
    require(parser.parse(buffer_.bytes(), limits_) == ParseResult::command,
            "a whole command is not whole again");
    if (parser.refused()) {
      require(outcome.commands.size() < wanted_.size(), "a refused command that is none");
      require(buffer_.refusal() == "refused", "a refusal that got lost");
      outcome.commands.push_back(wanted_[outcome.commands.size()]);
    } else {
      take_arguments();
    }
    const size_t used = parser.position();
    parser.clear();
    buffer_.release_placed();
    buffer_.consume(used);
    announced_ = 0;
  }

  void take_arguments() {
    const RespParser& parser = buffer_.parser();
    std::vector<std::string> arguments;
    for (size_t i = 0; i < parser.argument_count(); ++i) {
      arguments.emplace_back(parser.argument(i, buffer_.bytes().data()));
    }
    for (const SharedArgument& large : buffer_.large_arguments()) {
      require(arguments.at(large.index) == large.bytes.view(), "a large argument that is not its block");
    }
    outcome.commands.push_back(std::move(arguments));
  }

  void start_large() {
    const size_t size = buffer_.parser().large_size();
    require(size > limits_.largest_contiguous, "a large argument that is not");
    if ((way_ & 16) != 0 || size > kLargestGranted) return buffer_.refuse("refused");
    announced_ += 2 * size;
    buffer_.begin_large(SharedBytes::allocate(size, zm::Tag::client_input));
  }

  const ParserLimits limits_;
  const uint8_t way_;
  const Commands& wanted_;
  InputBuffer buffer_;
  char shared_[4096];
  unsigned turn_ = 0;
  bool unparsed_ = false;
  size_t announced_ = 0;
};

Outcome parse_kept(std::string_view stream, const ParserLimits& limits, uint8_t way, const Outcome& wanted) {
  Receiver receiver(limits, way, wanted.commands);
  Cutter cutter(way, stream.size());
  for (size_t arrived = 0; arrived < stream.size();) {
    const size_t n = cutter.next(stream.size() - arrived);
    if (!receiver.receive(stream.substr(arrived, n))) break;
    arrived += n;
  }
  Outcome outcome = receiver.finish();
  outcome.consumed = wanted.consumed;  // counted in parse_in_place() alone
  return outcome;
}

std::string encode(const Commands& commands) {
  std::string bytes;
  for (const auto& arguments : commands) {
    bytes += "*" + std::to_string(arguments.size()) + "\r\n";
    for (const std::string& argument : arguments) {
      bytes += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
    }
  }
  return bytes;
}

// What is large is of no matter to who has the whole stream in one place.
ParserLimits limits_of(uint8_t byte) {
  constexpr int64_t kMaxBulk[] = {int64_t{512} << 20, 0, 40, 20'000};
  ParserLimits limits;
  limits.largest_contiguous = SIZE_MAX;
  limits.max_bulk = kMaxBulk[byte & 3];
  limits.authenticated = (byte & 4) == 0;
  return limits;
}

// A filler puts the limits on lines in reach: it begins inside the line that the stream's first half ends
// with.
std::string fill(std::string_view stream, uint8_t filler) {
  std::string filled(stream);
  if (filler >= 192) {
    filled.insert(stream.size() / 2, ParserLimits::kInlineBytes - (filler & 31),
                  (filler & 32) != 0 ? '1' : ' ');
  }
  return filled;
}

void check(std::string_view stream, const ParserLimits& limits, uint8_t way) {
  if (stream.size() > kFewBytes) way |= 64;
  const Outcome whole = parse_in_place(stream, limits, 0);
  // A line beyond the limit is refused once so much of it has come without its end: how much comes at once
  // then matters.
  const bool may_be_too_long = stream.size() > ParserLimits::kInlineBytes;
  if (!may_be_too_long) {
    require(parse_in_place(stream, limits, way) == whole, "pieces change the outcome");
    if (stream.size() <= kFewBytes)
      require(parse_in_place(stream, limits, 1) == whole, "single bytes change the outcome");
    for (const size_t largest : {kLargestContiguous, size_t{9}, size_t{100}}) {
      ParserLimits smaller = limits;
      smaller.largest_contiguous = largest;
      require(parse_kept(stream, smaller, way, whole) == whole, "an InputBuffer changes the outcome");
    }
  } else if (way > 1) {
    parse_kept(stream, limits, 239, whole);
  }
  // Whatever form a command came in, it can be told again as an array. Limits on announcements may refuse
  // that.
  const Outcome again = parse_in_place(encode(whole.commands), limits_of(0), 0);
  require(again.error.empty() && again.commands == whole.commands, "commands do not survive being encoded");
}

}  // namespace
}  // namespace plimsoll::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace plimsoll::server;
  if (size < 3) return 0;
  const std::string stream = fill({reinterpret_cast<const char*>(data) + 3, size - 3}, data[2]);
  check(stream, limits_of(data[0]), data[1]);
  return 0;
}
