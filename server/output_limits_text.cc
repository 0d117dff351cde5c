#include "output_limits_text.h"

#include <plimsoll/text/numbers.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "config_special.h"
#include "resp_parser.h"

namespace plimsoll::server {

namespace {

constexpr std::array<std::string_view, 3> kClassNames{"normal", "slave", "pubsub"};
constexpr std::string_view kReplica = "replica";  // how a file names it; CONFIG GET still says slave
constexpr size_t kWordsOfClass = 4;

size_t class_from(std::string_view name) {
  if (ascii_equal_nocase(name, kReplica)) return static_cast<size_t>(ClientClass::replica);
  for (size_t i = 0; i < kClassNames.size(); ++i) {
    if (ascii_equal_nocase(name, kClassNames[i])) return i;
  }
  throw ConfigError("Invalid client class specified in buffer limit configuration.");
}

OutputLimit limit_from(std::span<const Config::Text> words) {
  int64_t hard = 0;
  int64_t soft = 0;
  int64_t seconds = 0;
  if (!parse_memory(words[1], &hard) || !parse_memory(words[2], &soft) || !parse_integer(words[3], seconds) ||
      seconds < 0) {
    throw ConfigError("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
  }
  return {static_cast<size_t>(hard), static_cast<size_t>(soft), seconds};
}

std::array<OutputLimit, 3> parse_limits(std::span<const Config::Text> words,
                                        std::array<OutputLimit, 3> limits) {
  if (words.size() % kWordsOfClass != 0) {
    throw ConfigError("Wrong number of arguments in buffer limit configuration.");
  }
  for (; !words.empty(); words = words.subspan(kWordsOfClass))
    limits[class_from(words[0])] = limit_from(words);
  return limits;
}

// Of a text that this file has written.
std::array<OutputLimit, 3> read_canonical(const Config::Text& text) {
  std::array<OutputLimit, 3> limits;
  long long v[9] = {};
  if (std::sscanf(text.c_str(), "normal %lld %lld %lld slave %lld %lld %lld pubsub %lld %lld %lld", &v[0],
                  &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8]) == 9) {
    for (size_t i = 0; i < limits.size(); ++i) {
      limits[i] = {static_cast<size_t>(v[3 * i]), static_cast<size_t>(v[3 * i + 1]), v[3 * i + 2]};
    }
  }
  return limits;
}

}  // namespace

Config::Text canonical_output_limits(std::span<const Config::Text> words, const Config::Text& current) {
  const auto limits = parse_limits(words, read_canonical(current));
  Config::Text text;
  for (size_t i = 0; i < limits.size(); ++i) {
    char part[100];
    const int size =
        std::snprintf(part, sizeof(part), "%s%.*s %zu %zu %lld", i == 0 ? "" : " ",
                      static_cast<int>(kClassNames[i].size()), kClassNames[i].data(), limits[i].hard,
                      limits[i].soft, static_cast<long long>(limits[i].soft_seconds));
    text.append(part, static_cast<size_t>(size));
  }
  return text;
}

Config::Words output_limit_lines(const Config::Text& canonical) {
  const auto limits = read_canonical(canonical);
  Config::Words lines;
  for (size_t i = 0; i < limits.size(); ++i) {
    Config::Text line(static_cast<ClientClass>(i) == ClientClass::replica ? kReplica : kClassNames[i]);
    line += ' ' + memory_text(static_cast<int64_t>(limits[i].hard));
    line += ' ' + memory_text(static_cast<int64_t>(limits[i].soft));
    line += ' ';
    line += std::to_string(limits[i].soft_seconds);
    lines.push_back(std::move(line));
  }
  return lines;
}

void apply_output_limits(std::span<const Config::Text> canonical, OutputLimits& limits) {
  const auto parsed = parse_limits(canonical, {});
  for (size_t i = 0; i < parsed.size(); ++i) limits.set(static_cast<ClientClass>(i), parsed[i]);
}

}  // namespace plimsoll::server
