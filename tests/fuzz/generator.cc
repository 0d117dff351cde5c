#include "generator.h"

#include <array>
#include <map>

namespace plimsoll::fuzz {
namespace {

constexpr std::array<std::string_view, 30> kIntegers = {"0",
                                                        "1",
                                                        "-1",
                                                        "2",
                                                        "7",
                                                        "10",
                                                        "-10",
                                                        "100",
                                                        "1000",
                                                        "65536",
                                                        "-0",
                                                        "+1",
                                                        "01",
                                                        "1.0",
                                                        "",
                                                        "abc",
                                                        "3.5e3",
                                                        "2147483647",
                                                        "2147483648",
                                                        "-2147483648",
                                                        "4294967296",
                                                        "9223372036854775807",
                                                        "9223372036854775808",
                                                        "-9223372036854775808",
                                                        "-9223372036854775809",
                                                        "18446744073709551615",
                                                        "9223372036854775",
                                                        "-9223372036854775",
                                                        "1700000000",
                                                        "1700000001000"};

constexpr std::array<std::string_view, 14> kReals = {"0",      "1.5",    "-2.25", "1e300", "-1e300",
                                                     "1e-300", "inf",    "-inf",  "nan",   "3.0e3",
                                                     "0x1p3",  "1e5000", "17",    "."};

constexpr std::array<std::string_view, 12> kPatterns = {"*",      "?",   "k*", "*1", "[k]?", "[^k]*",
                                                        "[a-z]1", "\\*", "[",  "k[", "",     "**a*b*c*"};

// Lengths around which a string is kept in another way: Redis's embstr, this table's inline values, a slab's
// largest class.
constexpr std::array<size_t, 12> kLengths = {0, 1, 3, 20, 44, 45, 200, 1000, 12'288, 12'289, 14'337, 20'000};

const DocArguments& syntax_of(const Command& command) {
  static auto* const parsed = new std::map<const Command*, DocArguments>;  // lives as long as the process
  const auto [at, is_new] = parsed->try_emplace(&command);
  if (is_new) at->second = parse_syntax(*command.row);
  return at->second;
}

}  // namespace

const std::vector<const Command*>& runnable_commands() {
  static const auto* const commands = [] {
    auto* found = new std::vector<const Command*>;
    const CommandTable& table = CommandTable::builtin();
    for (uint32_t id = 0; id < table.size(); ++id) {
      const Command* command = table.by_id(id);
      if (command != nullptr && command->row->handler != nullptr) found->push_back(command);
    }
    return found;
  }();
  return *commands;
}

Words command_words(const Command& command) {
  const std::string name(command.name);
  const size_t bar = command.parent == nullptr ? std::string::npos : name.find('|');
  if (bar == std::string::npos) return {name};
  return {name.substr(0, bar), name.substr(bar + 1)};
}

Words Generator::command() {
  const auto& commands = runnable_commands();
  const Command* chosen = commands[below(commands.size())];
  // Those that change keys are what makes the others interesting.
  for (int i = 0; i < 3 && (chosen->row->flags & kWrite) == 0; ++i) chosen = commands[below(commands.size())];
  return command(*chosen);
}

Words Generator::command(const Command& command) {
  Words words = command_words(command);
  if (words.back().starts_with("getkeys")) {  // takes a whole command line
    const Words line = this->command();
    words.insert(words.end(), line.begin(), line.end());
    return words;
  }
  for (const DocArgument& argument : syntax_of(command)) add(argument, words);
  return words;
}

Words Generator::directive() {
  switch (below(8)) {
    case 0:
      return {"@session", std::to_string(below(2))};
    case 1:
      return {"@resp", std::to_string(2 + below(2))};
    case 2:
    case 3:
      return {"@advance", std::to_string(below(2) == 0 ? below(50) : below(100'000'000))};
    case 4:
    case 5:
      return {"@refuse", std::to_string(below(12))};
    case 6:
      return {"@maintain"};
    default: {
      constexpr std::array kPolicies = {"noeviction",   "allkeys-lru",  "allkeys-lfu",     "allkeys-random",
                                        "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"};
      return {"@limit", std::to_string(below(4) == 0 ? 0 : 10'000 + below(60'000)),
              kPolicies[below(kPolicies.size())]};
    }
  }
}

std::vector<Words> Generator::script(size_t lines) {
  std::vector<Words> script;
  // Most scripts keep two stores comparable: no refusals and limits.
  const bool wild = below(3) == 0;
  while (script.size() < lines) {
    Words line = below(8) == 0 ? directive() : command();
    if (!wild && (line[0] == "@refuse" || line[0] == "@limit")) continue;
    if (wild && below(4) == 0) script.push_back({"@refuse", std::to_string(below(6))});
    if (below(12) == 0) line.push_back(argument());
    if (below(16) == 0 && line.size() > 1) line.pop_back();
    script.push_back(std::move(line));
  }
  return script;
}

std::string Generator::key() {
  const uint64_t which = below(20);
  if (which == 0) return "";
  if (which == 1) return std::string(below(2) == 0 ? 200 : 20'000, 'k');
  return "k" + std::to_string(below(which < 12 ? 4 : 40));
}

std::string Generator::value() {
  switch (below(7)) {
    case 0:
      return integer();
    case 1:
      return real();
    case 2:
    case 6:
      return std::string(kLengths[below(kLengths.size())], static_cast<char>('a' + below(3)));
    case 3: {
      std::string bytes(below(40), '\0');
      for (char& c : bytes) c = static_cast<char>(random_());
      return bytes;
    }
    default: {
      std::string letters(below(30), 'a');
      for (char& c : letters) c = static_cast<char>('a' + below(3));
      return letters;
    }
  }
}

std::string Generator::integer() {
  if (below(2) == 0) return std::string(kIntegers[below(kIntegers.size())]);
  return std::to_string(static_cast<int64_t>(below(200)) - 50);
}

std::string Generator::real() {
  return std::string(kReals[below(kReals.size())]);
}
std::string Generator::pattern() {
  return std::string(kPatterns[below(kPatterns.size())]);
}

std::string Generator::argument() {
  switch (below(5)) {
    case 0:
      return key();
    case 1:
      return integer();
    case 2:
      return pattern();
    case 3:
      return command_words(*runnable_commands()[below(runnable_commands().size())])[0];
    default:
      return value();
  }
}

// What an argument of this name usually is; empty if its name says nothing.
std::string Generator::word_for(std::string_view name) {
  const auto names = [name](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (names("cursor")) return below(3) != 0 ? "0" : std::to_string(random_());
  if (names("db") || names("index")) return std::to_string(below(5) == 0 ? below(5) : below(2));
  if (names("command")) return std::string(runnable_commands()[below(runnable_commands().size())]->name);
  if (name == "type") return below(2) == 0 ? "string" : "list";
  return {};
}

std::string Generator::scalar(const DocArgument& argument) {
  if (below(8) != 0) {
    std::string word = word_for(argument.name);
    if (!word.empty()) return word;
  }
  using Type = DocArgument::Type;
  switch (argument.type) {
    case Type::key:
      return key();
    case Type::integer:
      return integer();
    case Type::unix_time:
      return std::to_string(1'700'000'000 + below(1000)) + (below(2) == 0 ? "" : "000");
    case Type::real:
      return real();
    case Type::pattern:
      return pattern();
    default:
      return value();
  }
}

void Generator::add(const DocArgument& argument, Words& words) {
  if (argument.optional && below(2) == 0) return;
  const uint64_t times = argument.multiple ? 1 + below(3) : 1;
  for (uint64_t i = 0; i < times; ++i) {
    if (!argument.token.empty() && (i == 0 || argument.multiple_token)) words.emplace_back(argument.token);
    add_once(argument, words);
  }
}

void Generator::add_once(const DocArgument& argument, Words& words) {
  using Type = DocArgument::Type;
  if (argument.type == Type::pure_token) return;
  if (argument.type == Type::oneof) return add(argument.arguments[below(argument.arguments.size())], words);
  if (argument.type != Type::block) return words.push_back(scalar(argument));
  for (const DocArgument& part : argument.arguments) add(part, words);
}

}  // namespace plimsoll::fuzz
