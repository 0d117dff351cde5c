#include "config_file.h"

#include <glob.h>
#include <plimsoll/command_table.h>
#include <plimsoll/text/quoted_words.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

namespace plimsoll::server {

namespace {

constexpr int kDeepestInclude = 32;

// What the directives change.
struct Settings {
  Config& config;
  CommandTable& commands;
};

void load_text(const Settings& settings, std::string_view text, int depth);

std::string_view trim(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r\n") - begin + 1);
}

void include(const Settings& settings, const std::string& path, int depth) {
  if (depth == kDeepestInclude) throw ConfigError("too many levels of include");
  if (path.find_first_of("*?[") == std::string::npos)
    return load_text(settings, read_config_file(path), depth + 1);
  glob_t found{};
  const int result = ::glob(path.c_str(), 0, nullptr, &found);
  Config::Words paths;
  for (size_t i = 0; result == 0 && i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  for (const auto& each : paths) load_text(settings, read_config_file(std::string(each)), depth + 1);
}

void rename(CommandTable& commands, std::string_view from, std::string_view to) {
  if (commands.find(from) == nullptr) throw ConfigError("No such command in rename-command");
  if (!commands.rename(from, to)) throw ConfigError("Target command name already exists");
}

bool has_no_effect_any_more(std::string_view name) noexcept {
  return ascii_equal_nocase(name, "list-max-ziplist-entries") ||
         ascii_equal_nocase(name, "list-max-ziplist-value");
}

void apply_directive(const Settings& settings, std::span<const Config::Text> words, int depth) {
  const Config::Text& name = words[0];
  const auto arguments = words.subspan(1);
  if (ascii_equal_nocase(name, "include") && arguments.size() == 1) {
    include(settings, std::string(arguments[0]), depth);
  } else if (ascii_equal_nocase(name, "rename-command") && arguments.size() == 2) {
    rename(settings.commands, arguments[0], arguments[1]);
  } else if (ascii_equal_nocase(name, "loadmodule") && !arguments.empty()) {
    throw ConfigError("modules are not available in this server");
  } else if (ascii_equal_nocase(name, "user") && !arguments.empty()) {
    throw ConfigError("access control lists are not available in this server");
  } else if (has_no_effect_any_more(name) && arguments.size() == 1) {
    // Redis takes them without effect.
  } else {
    settings.config.apply(name, arguments);
  }
}

void load_text(const Settings& settings, std::string_view text, int depth) {
  size_t line_number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    try {
      const Config::Words words = split_config_line(line);
      if (!words.empty()) apply_directive(settings, words, depth);
    } catch (const ConfigError& error) {
      throw ConfigFileError(line_number, line, error.what());
    }
  }
}

}  // namespace

ConfigFileError::ConfigFileError(size_t line_number, std::string_view line, std::string_view reason)
    : ConfigFileError("Reading the configuration file, at line " + std::to_string(line_number) + "\n>>> '" +
                      std::string(line) + "'\n" + std::string(reason)) {}

ConfigFileError::ConfigFileError(std::string_view reason)
    : std::runtime_error("\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n" + std::string(reason) + "\n") {}

Config::Words split_config_line(std::string_view line) {
  Config::Words words;
  line = trim(line);
  if (line.starts_with('#')) return words;
  const bool well_quoted = split_quoted(line, [&words](std::string_view piece, bool starts_word) {
    if (starts_word) words.emplace_back();
    words.back() += piece;
  });
  if (!well_quoted) throw ConfigError("Unbalanced quotes in configuration line");
  return words;
}

std::string read_config_file(const std::string& path) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  const auto missing = [&](const std::string& reason) {
    return ConfigFileMissing("Fatal error, can't open config file '" + path + "': " + reason);
  };
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) throw missing(std::strerror(errno));
  try {
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  } catch (const std::ios_base::failure& error) {  // a directory can be opened
    throw missing(error.code().message());
  }
}

void load_config_text(Config& config, CommandTable& commands, std::string_view text) {
  load_text({config, commands}, text, 0);
}

}  // namespace plimsoll::server
