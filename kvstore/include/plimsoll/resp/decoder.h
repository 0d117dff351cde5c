#pragma once

#include <plimsoll/resp/value.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::resp {

// The bytes are not RESP, or break a limit. Nothing more can be decoded from that stream.
class ProtocolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a peer may make the decoder do. A declared length alone costs nothing: memory is taken as bytes
// arrive.
struct DecoderLimits {
  std::size_t depth = 128;                                // aggregates inside each other
  std::uint64_t elements = (std::uint64_t{1} << 32) - 1;  // of one aggregate; a map's pairs count twice
  std::uint64_t bulk_bytes = std::uint64_t{512} << 20;    // of one bulk, verbatim string or bulk error
  std::uint64_t line_bytes = std::uint64_t{512} << 20;    // of one simple string, error, number
};

// Decodes a stream of replies that arrives in pieces of any size. Feed bytes, then take values until there is
// none. It never looks beyond the bytes fed, and consumes nothing beyond the value it returns. Not
// thread-safe.
class Decoder {
 public:
  explicit Decoder(DecoderLimits limits = {});
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;
  ~Decoder();

  void feed(std::string_view bytes);

  // The same without a copy: read into the room, then commit what was read.
  std::span<char> prepare(std::size_t size);
  void commit(std::size_t size);

  // The next whole value, or nothing until more bytes are fed. Throws ProtocolError, and from then on always.
  std::optional<Value> next();

  // The bytes on the wire of the value next() returned last, attributes included. Valid until the decoder is
  // called again.
  std::string_view raw() const;

  // Bytes fed that belong to no value returned yet.
  std::size_t pending() const;

 private:
  struct Frame;
  enum class Step { kNeedMore, kOpened, kComplete };

  Step read_item(Value& value);
  Step read_line_item(char kind, Value& value);
  Step read_bulk(char kind, Value& value);
  Step open_aggregate(char kind, Value& value);
  std::optional<std::string_view> take_line(std::uint64_t limit);
  std::optional<std::int64_t> take_length(const char* what);
  bool attach(Value& value);
  void release_last();
  [[noreturn]] void fail(const std::string& why);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plimsoll::resp
