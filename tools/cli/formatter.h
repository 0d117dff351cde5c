#pragma once

#include <plimsoll/resp/value.h>

#include <string>
#include <string_view>

namespace plimsoll::cli {

enum class OutputMode {
  kTyped,  // numbered and quoted, for people: (integer) 3
  kRaw,    // the bytes alone
  kCsv,
  kJson,        // UTF-8 passes through
  kQuotedJson,  // every byte outside printable ASCII escaped
};

struct OutputStyle {
  OutputMode mode = OutputMode::kRaw;
  std::string element_delimiter = "\n";  // raw: between the elements of one reply
  std::string reply_delimiter = "\n";    // raw: after each reply
};

// The text redis-cli 7.0.15 prints for a reply, its end of line included. Big numbers, which that version
// cannot print, appear as strings.
std::string format_reply(const resp::Value& reply, const OutputStyle& style);

// The parts of it, without the end of a reply (kTyped includes it).
std::string format_typed(const resp::Value& reply);
std::string format_raw(const resp::Value& reply, const std::string& element_delimiter);
std::string format_csv(const resp::Value& reply);
std::string format_json(const resp::Value& reply, bool quoted);

// For CSV and JSON alike: appends a number, a truth value or `nil`. False, and nothing is appended, if the
// value is none of these.
bool append_plain(std::string& out, const resp::Value& value, std::string_view nil);

// A push that is not the reply to a command: cache invalidations get a line of their own for people.
std::string format_push(const resp::Value& push, const OutputStyle& style);

}  // namespace plimsoll::cli
