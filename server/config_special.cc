#include "config_special.h"

#include <plimsoll/text/numbers.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>

#include "memory_line.h"
#include "output_limits.h"
#include "output_limits_text.h"
#include "resp_parser.h"

namespace plimsoll::server {

namespace {

using Text = Config::Text;
using WordSpan = std::span<const Text>;

Text canonical_save(WordSpan words, const Text& current) {
  if (words.size() % 2 != 0) throw ConfigError("Invalid save parameters");
  for (size_t i = 0; i < words.size(); i += 2) {
    int64_t seconds = 0;
    int64_t changes = 0;
    if (!parse_integer(words[i], seconds) || !parse_integer(words[i + 1], changes) || seconds < 1 ||
        changes < 0) {
      throw ConfigError("Invalid save parameters");
    }
  }
  Text text = current;
  if (!text.empty() && !words.empty()) text += ' ';
  return text + join_words(words);
}

// A line for each pair; an empty list takes a line too, since no line would mean the default.
Config::Words save_lines(const Text& canonical) {
  Config::Words lines;
  size_t begin = 0;
  for (size_t end = 0; end != Text::npos; begin = end + 1) {
    end = canonical.find(' ', begin);
    if (end != Text::npos) end = canonical.find(' ', end + 1);
    lines.push_back(canonical.substr(begin, end == Text::npos ? end : end - begin));
  }
  return lines;
}

Text canonical_oom_values(WordSpan words, const Text&) {
  if (words.size() != 3) throw ConfigError("wrong number of arguments");
  for (const Text& word : words) {
    int64_t value = 0;
    if (!parse_integer(word, value) || value < -2000 || value > 2000) {
      throw ConfigError("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    }
  }
  return join_words(words);
}

Text canonical_percentiles(WordSpan words, const Text&) {
  Text text;
  for (const Text& word : words) {
    char* end = nullptr;
    const double percent = std::strtod(word.c_str(), &end);
    if (*end != '\0') throw ConfigError("Invalid latency-tracking-info-percentiles parameters");
    if (!(percent >= 0 && percent <= 100)) {
      throw ConfigError("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
    }
    char digits[64];
    const int size = std::snprintf(digits, sizeof(digits), "%.10g", percent);
    if (!text.empty()) text += ' ';
    text.append(digits, static_cast<size_t>(size));
  }
  return text;
}

Text canonical_bind(WordSpan words, const Text&) {
  constexpr size_t kMostAddresses = 16;
  if (words.size() > kMostAddresses) throw ConfigError("Too many bind addresses specified.");
  return join_words(words);
}

Text canonical_replicaof(WordSpan words, const Text&) {
  if (words.size() != 2) throw ConfigError("wrong number of arguments");
  if (ascii_equal_nocase(words[0], "no") && ascii_equal_nocase(words[1], "one")) return {};
  return join_words(words);
}

// The letters of notify-keyspace-events in the order in which they are shown; those of 'A' first. 'n' is not
// shown beside 'A'.
constexpr std::string_view kAllEvents = "g$lshzxetd";
constexpr std::string_view kOtherEvents = "KEm";

Text canonical_events(const Text& letters) {
  Text text;
  bool all = true;
  const auto has = [&](char letter) {
    return letters.find(letter) != Text::npos ||
           (letters.find('A') != Text::npos && kAllEvents.find(letter) != std::string_view::npos);
  };
  for (const char letter : letters) {
    if (std::string_view("Ag$lshzxetdnKEm").find(letter) == std::string_view::npos) {
      throw ConfigError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    }
  }
  for (const char letter : kAllEvents) all = all && has(letter);
  if (all) {
    text += 'A';
  } else {
    for (const char letter : std::string(kAllEvents) + "n") {
      if (has(letter)) text += letter;
    }
  }
  for (const char letter : kOtherEvents) {
    if (has(letter)) text += letter;
  }
  return text;
}

Text canonical_title_template(const Text& title) {
  const std::string_view text = title;
  constexpr std::array<std::string_view, 8> kNames{"title",    "listen-addr", "server-mode", "port",
                                                   "tls-port", "unixsocket",  "config-file", "host"};
  for (size_t at = 0; (at = text.find('{', at)) != std::string_view::npos; ++at) {
    const size_t end = text.find('}', at);
    bool known = false;
    for (const std::string_view name : kNames) {
      known = known || (end != std::string_view::npos && text.substr(at + 1, end - at - 1) == name);
    }
    if (!known) throw ConfigError("template format is invalid or contains unknown variables");
  }
  return title;
}

constexpr char kNoDumpName[] = "dbfilename can't be a path, just a filename";
constexpr char kNoAppendFileName[] = "appendfilename can't be a path, just a filename";
constexpr char kNoAppendDirectoryName[] = "appenddirname can't be a path, just a dirname";

template <const char* kReason>
Text canonical_file_name(const Text& name) {
  if (name.empty() || name.find('/') != Text::npos || name == "." || name == "..") throw ConfigError(kReason);
  return name;
}

Text canonical_line(const Text& text) {
  parse_line_setting(text);
  return text;
}

int64_t possible_frequency(int64_t hz) {
  return std::clamp<int64_t>(hz, 1, 500);
}

int64_t possible_backlog(int64_t bytes) {
  return std::max<int64_t>(bytes, 16 * 1024);
}

int64_t possible_watchdog_period(int64_t ms) {
  return ms == 0 ? 0 : std::max<int64_t>(ms, 200);
}

constexpr SpecialRules kRules[] = {
    {.id = Opt::save, .words = canonical_save, .lines = save_lines},
    {.id = Opt::client_output_buffer_limit, .words = canonical_output_limits, .lines = output_limit_lines},
    {.id = Opt::oom_score_adj_values, .words = canonical_oom_values},
    {.id = Opt::latency_tracking_info_percentiles, .words = canonical_percentiles},
    {.id = Opt::bind, .words = canonical_bind},
    {.id = Opt::replicaof, .words = canonical_replicaof, .missing = "replication is"},
    {.id = Opt::notify_keyspace_events, .text = canonical_events},
    {.id = Opt::proc_title_template, .text = canonical_title_template},
    {.id = Opt::dbfilename, .text = canonical_file_name<kNoDumpName>},
    {.id = Opt::appendfilename, .text = canonical_file_name<kNoAppendFileName>},
    {.id = Opt::appenddirname, .text = canonical_file_name<kNoAppendDirectoryName>},
    {.id = Opt::memory_line, .text = canonical_line},
    {.id = Opt::hz, .number = possible_frequency},
    {.id = Opt::repl_backlog_size, .number = possible_backlog},
    {.id = Opt::watchdog_period, .number = possible_watchdog_period},
    {.id = Opt::cluster_enabled, .missing = "cluster mode is"},
    {.id = Opt::tls_port, .missing = "TLS is"},
    {.id = Opt::aclfile, .missing = "access control lists are"},
};

}  // namespace

Config::Text join_words(WordSpan words) {
  Text text;
  for (const Text& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

bool parse_memory(std::string_view text, int64_t* bytes) noexcept {
  struct Unit {
    std::string_view name;
    int64_t size;
  };
  static constexpr Unit kUnits[] = {{"", 1},
                                    {"b", 1},
                                    {"k", 1000},
                                    {"kb", 1024},
                                    {"m", 1000 * 1000},
                                    {"mb", 1024 * 1024},
                                    {"g", 1000 * 1000 * 1000},
                                    {"gb", 1024 * 1024 * 1024}};
  uint64_t number = 0;
  if (text.empty()) {  // as strtoull reads it
    *bytes = 0;
    return true;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > INT64_MAX) return false;
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  for (const Unit& each : kUnits) {
    if (ascii_equal_nocase(each.name, unit)) {
      return !__builtin_mul_overflow(static_cast<int64_t>(number), each.size, bytes);
    }
  }
  return false;
}

Config::Text memory_text(int64_t bytes) {
  struct Unit {
    int64_t size;
    const char* name;
  };
  static constexpr Unit kUnits[] = {{1 << 30, "gb"}, {1 << 20, "mb"}, {1 << 10, "kb"}};
  for (const Unit& unit : kUnits) {
    if (bytes != 0 && bytes % unit.size == 0) return Text(std::to_string(bytes / unit.size)) + unit.name;
  }
  return Text(std::to_string(bytes));
}

const SpecialRules& special_rules(Opt id) noexcept {
  static constexpr SpecialRules kNone{};
  for (const SpecialRules& rules : kRules) {
    if (rules.id == id) return rules;
  }
  return kNone;
}

void check_supported(Opt id, const Config::Value& value) {
  const char* missing = special_rules(id).missing;
  if (missing != nullptr && value != Config::initial(id)) {
    throw ConfigError(std::string(missing) + " not available in this server");
  }
}

Config::Text enter_directory(const Text& path) {
  char absolute[PATH_MAX];
  if (::chdir(path.c_str()) != 0 || ::getcwd(absolute, sizeof(absolute)) == nullptr) {
    throw ConfigError(std::strerror(errno));
  }
  return Text(absolute);
}

}  // namespace plimsoll::server
