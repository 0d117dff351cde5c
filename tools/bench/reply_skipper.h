#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace plimsoll::bench {

/// What a load client needs to know of a reply.
enum class ReplyKind : uint8_t { kValue, kNull, kError };

/// Finds where replies end in a RESP2 or RESP3 byte stream cut at arbitrary places, without decoding or
/// keeping them. RESP3 pushes are skipped without being counted, attributes belong to the reply that follows.
/// Constant memory whatever the server sends. An error nested in an aggregate makes the whole reply a kError.
class ReplySkipper {
 public:
  /// Consumes all `size` bytes and calls sink(ReplyKind) for each reply that ends in them. Returns false when
  /// the bytes are no RESP; problem() then says why and the skipper must not be fed again.
  template <class Sink>
  bool feed(const char* data, size_t size, Sink&& sink) {
    const char* at = data;
    const char* const end = data + size;
    while (at < end) {
      at = step(at, end);
      if (at == nullptr) return false;
      if (reply_ended_) {
        reply_ended_ = false;
        sink(kind_);
      }
    }
    return true;
  }

  /// True between replies: nothing of a further one has been seen.
  bool idle() const { return pending_ == 0; }
  const std::string& problem() const { return problem_; }
  /// Text of the first error reply, without its type byte, cut at kErrorTextLimit; empty when there was none.
  const std::string& first_error() const { return first_error_; }

  static constexpr size_t kErrorTextLimit = 200;

 private:
  enum class State : uint8_t { kType, kLine, kLength, kBulk };

  const char* step(const char* at, const char* end);
  const char* begin_element(const char* at);
  const char* skip_line(const char* at, const char* end);
  const char* read_length(const char* at, const char* end);
  const char* length_complete(const char* at);
  const char* begin_aggregate(const char* at);
  const char* skip_bulk(const char* at, const char* end);
  const char* fail(std::string why);
  bool top_level() const { return pending_ == 1 && !in_aggregate_; }
  bool in_attribute() const { return pending_ > 1 && !in_aggregate_; }
  void note_error();
  void note_null();
  void capture_error(const char* text, size_t size);
  void finish_element();

  State state_ = State::kType;
  char type_ = 0;
  ReplyKind kind_ = ReplyKind::kValue;
  bool reply_ended_ = false;
  bool is_push_ = false;
  bool in_aggregate_ = false;
  bool capturing_ = false;
  bool negative_ = false;
  char last_ = 0;
  unsigned digits_ = 0;
  // Elements of the reply under way that are not complete yet, the current one included; 0 between replies. A
  // count is enough, nesting needs no stack: an aggregate of n adds n.
  uint64_t pending_ = 0;
  uint64_t length_ = 0;
  uint64_t line_size_ = 0;
  std::string first_error_;
  std::string problem_;
};

}  // namespace plimsoll::bench
