#pragma once

#include <plimsoll/text/ascii.h>
#include <plimsoll/text/glob.h>
#include <zmalloc/allocator.h>

#include <array>
#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace plimsoll::server {

// Every option has one row in options.def, and an identifier by which code reads it.
enum class Opt : uint16_t {
#define PLIMSOLL_OPTION(id, ...) id,
#include "options.def"
#undef PLIMSOLL_OPTION
};

inline constexpr size_t kOptionCount = 0
#define PLIMSOLL_OPTION(...) +1
#include "options.def"
#undef PLIMSOLL_OPTION
    ;

enum class OptionKind : uint8_t {
  boolean,      // yes | no
  integer,      // within [min, max]
  memory,       // bytes, with redis.conf's units (1k = 1000, 1kb = 1024, ...), shown in bytes
  percent,      // as memory, or a share: N% is kept as -N (maxmemory-clients)
  octal,        // a file mode
  enumeration,  // one of `values`
  flags,        // several of `values`
  text,         // anything
  words,        // a list, kept with one blank between its words
};

enum OptionFlag : uint8_t {
  kMutable = 0,
  kImmutable = 1 << 0,        // only in the file and on the command line
  kProtectedOption = 1 << 1,  // CONFIG SET only where enable-protected-configs allows it
  kInert = 1 << 2,            // accepted, kept and shown, without effect
  kSensitive = 1 << 3,        // never logged
  kRepeatable = 1 << 4,       // several lines of a file add up
  kMerges = 1 << 5,           // a value replaces parts of what was there
  kHidden = 1 << 6,           // shown to who asks for it by its name only, not by a pattern
};

struct EnumValue {
  std::string_view name;
  int64_t value;
};

struct OptionRow {
  std::string_view name;
  std::string_view alias;  // an older name for the same option ("slave-priority"), or empty
  OptionKind kind;
  uint8_t flags;
  std::string_view initial;  // as redis.conf would say it
  int64_t min;
  int64_t max;
  std::span<const EnumValue> values;

  // Takes any number of arguments; others take one.
  bool takes_words() const noexcept { return kind == OptionKind::flags || kind == OptionKind::words; }
};

// What is wrong with a value, in Redis's words: "argument must be 'yes' or 'no'".
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The server's settings. One table of options says all that is known of each: options.def.
//
// Scalars are read with one relaxed load, on any thread; texts are copied under a mutex. Changes are
// serialised.
class Config {
 public:
  using Text = zm::string<zm::Tag::config>;
  using Words = zm::vector<Text, zm::Tag::config>;

  // An option's value: what kinds with a number have, or a text.
  struct Value {
    int64_t number = 0;
    Text text;
    bool operator==(const Value&) const = default;
  };

  Config();  // every option at its default
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;

  // --- reading ---
  static const OptionRow& row(Opt id) noexcept;
  // By name or alias, ASCII case ignored; kOptionCount if unknown.
  static size_t find(std::string_view name) noexcept;

  // Booleans 0 or 1, enumerations their value, flags their bits, memory in bytes.
  int64_t number(Opt id) const noexcept {
    return numbers_[static_cast<size_t>(id)].load(std::memory_order_relaxed);
  }
  bool flag(Opt id) const noexcept { return number(id) != 0; }
  Text text(Opt id) const;  // throws std::bad_alloc, as do the next ones
  Words words(Opt id) const;
  Text shown(Opt id) const;  // as CONFIG GET answers it

  // Calls `visit(std::string_view name, std::string_view shown)` for every option name, aliases included,
  // that one of the patterns matches: once each, in the table's order. A pattern without wildcards names
  // itself in the answer.
  template <class Visit>
  void match(std::span<const std::string_view> patterns, Visit&& visit) const;

  // --- changing ---
  // CONFIG SET: all or none. `pairs` alternates names and values. Throws ConfigError with the whole error
  // line, or what a hook throws, and then nothing has changed. `allow_protected`: options under
  // enable-protected-configs may be set.
  void set(std::span<const std::string_view> pairs, bool allow_protected);

  // Runs when set() has changed any of the options: once, with the first of them, when all new values are
  // there. What it throws refuses the change, a ConfigError as the command's error; it runs once more when
  // the old values are back.
  using Hook = void (*)(void* context, Opt id);
  void on_change(std::span<const Opt> ids, Hook hook, void* context) noexcept {
    for (const Opt id : ids) hooks_[static_cast<size_t>(id)] = {hook, context, ids.front()};
  }

  // For what is found out rather than configured: no checks, no hooks.
  void assign(Opt id, int64_t number) noexcept;
  void assign_text(Opt id, std::string_view text);

  // --- the start: see config_file.h ---
  // One directive with its arguments. Throws ConfigError.
  void apply(std::string_view name, std::span<const Text> arguments);
  void set_file(std::string path) { file_ = std::move(path); }
  const std::string& file() const noexcept { return file_; }  // of the configuration, absolute; empty if none
  void set_executable(std::string path) { executable_ = std::move(path); }
  const std::string& executable() const noexcept { return executable_; }  // absolute

  // CONFIG REWRITE: what the file says of options that have changed is replaced; comments, order and all
  // other lines stay. Throws ConfigError with the whole error line.
  void rewrite() const;

  Value value(Opt id) const;
  // The option's value from its arguments; `current` is what it adds to. Throws ConfigError.
  static Value parse(Opt id, std::span<const Text> arguments, const Value& current);
  static Value initial(Opt id);     // its default
  Value start_value(Opt id) const;  // its default here: that of io-threads is by the cores, that of dir where
                                    // the program was started
  static Text show(Opt id, const Value& value);

 private:
  struct HookEntry {
    Hook hook = nullptr;
    void* context = nullptr;
    Opt group{};  // the first of the options that share it
  };
  struct Change;
  using Changes = zm::vector<Change, zm::Tag::config>;

  void store(Opt id, const Value& value);
  void exchange(Opt id, Value& value) noexcept;
  Changes parse_changes(std::span<const std::string_view> pairs) const;
  void take_back(std::span<Change> changes, size_t refused) noexcept;
  void check_settable(std::span<const std::string_view> pairs, bool allow_protected) const;

  std::array<std::atomic<int64_t>, kOptionCount> numbers_;
  mutable std::mutex text_mutex_;
  std::array<Text, kOptionCount> texts_;
  std::array<HookEntry, kOptionCount> hooks_;
  std::bitset<kOptionCount>
      applied_;  // by apply(): the first line of a repeatable option replaces its default
  mutable std::mutex change_mutex_;
  Text start_directory_;
  std::string file_;
  std::string executable_;
};

template <class Visit>
void Config::match(std::span<const std::string_view> patterns, Visit&& visit) const {
  for (size_t i = 0; i < kOptionCount; ++i) {
    const auto id = static_cast<Opt>(i);
    for (const std::string_view name : {row(id).name, row(id).alias}) {
      if (name.empty()) continue;
      for (const std::string_view pattern : patterns) {
        const bool exact = ascii_equal_nocase(pattern, name);
        const bool hidden = (row(id).flags & kHidden) != 0;
        if (!exact && (hidden || !glob_match(pattern, name, true))) continue;
        visit(exact ? pattern : name, std::string_view(shown(id)));
        break;
      }
    }
  }
}

}  // namespace plimsoll::server
