#pragma once

#include "arguments.h"
#include "keyspace.h"

namespace plimsoll {

// Answers the type error if the key holds something else than a string. A missing key passes.
inline bool refuse_other_types(const Call& call, const Found& found) {
  if (!found || found->type() == ValueType::string) return false;
  call.reply().error(errors::kWrongType);
  return true;
}

// An argument that may become a value.
inline StringSource string_argument(const Call& call, size_t i) noexcept {
  return {call.arg(i), call.shared_arg(i)};
}

// The value as a bulk string. REQUIRES: entry.type() == string.
void reply_string(Reply& reply, const Entry& entry);
// The same, or null if nothing was found.
void reply_string_or_null(Reply& reply, const Found& found);

// Reports that a string was stored under `key`: by "set", as the command SET would have done it. `expiry` as
// assign_string takes it; `fresh` if the key was not there before.
void report_set(const Call& call, std::string_view key, std::string_view value, int64_t expiry, bool fresh);

}  // namespace plimsoll
