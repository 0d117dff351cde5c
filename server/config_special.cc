#include "config_special.h"

#include <plimsoll/text/numbers.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "output_limits.h"
#include "output_limits_text.h"
#include "resp_parser.h"

namespace plimsoll::server {

namespace {

using Text = Config::Text;
using WordSpan = std::span<const Text>;

Text join(WordSpan words) {
  Text text;
  for (const Text& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

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
  return text + join(words);
}

Text canonical_oom_values(WordSpan words) {
  if (words.size() != 3) throw ConfigError("wrong number of arguments");
  for (const Text& word : words) {
    int64_t value = 0;
    if (!parse_integer(word, value) || value < -2000 || value > 2000) {
      throw ConfigError("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    }
  }
  return join(words);
}

Text canonical_percentiles(WordSpan words) {
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

Text canonical_bind(WordSpan words) {
  constexpr size_t kMostAddresses = 16;
  if (words.size() > kMostAddresses) throw ConfigError("Too many bind addresses specified.");
  return join(words);
}

Text canonical_replicaof(WordSpan words) {
  if (words.size() != 2) throw ConfigError("wrong number of arguments");
  if (ascii_equal_nocase(words[0], "no") && ascii_equal_nocase(words[1], "one")) return {};
  return join(words);
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

void check_title_template(std::string_view text) {
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
}

void check_file_name(std::string_view name, const char* reason) {
  if (name.empty() || name.find('/') != std::string_view::npos || name == "." || name == "..")
    throw ConfigError(reason);
}

}  // namespace

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

Config::Text canonical_words(Opt id, WordSpan words, const Text& current) {
  switch (id) {
    case Opt::save:
      return canonical_save(words, current);
    case Opt::client_output_buffer_limit:
      return canonical_output_limits(words, current);
    case Opt::oom_score_adj_values:
      return canonical_oom_values(words);
    case Opt::latency_tracking_info_percentiles:
      return canonical_percentiles(words);
    case Opt::bind:
      return canonical_bind(words);
    case Opt::replicaof:
      return words.empty() ? Text() : canonical_replicaof(words);
    default:
      return join(words);
  }
}

Config::Text canonical_text(Opt id, const Text& text) {
  switch (id) {
    case Opt::notify_keyspace_events:
      return canonical_events(text);
    case Opt::proc_title_template:
      check_title_template(text);
      return text;
    case Opt::dbfilename:
      check_file_name(text, "dbfilename can't be a path, just a filename");
      return text;
    case Opt::appendfilename:
      check_file_name(text, "appendfilename can't be a path, just a filename");
      return text;
    case Opt::appenddirname:
      check_file_name(text, "appenddirname can't be a path, just a dirname");
      return text;
    default:
      return text;
  }
}

void check_supported(Opt id, const Config::Value& value) {
  switch (id) {
    case Opt::replicaof:
      if (!value.text.empty()) throw ConfigError("replication is not available in this server");
      break;
    case Opt::cluster_enabled:
      if (value.number != 0) throw ConfigError("cluster mode is not available in this server");
      break;
    case Opt::tls_port:
      if (value.number != 0) throw ConfigError("TLS is not available in this server");
      break;
    case Opt::aclfile:
      if (!value.text.empty()) throw ConfigError("access control lists are not available in this server");
      break;
    default:
      break;
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
