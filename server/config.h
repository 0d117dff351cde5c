#pragma once

#include <zmalloc/allocator.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

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
  percent,      // bytes, or a share: N% is kept as -N (maxmemory-clients)
  octal,        // a file mode
  enumeration,  // one of `values`
  flags,        // words out of `values`, blank-separated
  text,         // anything
  words,        // a list, shown blank-separated
};

enum OptionFlag : uint8_t {
  kMutable = 0,
  kImmutable = 1 << 0,   // only in the file and on the command line
  kProtectedOption = 1 << 1,  // CONFIG SET only with enable-protected-configs
  kInert = 1 << 2,       // accepted, kept and shown, without effect
  kSensitive = 1 << 3,   // never logged
  kNotRewritten = 1 << 4,
  kRepeatable = 1 << 5,  // several lines add up (save, client-output-buffer-limit)
};

struct EnumValue {
  std::string_view name;
  int64_t value;
};

struct OptionRow {
  std::string_view name;
  std::string_view alias;  // a second name for the same option ("slave-priority"), or empty
  OptionKind kind;
  uint8_t flags;
  std::string_view initial;  // as redis.conf would say it
  int64_t min = 0;
  int64_t max = 0;
  std::span<const EnumValue> values = {};
};

// What is wrong with a value or a line, in Redis's words.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The server's settings. One table of options says all that is known of each: options.def.
//
// Scalars are read with one relaxed load, on any thread; texts are copied under a mutex. Writers (CONFIG SET) are serialised.
class Config {
 public:
  using Text = zm::string<zm::Tag::config>;
  using Words = zm::vector<Text, zm::Tag::config>;

  Config();  // every option at its default

  // --- reading ---
  static const OptionRow& row(Opt id) noexcept;
  // Booleans 0 or 1, enumerations their value, flags their bits, memory in bytes.
  int64_t number(Opt id) const noexcept { return numbers_[static_cast<size_t>(id)].load(std::memory_order_relaxed); }
  bool flag(Opt id) const noexcept { return number(id) != 0; }
  Text text(Opt id) const;    // throws std::bad_alloc, as do the next ones
  Words words(Opt id) const;
  Text shown(Opt id) const;   // as CONFIG GET answers it
  // Calls `visit(std::string_view name, std::string_view shown)` for every option, also by its alias, whose name matches one of
  // the patterns, once each, in the table's order.
  template <class Visit>
  void match(std::span<const std::string_view> patterns, Visit&& visit) const;

  // --- changing ---
  // CONFIG SET: all or none. `pairs` alternates names and values. Throws ConfigError with the whole error line (without "-") and
  // then nothing has changed.
  void set(std::span<const std::string_view> pairs);
  // For the program itself (the port that was found, ...): no checks, no hooks.
  void assign(Opt id, std::string_view value);

  // Called while a set() is carried out, once for each option that is new; throws ConfigError to refuse. After a refusal it is called
  // again with the old values back. One hook per option.
  using Hook = void (*)(void* context, Config& config, Opt id);
  void on_change(Opt id, Hook hook, void* context) noexcept;

  // --- the start: config_file.cc, command_line.cc ---
  // One line of a file or its like: name and values. Throws ConfigError with Redis's reason.
  void apply_line(std::span<const std::string_view> words);
  void load_file(const std::string& path);   // throws ConfigFileError
  void load_text(std::string_view text, std::string_view origin);
  // CONFIG REWRITE: unknown and unchanged lines, comments and order stay. Throws ConfigError.
  void rewrite();
  const std::string& file() const noexcept { return file_; }              // absolute; empty if none
  const std::string& executable() const noexcept { return executable_; }  // absolute

  // Effects of rename-command lines, in order: from, to ("" removes).
  std::span<const std::pair<Text, Text>> renames() const noexcept { return renames_; }

 private:
  std::array<std::atomic<int64_t>, kOptionCount> numbers_;
  mutable std::mutex mutex_;
  std::array<Words, kOptionCount> texts_;
};

}  // namespace plimsoll::server
