#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "config.h"

namespace plimsoll {
class CommandTable;
}

namespace plimsoll::server {

// A directive that cannot be, with where it stands. what() is the whole message, of several lines, that
// redis-server prints for one.
class ConfigFileError : public std::runtime_error {
 public:
  ConfigFileError(size_t line_number, std::string_view line, std::string_view reason);
  explicit ConfigFileError(std::string_view reason);  // of a value that proves wrong after the reading
};

// A configuration file, or one it includes, that cannot be read. what() names it and says why.
class ConfigFileMissing : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Applies the directives of redis.conf's syntax: one a line, words quoted as in inline commands, # begins a
// comment line; `include` takes a path or a pattern (then files that do not exist are no error);
// `rename-command` changes `commands`. Throws the above.
void load_config_text(Config& config, CommandTable& commands, std::string_view text);
// The file's text; "-" is standard input.
std::string read_config_file(const std::string& path);

// The words of a line; none for a blank line or a comment. Throws ConfigError if quotes are unbalanced.
Config::Words split_config_line(std::string_view line);

}  // namespace plimsoll::server
