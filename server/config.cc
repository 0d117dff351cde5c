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

void Config::run_hook(Opt id) const {
  const HookEntry& entry = hooks_[static_cast<size_t>(id)];
  if (entry.hook != nullptr) entry.hook(entry.context, id);
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
  Value parsed = parse(id, arguments, adds || id == Opt::client_output_buffer_limit ? value(id) : Value{});
  check_supported(id, parsed);
  if (id == Opt::dir) parsed.text = enter_directory(parsed.text);
  store(id, parsed);
  applied_[index] = true;
}

void Config::check_settable(std::span<const std::string_view> pairs, bool allow_protected) const {
  std::bitset<kOptionCount> seen;
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const size_t index = find(pairs[i]);
    if (index == kOptionCount) {
      throw ConfigError("ERR Unknown option or number of arguments for CONFIG SET - '" +
                        std::string(pairs[i].substr(0, pairs[i].find('\0'))) + "'");
    }
    const uint8_t flags = row(static_cast<Opt>(index)).flags;
    if ((flags & kImmutable) != 0) fail_set(pairs[i], "can't set immutable config");
    if ((flags & kProtectedOption) != 0 && !allow_protected) fail_set(pairs[i], "can't set protected config");
    if (seen[index]) fail_set(pairs[i], "duplicate parameter");
    seen[index] = true;
  }
}

void Config::set(std::span<const std::string_view> pairs, bool allow_protected) {
  std::lock_guard lock(change_mutex_);
  check_settable(pairs, allow_protected);

  struct Change {
    Opt id;
    Value before;
    Value after;
  };
  zm::vector<Change, zm::Tag::config> changes;
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
      Value before = value(id);
      Value after = parse(id, arguments, id == Opt::client_output_buffer_limit ? before : Value{});
      check_supported(id, after);
      changes.push_back({id, std::move(before), std::move(after)});
    } catch (const ConfigError& error) {
      fail_set(pairs[i], error.what());
    }
  }

  for (const Change& change : changes) store(change.id, change.after);
  for (size_t i = 0; i < changes.size(); ++i) {
    try {
      run_hook(changes[i].id);
    } catch (const ConfigError& error) {
      for (const Change& change : changes) store(change.id, change.before);
      for (size_t j = 0; j <= i; ++j) {
        try {
          run_hook(changes[j].id);
        } catch (const ConfigError&) {  // what was in effect before can't be had back; the others still can
        }
      }
      fail_set(pairs[2 * i], error.what());
    }
  }
}

}  // namespace plimsoll::server
