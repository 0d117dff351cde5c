#include "keyspace.h"

namespace plimsoll {

void Keyspace::move_to(const Key& source_key, Found& source, Keyspace& to, const Key& target_key,
                       Found& target) {
  // The value may leave the source only once nothing can fail any more: so the target has its place in the
  // table before.
  const bool placeholder = !target;
  if (placeholder) {
    to.assign_integer(target_key, target, 0, kNoExpiry);
    source = peek(source_key);  // it may have moved
  }
  Entry* moved;
  try {
    moved = Entry::with_expiry(*source.entry, target_key.bytes, source->expiry());
  } catch (...) {
    if (placeholder) to.erase(target);
    throw;
  }
  // SharedBytes, if any, go from one shard's sum to the other's.
  const auto whole = static_cast<int64_t>(moved->charged());
  engine_.charge(*source.shard, static_cast<int64_t>(zm::charged_size(moved)) - whole);
  to.replace(target, moved, static_cast<size_t>(whole));
  to.set_state(target, Engine::moved_state(source.slot, target.slot));
  erase(source);
}

}  // namespace plimsoll
