#include "summary.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <unordered_map>

namespace plimsoll::smaps {
namespace {

void add(Group& group, const zm::SmapsMapping& mapping) {
  ++group.mappings;
  group.bytes.combine(mapping.bytes);
}

// Negative, zero or positive as a goes before, with or behind b.
int compare(const Group& a, const Group& b, Order order, zm::SmapsField field) {
  const auto more_first = [](std::uint64_t x, std::uint64_t y) { return x == y ? 0 : (x > y ? -1 : 1); };
  int result = 0;
  if (order == Order::field) result = more_first(a.bytes[field], b.bytes[field]);
  if (order == Order::mappings) result = more_first(a.mappings, b.mappings);
  return result != 0 ? result : a.name.compare(b.name);
}

}  // namespace

int summarize(pid_t pid, const char* proc_root, Summary* summary) {
  Summary result;
  result.total.name = "total";
  std::unordered_map<std::string, std::size_t> place;
  bool refused = false;
  const auto take = [&](const zm::SmapsMapping& mapping) {
    const std::string name = mapping.name.empty() ? "[anon]" : std::string(mapping.name);
    const auto [at, added] = place.try_emplace(name, result.groups.size());
    if (added) result.groups.push_back({name, 0, {}});
    add(result.groups[at->second], mapping);
    add(result.total, mapping);
  };
  const auto visit = [&](const zm::SmapsMapping& mapping) noexcept {
    if (refused) return;
    try {
      take(mapping);
    } catch (const std::bad_alloc&) {
      refused = true;
    }
  };
  const int error = zm::read_smaps(pid, visit, proc_root);
  if (error != 0) return error;
  if (refused) return ENOMEM;
  *summary = std::move(result);
  return 0;
}

void sort_groups(Summary& summary, Order order, zm::SmapsField field, bool reversed) {
  std::sort(summary.groups.begin(), summary.groups.end(), [&](const Group& a, const Group& b) {
    const int result = compare(a, b, order, field);
    return reversed ? result > 0 : result < 0;
  });
}

}  // namespace plimsoll::smaps
