#include "admin/acl_log.h"

#include <algorithm>
#include <new>
#include <utility>

#include "admin/client_list.h"
#include "connection.h"
#include "unix_time.h"

namespace plimsoll::server {

namespace {

// Redis's ACL_LOG_GROUPING_MAX_TIME_DELTA, and how many entries it looks at.
constexpr int64_t kGroupedMs = 60'000;
constexpr std::ptrdiff_t kLookedAt = 10;

}  // namespace

void AclLog::add(const Connection& connection, std::string_view command, std::string_view user,
                 size_t most) noexcept {
  try {
    Entry entry{1, unix_ms(), Text(command), Text(user), {}};
    append_client_line(entry.client, connection, entry.time_ms);
    if (entry.client.ends_with('\n')) entry.client.pop_back();
    std::lock_guard lock(mutex_);
    const auto end = entries_.begin() + std::min(kLookedAt, std::ssize(entries_));
    const auto like = std::find_if(entries_.begin(), end, [&](const Entry& other) {
      return other.command == entry.command && other.user == entry.user &&
             entry.time_ms - other.time_ms <= kGroupedMs;
    });
    if (like != end) {
      entry.count = like->count + 1;
      *like = std::move(entry);
      std::rotate(entries_.begin(), like, like + 1);
    } else {
      entries_.push_front(std::move(entry));
    }
    while (entries_.size() > most) entries_.pop_back();
  } catch (const std::bad_alloc&) {
  }
}

void AclLog::clear() noexcept {
  std::lock_guard lock(mutex_);
  entries_.clear();
}

}  // namespace plimsoll::server
