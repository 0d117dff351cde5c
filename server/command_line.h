#pragma once

#include <string>
#include <vector>

namespace plimsoll::server {

// redis-server's command line: [file | -] [--option value ...], and what only prints something.
struct CommandLine {
  enum class Action { serve, print_version, print_help };
  Action action = Action::serve;
  std::string file;  // to read first; absolute, empty if none
  bool read_stdin = false;
  // The options in redis.conf's syntax, a line each, behind an empty first line: that is where redis-server
  // counts them.
  std::string directives;
};

// Throws std::invalid_argument with a line to print.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

std::string help_text(const std::string& program);
std::string version_text();

// `text` in double quotes, so that a line of redis.conf reads it back.
std::string quoted(const std::string& text);

}  // namespace plimsoll::server
