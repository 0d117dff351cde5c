#pragma once

#include <span>
#include <string>
#include <vector>

#include "comparison.h"

namespace plimsoll::wire {

// How the replies of a generated command are compared.
enum class Compare {
  kExact,
  kUnordered,     // a set
  kSeconds,       // a time in seconds that may differ by the time between the servers' runs
  kMilliseconds,  // the same in milliseconds
  kType,          // a random pick or a measure of memory: only the kind of reply
  kScan,          // argv[1] is a cursor: the whole iteration is compared as a set
};

// A command as the random generator writes it. To add a command is to add a row to the table in
// command_shapes.cc; to add a family of value types is to add its rows and, in value_readers(), how its
// values are read.
//
// Syntax: UPPER CASE is literal; a lower-case word is an argument of that kind (random_arguments.h);
//   [A|B x]  at most one of these (sometimes two, to provoke errors); options in a row come in any order
//   <A|B>    exactly one of these
//   (a b)+   one to four times
struct CommandShape {
  const char* family;
  const char* syntax;
  Compare compare = Compare::kExact;
  int weight = 10;
};

std::span<const CommandShape> command_shapes();

Rules rules_of(Compare compare);

// "get", or "object|freq" for a subcommand: what COMMAND LIST calls the command of the shape, judged by
// whether the registered names have a subcommand of that name.
std::string command_name(const std::vector<std::string>& argv, const std::vector<std::string>& registered);
std::string command_name(const CommandShape& shape, const std::vector<std::string>& registered);

// How the whole of a value of a type is read for the comparison of keyspaces; "KEY" stands for the key.
struct ValueReader {
  const char* type;
  std::vector<std::string> argv;
  Compare compare;
};
std::span<const ValueReader> value_readers();

}  // namespace plimsoll::wire
