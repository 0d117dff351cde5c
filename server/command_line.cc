#include "command_line.h"

#include <plimsoll/text/ascii.h>
#include <unistd.h>
#include <zmalloc/zm.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace plimsoll::server {

namespace {

std::string absolute_path(const std::string& path) {
  char directory[PATH_MAX];
  if (path.starts_with('/') || ::getcwd(directory, sizeof(directory)) == nullptr) return path;
  return std::string(directory) + "/" + path;
}

// Options that switch something and may stand without a value.
bool may_lack_value(std::string_view name) {
  return ascii_equal_nocase(name, "save");
}

// `--name value value`: everything up to the next --name is one directive. A value that begins with two
// dashes is the next name, unless the first value is still missing.
std::string read_directives(const std::vector<std::string>& arguments, size_t from) {
  std::string text;
  size_t values = 0;
  std::string name;
  const auto end_directive = [&] {
    if (!name.empty() && values == 0 && may_lack_value(name)) text += " \"\"";
  };
  for (size_t i = from; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.starts_with("--")) {  // alone it is an empty line
      end_directive();
      name = argument.substr(2);
      values = 0;
      text += "\n" + name;
    } else {
      text += " " + quoted(argument);
      ++values;
    }
  }
  end_directive();
  return text.empty() ? text : text + "\n";
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    char escape[8];
    switch (c) {
      case '\\':
      case '"':
        result += '\\';
        result += c;
        break;
      case '\n':
        result += "\\n";
        break;
      case '\r':
        result += "\\r";
        break;
      case '\t':
        result += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          std::snprintf(escape, sizeof(escape), "\\x%02x", static_cast<unsigned char>(c));
          result += escape;
        } else {
          result += c;
        }
    }
  }
  return result + '"';
}

CommandLine parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  size_t next = 0;
  if (!arguments.empty()) {
    const std::string& first = arguments[0];
    if (first == "-v" || first == "--version") line.action = CommandLine::Action::print_version;
    if (first == "-h" || first == "--help") line.action = CommandLine::Action::print_help;
    if (line.action != CommandLine::Action::serve) return line;
    if (!first.starts_with("-")) {
      line.file = absolute_path(first);
      next = 1;
    } else if (first == "-") {
      line.read_stdin = true;
      next = 1;
    } else if (!first.starts_with("--")) {
      throw std::invalid_argument("Unknown option '" + first + "'");
    }
  }
  std::vector<std::string> rest(arguments.begin() + static_cast<std::ptrdiff_t>(next), arguments.end());
  if (!rest.empty() && rest.back() == "-") {
    line.read_stdin = true;
    rest.pop_back();
  }
  if (!rest.empty() && !rest[0].starts_with("--")) {
    throw std::invalid_argument("Unexpected argument '" + rest[0] + "': options begin with --");
  }
  line.directives = read_directives(rest, 0);
  return line;
}

std::string help_text(const std::string& program) {
  return "Usage: " + program + " [/path/to/redis.conf] [options] [-]\n" + "       " + program +
         " - (read config from stdin)\n" + "       " + program + " -v or --version\n" + "       " + program +
         " -h or --help\n\n" + "Options are those of redis.conf, with the same names and values:\n" +
         "       " + program + " --port 7777 --maxmemory 100mb --maxmemory-policy allkeys-lru\n" + "       " +
         program + " /etc/myredis.conf --loglevel verbose\n" + "       echo 'maxmemory 128mb' | " + program +
         " -\n";
}

std::string version_text() {
  return std::string("Plimsoll server v=" PLIMSOLL_VERSION " redis=7.0.15 malloc=") + zm::backend_version() +
         " bits=64\n";
}

}  // namespace plimsoll::server
