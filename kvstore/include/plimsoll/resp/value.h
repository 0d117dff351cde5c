#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// A decoded RESP2 or RESP3 reply, owned by the caller as an ordinary value: copying copies the whole tree.
namespace plimsoll::resp {

enum class Type : std::uint8_t {
  kSimpleString,  // +
  kError,         // - and RESP3's bulk error !
  kInteger,       // :
  kBulkString,    // $
  kNil,           // _ and RESP2's $-1 and *-1
  kArray,         // *
  kMap,           // %
  kSet,           // ~
  kDouble,        // ,
  kBoolean,       // #
  kBigNumber,     // (
  kVerbatim,      // =
  kPush,          // >
};

// The RESP name of a type, for messages: "bulk string", "map" ...
std::string_view name(Type type);

struct Value {
  Type type = Type::kNil;
  bool boolean = false;
  // The three letters before a verbatim string's text ("txt", "mkd").
  std::array<char, 3> verbatim_format{};
  std::int64_t integer = 0;
  double real = 0;

  // Simple strings, errors, bulk and verbatim strings: the bytes. Big numbers and doubles: the digits as
  // sent, so that nothing is lost in printing them.
  std::string text;

  // Arrays, sets, pushes: the elements. Maps: key, value, key, value, in the order sent.
  std::vector<Value> elements;

  // A RESP3 attribute sent ahead of this value: key, value, key, value. Usually empty.
  std::vector<Value> attributes;

  bool is_error() const { return type == Type::kError; }
  bool is_nil() const { return type == Type::kNil; }
  bool is_aggregate() const;
  // True of every type whose payload is `text` and reads as a string: simple, bulk and verbatim strings.
  bool is_string() const;

  // The value stored under `key` in a map, or in a flat array of pairs, which is how RESP2 sends a map. Null
  // if there is none or this is no such aggregate. Lives as long as this value.
  const Value* find(std::string_view key) const;
};

}  // namespace plimsoll::resp
