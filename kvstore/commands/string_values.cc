#include "commands/string_values.h"

namespace plimsoll {

void reply_string(Reply& reply, const Entry& entry) {
  if (entry.is_integer()) return reply.bulk_integer(entry.integer());
  if (entry.encoding() == Encoding::shared) return reply.bulk(entry.shared());
  reply.bulk(entry.bytes());
}

void reply_string_or_null(Reply& reply, const Found& found) {
  if (!found) return reply.null();
  reply_string(reply, *found.entry);
}

void report_set(const Call& call, std::string_view key, std::string_view value, int64_t expiry, bool fresh) {
  if (fresh) call.also(key, ChangeClass::created, "new");
  if (expiry == kNoExpiry) {
    call.changed(key, ChangeClass::string, "set", {"SET", key, value});
  } else if (expiry == kKeepExpiry) {
    call.changed(key, ChangeClass::string, "set", {"SET", key, value, "KEEPTTL"});
  } else {
    const IntegerText time(expiry);
    call.changed(key, ChangeClass::string, "set", {"SET", key, value, "PXAT", time});
    call.also(key, ChangeClass::generic, "expire");
  }
}

}  // namespace plimsoll
