#include "memory_line.h"

#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>
#include <zmalloc/line.h>
#include <zmalloc/process_memory.h>

#include <algorithm>
#include <chrono>

#include "background_thread.h"
#include "config.h"
#include "config_special.h"
#include "log.h"

namespace plimsoll::server {

namespace {

// What `auto` leaves below a cgroup's limit for what the kernel takes between two measurements.
constexpr uint64_t kReserveShare = 25;
constexpr uint64_t kLeastReserve = uint64_t{3} << 20;

// What clients may always have of the line.
constexpr size_t kClientShare = 25;
constexpr size_t kLeastClientShare = size_t{1} << 20;

// Between two measurements, twice as long each time: up to the usual while memory changes, which begins with
// the first, and up to the longest while it does not.
constexpr auto kFirstPeriod = std::chrono::milliseconds(10);
constexpr auto kUsualPeriod = std::chrono::milliseconds(50);
constexpr auto kLongestPeriod = std::chrono::milliseconds(1000);
constexpr auto kLeastPause = std::chrono::milliseconds(10);  // however often one is asked for
constexpr size_t kChange = 64 * 1024;

// Where the line is from now on, and what is wrong with that.
void log_line_moved(uint64_t limit) noexcept {
  if (limit == 0) return log_notice("Memory line: off");
  log_notice("Memory line: {} bytes", limit);
  zm::CgroupMemory group;
  if (zm::read_cgroup_memory(&group) == 0 && group.limited && limit > group.limit) {
    log_warning(
        "The memory line is above the memory cgroup's limit of {} bytes: the kernel may kill this process",
        group.limit);
  }
  const zm::line::Account now = zm::line::account();
  if (const size_t held = now.heap + now.outside; held > limit) {
    log_warning(
        "The memory line is below the {} bytes that are held: keys go, or commands that need memory are "
        "refused",
        held);
  }
}

bool has_changed(size_t before, size_t now) noexcept {
  return std::max(before, now) - std::min(before, now) > kChange;
}

}  // namespace

LineSetting parse_line_setting(std::string_view text) {
  if (ascii_equal_nocase(text, "off")) return {LineSetting::Kind::off, 0};
  if (ascii_equal_nocase(text, "auto")) return {LineSetting::Kind::automatic, 0};
  int64_t number = 0;
  if (text.ends_with('%')) {
    if (parse_integer(text.substr(0, text.size() - 1), number) && number >= 1 && number <= 100) {
      return {LineSetting::Kind::percent, static_cast<uint64_t>(number)};
    }
  } else if (parse_memory(text, &number) && number > 0) {
    return {LineSetting::Kind::bytes, static_cast<uint64_t>(number)};
  }
  throw ConfigError("argument must be 'auto', 'off', a memory or percent value");
}

uint64_t MemoryLine::resolve(LineSetting setting) noexcept {
  if (setting.kind == LineSetting::Kind::off) return 0;
  if (setting.kind == LineSetting::Kind::bytes) return setting.value;
  zm::CgroupMemory group;
  const bool limited = zm::read_cgroup_memory(&group) == 0 && group.limited;
  if (setting.kind == LineSetting::Kind::percent) {
    return (limited ? group.limit : zm::physical_memory()) / 100 * setting.value;
  }
  if (!limited) return 0;
  const uint64_t reserve = std::max(kLeastReserve, group.limit / kReserveShare);
  return group.limit > 2 * reserve ? group.limit - reserve : group.limit / 2;
}

size_t MemoryLine::unsent_per_client(size_t clients) noexcept {
  constexpr size_t kFewClients = 128;
  constexpr size_t kLeast = 8 * 1024;  // Linux takes twice SOCK_MIN_SNDBUF
  if (zm::line::limit() == 0) return 0;
  const size_t each = zm::line::client_share() / 2 / std::max(clients, kFewClients);
  return std::clamp(each, kLeast, kUnsentByDefault);
}

MemoryLine::MemoryLine(LineSetting setting) : setting_(setting) {
  apply();
  thread_ = start_background_thread("memory-line", [this] { run(); });
}

MemoryLine::~MemoryLine() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  zm::line::set_limit(0);
}

void MemoryLine::set(LineSetting setting) noexcept {
  std::lock_guard lock(mutex_);
  setting_ = setting;
  apply();
  measure_soon();
}

void MemoryLine::measure_soon() noexcept {
  if (!asked_.exchange(true, std::memory_order_relaxed)) wake_.notify_one();
}

void MemoryLine::expect_outside(size_t bytes) noexcept {
  const size_t share = zm::line::client_share(), due = share / 2, overdue = due + share / 8;
  const size_t expected = zm::line::expect_outside(bytes);
  if (expected < due) return;
  measure_soon();
  if (expected < overdue) return;
  // One thread does so for all, unless it does not get on with it.
  const bool another_measures = overdue_.test_and_set(std::memory_order_acquire);
  if (another_measures && expected < share) return;
  zm::line::measure();
  if (!another_measures) overdue_.clear(std::memory_order_release);
}

void MemoryLine::measure_after_change() noexcept {
  if (zm::line::limit() != 0 && has_changed(held_.load(std::memory_order_relaxed), zm::line::account().heap))
    measure_soon();
}

// The measure first: a line set without it would take the process for smaller than it is.
void MemoryLine::apply() noexcept {
  const auto limit = static_cast<size_t>(resolve(setting_));
  if (limit == 0) {
    if (zm::line::limit() == 0) return;
    zm::line::set_limit(0);
    return log_line_moved(0);
  }
  zm::line::set_client_share(std::max(kLeastClientShare, limit / kClientShare));
  zm::line::measure();
  if (limit == zm::line::limit()) return;
  zm::line::set_limit(limit);
  log_line_moved(limit);
}

void MemoryLine::run() noexcept {
  std::unique_lock lock(mutex_);
  auto period = kFirstPeriod;
  while (!stopping_) {
    // `auto` watches for a limit that comes later; the others without a line wait to be told.
    const bool idle = zm::line::limit() == 0 && setting_.kind != LineSetting::Kind::automatic;
    const auto due = [this] { return stopping_ || asked_.load(std::memory_order_relaxed); };
    if (idle) {
      wake_.wait(lock, due);
    } else {
      wake_.wait_for(lock, period, due);
    }
    if (stopping_) return;
    asked_.store(false, std::memory_order_relaxed);
    const zm::line::Account before = zm::line::account();
    apply();
    zm::line::complete_purges();
    const zm::line::Account now = zm::line::account();
    const bool changes = has_changed(before.outside, now.outside) ||
                         has_changed(held_.load(std::memory_order_relaxed), now.heap) ||
                         before.expected > kChange;
    held_.store(now.heap, std::memory_order_relaxed);
    if (changes && period > kUsualPeriod) period = kFirstPeriod / 2;
    period = std::min(2 * period, changes ? kUsualPeriod : kLongestPeriod);
    resting_.store(period > kUsualPeriod, std::memory_order_relaxed);
    wake_.wait_for(lock, kLeastPause, [this] { return stopping_; });
  }
}

}  // namespace plimsoll::server
