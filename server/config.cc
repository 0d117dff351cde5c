#include "config.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <thread>

#include "config_special.h"

namespace plimsoll::server {

namespace {

constexpr unsigned kMostDefaultThreads = 8;

std::string current_directory() {
  char path[PATH_MAX];
  return ::getcwd(path, sizeof(path)) != nullptr ? path : "";
}

Config::Words split_blanks(std::string_view text) {
  Config::Words words;
  size_t at = 0;
  while ((at = text.find_first_not_of(' ', at)) != std::string_view::npos) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

[[noreturn]] void fail_set(std::string_view argument, const char* reason) {
  throw ConfigError("ERR CONFIG SET failed (possibly related to argument '" + std::string(argument) +
                    "') - " + reason);
}

}  // namespace

Config::Config() {
  start_directory_ = current_directory();
  for (size_t i = 0; i < kOptionCount; ++i) store(static_cast<Opt>(i), start_value(static_cast<Opt>(i)));
}

Config::Value Config::start_value(Opt id) const {
  if (id == Opt::dir) return {0, start_directory_};
  if (id == Opt::io_threads)
    return {std::clamp(std::thread::hardware_concurrency(), 1u, kMostDefaultThreads), {}};
  return initial(id);
}

Config::Value Config::initial(Opt id) {
  const OptionRow& option = row(id);
  if (id == Opt::io_threads) return {};
  if (option.kind == OptionKind::text) return {0, Text(option.initial)};
  Words arguments;
  if (option.takes_words()) {
    arguments = split_blanks(option.initial);
    if (arguments.empty()) return {};  // not every option may be given without arguments
  } else {
    arguments.emplace_back(option.initial);
  }
  return parse(id, arguments, {});
}

// --- reading ---

Config::Text Config::text(Opt id) const {
  std::lock_guard lock(text_mutex_);
  return texts_[static_cast<size_t>(id)];
}

Config::Words Config::words(Opt id) const {
  return split_blanks(text(id));
}

Config::Value Config::value(Opt id) const {
  return {number(id), text(id)};
}

Config::Text Config::shown(Opt id) const {
  return show(id, value(id));
}

// --- changing ---

void Config::assign(Opt id, int64_t number) noexcept {
  numbers_[static_cast<size_t>(id)].store(number, std::memory_order_relaxed);
}

void Config::assign_text(Opt id, std::string_view text) {
  Text copy(text);
  std::lock_guard lock(text_mutex_);
  texts_[static_cast<size_t>(id)].swap(copy);
}

void Config::store(Opt id, const Value& value) {
  assign_text(id, value.text);
  assign(id, value.number);
}

// The value takes the option's place, and the other way round.
void Config::exchange(Opt id, Value& value) noexcept {
  const auto index = static_cast<size_t>(id);
  value.number = numbers_[index].exchange(value.number, std::memory_order_relaxed);
  std::lock_guard lock(text_mutex_);
  texts_[index].swap(value.text);
}

void Config::apply(std::string_view name, std::span<const Text> arguments) {
  const size_t index = find(name);
  if (index == kOptionCount) throw ConfigError("Bad directive or wrong number of arguments");
  const auto id = static_cast<Opt>(index);
  const OptionRow& option = row(id);
  if (!option.takes_words() && arguments.size() != 1) throw ConfigError("wrong number of arguments");
  Words split;
  if (option.takes_words() && arguments.size() == 1) {
    split = split_blanks(arguments[0]);
    arguments = split;
  }
  const bool adds = (option.flags & kRepeatable) != 0 && applied_[index] && !arguments.empty();
  const bool merges = (option.flags & kMerges) != 0;
  Value parsed = parse(id, arguments, adds || merges ? value(id) : Value{});
  check_supported(id, parsed);
  if (id == Opt::dir) parsed.text = enter_directory(parsed.text);
  store(id, parsed);
  applied_[index] = true;
}

void Config::check_settable(std::span<const std::string_view> pairs, bool allow_protected) const {
  std::bitset<kOptionCount> names_seen, aliases_seen;
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const size_t index = find(pairs[i]);
    if (index == kOptionCount) {
      throw ConfigError("ERR Unknown option or number of arguments for CONFIG SET - '" +
                        std::string(pairs[i].substr(0, pairs[i].find('\0'))) + "'");
    }
    const uint8_t flags = row(static_cast<Opt>(index)).flags;
    if ((flags & kImmutable) != 0) fail_set(pairs[i], "can't set immutable config");
    if ((flags & kProtectedOption) != 0 && !allow_protected) fail_set(pairs[i], "can't set protected config");
    auto& seen = ascii_equal_nocase(pairs[i], row(static_cast<Opt>(index)).name) ? names_seen : aliases_seen;
    if (seen[index]) fail_set(pairs[i], "duplicate parameter");
    seen[index] = true;
  }
}

struct Config::Change {
  Opt id;
  std::string_view name;  // as the caller spelled it
  Value value;            // the new one; once that is in place, the old one
};

Config::Changes Config::parse_changes(std::span<const std::string_view> pairs) const {
  Changes changes;
  changes.reserve(pairs.size() / 2);
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const auto id = static_cast<Opt>(find(pairs[i]));
    Words arguments;
    if (row(id).takes_words()) {
      arguments = split_blanks(pairs[i + 1]);
    } else {
      arguments.emplace_back(pairs[i + 1]);
    }
    try {
      const Value before = value(id);
      Value after = parse(id, arguments, (row(id).flags & kMerges) != 0 ? before : Value{});
      check_supported(id, after);
      // By its other name the same option may have come before: the last has its way.
      std::erase_if(changes, [id](const Change& earlier) { return earlier.id == id; });
      if (after != before) changes.push_back({id, pairs[i], std::move(after)});
    } catch (const ConfigError& error) {
      fail_set(pairs[i], error.what());
    }
  }
  return changes;
}

// Memory is allocated before the first change only, so that taking changes back cannot fail.
void Config::set(std::span<const std::string_view> pairs, bool allow_protected) {
  std::lock_guard lock(change_mutex_);
  check_settable(pairs, allow_protected);
  Changes changes = parse_changes(pairs);
  for (Change& change : changes) exchange(change.id, change.value);
  size_t at = 0;
  try {
    std::bitset<kOptionCount> ran;
    for (; at < changes.size(); ++at) {
      const HookEntry& entry = hooks_[static_cast<size_t>(changes[at].id)];
      if (entry.hook == nullptr || ran[static_cast<size_t>(entry.group)]) continue;
      ran.set(static_cast<size_t>(entry.group));
      entry.hook(entry.context, changes[at].id);
    }
  } catch (const ConfigError& error) {
    take_back(changes, at);
    fail_set(changes[at].name, error.what());
  } catch (...) {
    take_back(changes, at);
    throw;
  }
}

// The hook of changes[refused] is the last that ran.
void Config::take_back(std::span<Change> changes, size_t refused) noexcept {
  for (Change& change : changes) exchange(change.id, change.value);
  std::bitset<kOptionCount> ran;
  for (const Change& change : changes.first(refused + 1)) {
    const HookEntry& entry = hooks_[static_cast<size_t>(change.id)];
    if (entry.hook == nullptr || ran[static_cast<size_t>(entry.group)]) continue;
    ran.set(static_cast<size_t>(entry.group));
    try {
      entry.hook(entry.context, change.id);
    } catch (...) {  // what was in effect before can't be had back; the others still can
    }
  }
}

}  // namespace plimsoll::server
