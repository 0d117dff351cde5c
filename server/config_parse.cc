#include <plimsoll/text/numbers.h>

#include <charconv>
#include <cstdio>

#include "config.h"
#include "config_special.h"
#include "resp_parser.h"

namespace plimsoll::server {

namespace {

using Text = Config::Text;

void check_range(const OptionRow& option, int64_t number) {
  if (number >= option.min && number <= option.max) return;
  char text[100];
  if (option.kind == OptionKind::octal) {
    std::snprintf(text, sizeof(text), "argument must be between %llo and %llo inclusive",
                  static_cast<unsigned long long>(option.min), static_cast<unsigned long long>(option.max));
  } else {
    std::snprintf(text, sizeof(text), "argument must be between %lld and %lld inclusive",
                  static_cast<long long>(option.min), static_cast<long long>(option.max));
  }
  throw ConfigError(text);
}

int64_t parse_boolean(std::string_view text) {
  if (ascii_equal_nocase(text, "yes")) return 1;
  if (ascii_equal_nocase(text, "no")) return 0;
  throw ConfigError("argument must be 'yes' or 'no'");
}

int64_t parse_number(std::string_view text) {
  int64_t number = 0;
  if (!parse_integer(text, number)) throw ConfigError("argument couldn't be parsed into an integer");
  return number;
}

int64_t parse_percent(std::string_view text) {
  int64_t number = 0;
  if (text.ends_with('%')) {
    if (parse_integer(text.substr(0, text.size() - 1), number) && number >= 0) {
      if (number > 100) throw ConfigError("percentage argument must be less or equal to 100");
      return -number;
    }
  } else if (parse_memory(text, &number)) {
    return number;
  }
  throw ConfigError("argument must be a memory or percent value");
}

int64_t parse_octal(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 8);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw ConfigError("argument couldn't be parsed as an octal number");
  }
  return number;
}

int64_t parse_enum_word(const OptionRow& option, std::string_view word) {
  for (const EnumValue& value : option.values) {
    if (ascii_equal_nocase(value.name, word)) return value.value;
  }
  std::string text = "argument(s) must be one of the following: ";
  for (const EnumValue& value : option.values) {
    if (&value != option.values.data()) text += ", ";
    text += value.name;
  }
  throw ConfigError(text);
}

int64_t parse_flags(const OptionRow& option, std::span<const Text> words) {
  int64_t bits = 0;
  for (const Text& word : words) bits |= parse_enum_word(option, word);
  constexpr int64_t kSaveAndNosave = 3;
  if ((bits & kSaveAndNosave) == kSaveAndNosave) {
    throw ConfigError("shutdown options SAVE and NOSAVE can't be used simultaneously");
  }
  return bits;
}

int64_t parse_number(Opt id, const OptionRow& option, std::string_view text) {
  int64_t number = 0;
  switch (option.kind) {
    case OptionKind::boolean:
      return parse_boolean(text);
    case OptionKind::enumeration:
      return parse_enum_word(option, text);
    case OptionKind::percent:
      return parse_percent(text);
    case OptionKind::memory:
      if (!parse_memory(text, &number)) throw ConfigError("argument must be a memory value");
      break;
    case OptionKind::octal:
      number = parse_octal(text);
      break;
    default:
      number = parse_number(text);
  }
  check_range(option, number);
  const auto kept = special_rules(id).number;
  return kept != nullptr ? kept(number) : number;
}

Text show_flags(const OptionRow& option, int64_t bits) {
  Text text;
  for (const EnumValue& value : option.values) {
    const bool set = bits == 0 ? value.value == 0 : (bits & value.value) != 0;
    if (!set) continue;
    if (!text.empty()) text += ' ';
    text += value.name;
  }
  return text;
}

}  // namespace

Config::Value Config::parse(Opt id, std::span<const Text> arguments, const Value& current) {
  const OptionRow& option = row(id);
  const SpecialRules& rules = special_rules(id);
  switch (option.kind) {
    case OptionKind::words:
      return {0, rules.words != nullptr ? rules.words(arguments, current.text) : join_words(arguments)};
    case OptionKind::flags:
      return {parse_flags(option, arguments), {}};
    case OptionKind::text:
      return {0, rules.text != nullptr ? rules.text(arguments[0]) : arguments[0]};
    default:
      return {parse_number(id, option, arguments[0]), {}};
  }
}

Config::Text Config::show(Opt id, const Value& value) {
  const OptionRow& option = row(id);
  char text[32];
  int size = 0;
  switch (option.kind) {
    case OptionKind::words:
    case OptionKind::text:
      return value.text;
    case OptionKind::boolean:
      return Text(value.number != 0 ? "yes" : "no");
    case OptionKind::flags:
      return show_flags(option, value.number);
    case OptionKind::enumeration:
      for (const EnumValue& each : option.values) {
        if (each.value == value.number) return Text(each.name);
      }
      return {};
    case OptionKind::octal:
      size = std::snprintf(text, sizeof(text), "%llo", static_cast<unsigned long long>(value.number));
      break;
    case OptionKind::percent:
      size = value.number < 0
                 ? std::snprintf(text, sizeof(text), "%lld%%", -static_cast<long long>(value.number))
                 : std::snprintf(text, sizeof(text), "%lld", static_cast<long long>(value.number));
      break;
    default:
      size = std::snprintf(text, sizeof(text), "%lld", static_cast<long long>(value.number));
  }
  return Text(text, static_cast<size_t>(size));
}

}  // namespace plimsoll::server
