#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::test {

// One RESP2 or RESP3 reply as a tree.
//  - type is the byte it starts with on the wire: + - : $ * _ # , ( ! = % ~ > |
//  - text is the payload of a scalar: without its length and CRLF; a verbatim string keeps its "txt:" prefix.
//  - children are the elements of * ~ > and the alternating keys and values of % and |.
//  - null marks $-1 and *-1.
struct RespReply {
  char type = 0;
  bool null = false;
  std::string text;
  std::vector<RespReply> children;

  bool is_error() const { return type == '-' || type == '!'; }
  bool is_aggregate() const {
    return type == '*' || type == '~' || type == '>' || type == '%' || type == '|';
  }
};

// Bytes that are no RESP reply.
class RespError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Finds where one reply ends in bytes that arrive bit by bit; never looks at a byte twice.
class ReplyScanner {
 public:
  // The length of the first complete reply in `bytes`, or nothing yet. Each call gets the same bytes with
  // more at the end. Throws RespError at the first byte that cannot belong to a reply.
  std::optional<size_t> complete(std::string_view bytes);

 private:
  bool scan_one(std::string_view bytes);

  size_t offset_ = 0;
  size_t remaining_ = 1;  // elements still to come before the reply is whole
};

// Parses exactly one reply that fills all of `bytes`; throws RespError otherwise.
RespReply parse_reply(std::string_view bytes);

// The bytes on the wire of a reply; render(parse_reply(x)) == x for what Redis sends.
std::string render(const RespReply& reply);

// A command as an array of bulk strings, which is how clients send it.
std::string encode_command(const std::vector<std::string>& argv);

}  // namespace plimsoll::test
