#include "help.h"

#include <plimsoll/text/ascii.h>

#include "syntax.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

constexpr std::string_view kGeneralHelp =
    "Commands of the server:\n"
    "  help <command>    what it does and takes\n"
    "  help @<group>     the commands of a group; TAB after \"help @\" lists the groups\n"
    "\n"
    "While typing: TAB completes, grey text shows what may follow, Ctrl-R searches the history.\n"
    "  5 incr x          repeats a command\n"
    "  :set nohints      turns the grey text off, :set hints on\n"
    "  connect <host> <port>\n"
    "  clear, quit\n";

std::string painted(const char* code, const std::string& text, bool color) {
  return color ? "\x1b[" + std::string(code) + "m" + text + "\x1b[0m" : text;
}

std::string entry(const CommandDoc& doc, bool with_group, bool color) {
  std::string out =
      "\n  " + painted("1", doc.name, color) + " " + painted("90", render(doc.arguments), color) + "\n";
  const auto line = [&](const char* label, const std::string& value) {
    if (!value.empty()) out += "  " + painted("33", label, color) + " " + value + "\n";
  };
  line("summary:", doc.summary);
  line("since:", doc.since);
  if (with_group) line("group:", doc.group);
  return out;
}

std::string group_help(const CommandDocs& docs, std::string_view group, bool color) {
  std::string out;
  for (const auto& [name, doc] : docs.commands()) {
    if (ascii_equal_nocase(doc.group, group)) out += entry(doc, false, color);
  }
  return out;
}

// Every command whose first words these are.
std::string command_help(const CommandDocs& docs, const std::vector<std::string>& topic, bool color) {
  std::string wanted;
  for (const std::string& word : topic) wanted += (wanted.empty() ? "" : " ") + to_upper(word);
  std::string out;
  for (const auto& [name, doc] : docs.commands()) {
    if (name == wanted || name.compare(0, wanted.size() + 1, wanted + " ") == 0)
      out += entry(doc, true, color);
  }
  return out;
}

}  // namespace

bool is_help(const std::vector<std::string>& command) {
  return ascii_equal_nocase(command[0], "help") || command[0] == "?";
}

std::string help_text(const CommandDocs& docs, const std::vector<std::string>& topic, bool color) {
  if (topic.empty()) return std::string(kGeneralHelp);
  if (docs.empty()) return "The server describes no commands.\n";
  const std::string text = topic[0].starts_with('@') ? group_help(docs, topic[0].substr(1), color)
                                                     : command_help(docs, topic, color);
  return text.empty() ? "No help on that.\n" : text + "\n";
}

}  // namespace plimsoll::cli
