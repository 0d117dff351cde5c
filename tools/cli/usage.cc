#include <algorithm>
#include <string>
#include <string_view>

#include "option_table.h"
#include "options.h"

namespace plimsoll::cli {
namespace {

constexpr std::size_t kHelpColumn = 29;

constexpr std::string_view kIntroduction =
    "Usage: plimsoll-cli [options] [command [argument ...]]\n"
    "\n"
    "A client of Plimsoll and of every server that speaks RESP. Without a command it is interactive;\n"
    "commands are read from standard input if that is no terminal.\n"
    "\n";

constexpr std::string_view kExamples =
    "\n"
    "Examples:\n"
    "  plimsoll-cli info memory\n"
    "  plimsoll-cli --memory -i 0.5\n"
    "  plimsoll-cli -x set motd < /etc/motd\n"
    "  plimsoll-cli -r 100 -i 1 incr clock\n"
    "  plimsoll-cli --scan --pattern 'user:*'\n"
    "  plimsoll-cli --quoted-input set '\"a\\x00b\"' value\n"
    "\n"
    "Type \"help\" in the interactive mode for the commands of the server.\n";

std::string spelling(const OptionRow& row) {
  std::string text = "  " + std::string(row.name);
  if (!row.alias.empty()) text += ", " + std::string(row.alias);
  if (!row.value.empty()) text += " <" + std::string(row.value) + ">";
  return text;
}

void append_row(std::string& out, const OptionRow& row) {
  std::string line = spelling(row);
  for (std::string_view help = row.help; !help.empty();) {
    const std::size_t end = help.find('\n');
    line.resize(std::max(line.size() + 1, kHelpColumn), ' ');
    out += line + std::string(help.substr(0, end)) + "\n";
    line.clear();
    help = end == std::string_view::npos ? std::string_view() : help.substr(end + 1);
  }
}

}  // namespace

std::string version_text() {
  return "plimsoll-cli " PLIMSOLL_VERSION "\n";
}

std::string usage_text() {
  std::string out = version_text() + "\n" + std::string(kIntroduction);
  for (const OptionRow& row : option_table()) append_row(out, row);
  return out + std::string(kExamples);
}

}  // namespace plimsoll::cli
