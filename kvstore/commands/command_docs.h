#pragma once

#include <zmalloc/allocator.h>

#include <cstdint>
#include <string_view>

#include "plimsoll/command.h"

namespace plimsoll {

// One argument as COMMAND DOCS describes it.
struct DocArgument {
  enum class Type : uint8_t { string, integer, real, key, pattern, unix_time, pure_token, oneof, block };

  zm::string<zm::Tag::command> name;
  Type type = Type::string;
  std::string_view token = {};  // the word that introduces it; empty if none
  int key_spec = -1;            // for keys: the index of the row's key specification
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;                          // the token is repeated with every repetition
  zm::vector<DocArgument, zm::Tag::command> arguments;  // of oneof and block
};

using DocArguments = zm::vector<DocArgument, zm::Tag::command>;

// Redis's name of the type, e.g. "pure-token".
std::string_view doc_type_name(DocArgument::Type type) noexcept;

// Reads a row's syntax. Throws std::bad_alloc. Anything is accepted; what does not follow the grammar is
// taken as names.
//
//   key                  a lower-case word is an argument. Its type follows from its name (key, source,
//   destination, pattern,
//                        seconds, count, unix-time-..., else string) or is given after a colon:
//                        value:double, with string, integer, double, key, pattern or unix-time
//   GET                  an upper-case word is a token. Followed by an argument or by brackets it introduces
//   that
//                        (EX seconds); otherwise it stands for itself
//   [...]                may be left out
//   (...)                belongs together: a block
//   a|b                  one of these. Inside brackets the alternatives reach to the bracket or the next bar
//                        ([EX seconds|PX milliseconds|KEEPTTL]); outside they are single words (ON|OFF)
//   key...               repeats the word, or the bracket it stands behind ([GET pattern]..., (score
//   member)...).
//                        Last in a bracket and apart, it repeats what is in the bracket; a bracket that
//                        repeats what stands just before it says that this comes once or more (key value [key
//                        value ...])
//   [NX|XX]:condition    names a bracket; by default its name is made of its parts' names
//
// An alternative that begins with a token and goes on with two or more arguments is a block that the token
// introduces (LIMIT offset count).
DocArguments parse_syntax(const CommandRow& row);

}  // namespace plimsoll
