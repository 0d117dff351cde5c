#include "command_facts.h"

#include <plimsoll/text/ascii.h>

#include <algorithm>
#include <climits>

namespace plimsoll {
namespace {

constexpr NamedBit kCommandFlags[] = {
    {"write", kWrite},
    {"readonly", kReadonly},
    {"denyoom", kDenyOom},
    {"module", kModule},
    {"admin", kAdmin},
    {"pubsub", kPubsub},
    {"noscript", kNoscript},
    {"blocking", kBlocking},
    {"loading", kLoading},
    {"stale", kStale},
    {"skip_monitor", kSkipMonitor},
    {"skip_slowlog", kSkipSlowlog},
    {"asking", kAsking},
    {"fast", kFast},
    {"no_auth", kNoAuth},
    {"may_replicate", kMayReplicate},
    {"no_mandatory_keys", kNoMandatoryKeys},
    {"no_async_loading", kNoAsyncLoading},
    {"no_multi", kNoMulti},
    {"movablekeys", kMovableKeys},
    {"allow_busy", kAllowBusy},
};

constexpr NamedBit kAclCategories[] = {
    {"keyspace", kAclKeyspace},
    {"read", kAclRead},
    {"write", kAclWrite},
    {"set", kAclSet},
    {"sortedset", kAclSortedSet},
    {"list", kAclList},
    {"hash", kAclHash},
    {"string", kAclString},
    {"bitmap", kAclBitmap},
    {"hyperloglog", kAclHyperloglog},
    {"geo", kAclGeo},
    {"stream", kAclStream},
    {"pubsub", kAclPubsub},
    {"admin", kAclAdmin},
    {"fast", kAclFast},
    {"slow", kAclSlow},
    {"blocking", kAclBlocking},
    {"dangerous", kAclDangerous},
    {"connection", kAclConnection},
    {"transaction", kAclTransaction},
    {"scripting", kAclScripting},
};

constexpr NamedBit kKeyFlags[] = {
    {"RO", kKeyRO},
    {"RW", kKeyRW},
    {"OW", kKeyOW},
    {"RM", kKeyRM},
    {"access", kKeyAccess},
    {"update", kKeyUpdate},
    {"insert", kKeyInsert},
    {"delete", kKeyDelete},
    {"not_key", kKeyNotKey},
    {"incomplete", kKeyIncomplete},
    {"variable_flags", kKeyVariableFlags},
};

bool at_fixed_places(const KeySpec& spec) {
  return spec.begin == KeySpec::kBeginIndex && spec.find == KeySpec::kFindRange;
}

int absolute_last(const KeySpec& spec) {
  return spec.last < 0 ? spec.last : spec.index + spec.last;
}

}  // namespace

std::span<const NamedBit> shown_command_flags() noexcept {
  return kCommandFlags;
}
std::span<const NamedBit> shown_acl_categories() noexcept {
  return kAclCategories;
}
uint32_t acl_category_bit(std::string_view name) noexcept {
  for (const NamedBit& category : kAclCategories) {
    if (ascii_equal_nocase(category.name, name)) return category.bit;
  }
  return 0;
}
std::span<const NamedBit> shown_key_flags() noexcept {
  return kKeyFlags;
}

// One specification is shown as it is. Of several those that follow each other with step 1 are joined.
KeyRange legacy_key_range(std::span<const KeySpec> keys) noexcept {
  KeyRange range;
  if (keys.empty()) return range;
  if (keys.size() == 1 && at_fixed_places(keys[0])) {
    return {keys[0].index, absolute_last(keys[0]), keys[0].step, (keys[0].flags & kKeyIncomplete) == 0};
  }
  int first = INT_MAX;
  unsigned last = 0;  // unsigned: -1 is beyond every position
  int previous = 0;
  for (const KeySpec& spec : keys) {
    if (!at_fixed_places(spec) || spec.step != 1 || (previous != 0 && previous != spec.index - 1)) {
      range.complete = false;
      continue;
    }
    if (spec.flags & kKeyIncomplete) range.complete = false;
    first = std::min(first, spec.index);
    last = std::max(last, static_cast<unsigned>(absolute_last(spec)));
    previous = static_cast<int>(last);
  }
  if (first == INT_MAX) return range;
  range.first = first;
  range.last = static_cast<int>(last);
  range.step = 1;
  return range;
}

uint32_t effective_flags(const CommandRow& row) noexcept {
  return legacy_key_range(row.keys).complete ? row.flags : row.flags | kMovableKeys;
}

uint32_t effective_acl_categories(const CommandRow& row) noexcept {
  uint32_t acl = row.acl;
  if (row.flags & kWrite) acl |= kAclWrite;
  if ((row.flags & kReadonly) && !(acl & kAclScripting)) acl |= kAclRead;
  if (row.flags & kAdmin) acl |= kAclAdmin | kAclDangerous;
  if (row.flags & kPubsub) acl |= kAclPubsub;
  if (row.flags & kFast) acl |= kAclFast;
  if (row.flags & kBlocking) acl |= kAclBlocking;
  if (!(acl & kAclFast)) acl |= kAclSlow;
  return acl;
}

}  // namespace plimsoll
