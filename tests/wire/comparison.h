#pragma once

#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::wire {

// What of a reply counts. Without any rule two replies must be the same bytes. Rules are for replies that
// vary by nature: order of sets, time, ids, addresses, random picks.
struct Rules {
  bool unordered = false;         // elements of arrays and sets, pairs of maps, in any order, at every level
  bool type = false;              // only the kind of reply (its first byte, and whether it is null)
  bool shape = false;             // kinds and element counts at every level; no contents
  bool keys = false;              // of a map (or flat array of pairs) only the keys, in order
  bool fields = false;            // of text lines "name:value" only the names, and lines without ':' whole
  bool lines = false;             // lines of text in any order
  std::optional<long long> near;  // integers, also those in bulk strings, may differ by this much
  std::vector<std::regex> masks;  // what matches in any text counts as "*"
  std::vector<std::regex> drops;  // lines of text and pairs of maps whose name matches do not count

  bool exact() const {
    return !unordered && !type && !shape && !keys && !fields && !lines && !near && masks.empty() &&
           drops.empty();
  }
};

// Why the replies differ under the rules, or nothing if they don't. Both are single complete replies.
std::optional<std::string> difference(std::string_view reference, std::string_view tested,
                                      const Rules& rules);

// Two byte strings side by side from shortly before the first byte that differs.
std::string side_by_side(std::string_view reference, std::string_view tested);

}  // namespace plimsoll::wire
