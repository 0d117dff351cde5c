#include "assist.h"

#include <algorithm>

#include "syntax.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

bool ends_in_blank(std::string_view line) {
  return !line.empty() && line.back() == ' ';
}

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_letter(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z');
}

// `line` without the word being typed, and that word.
struct Cut {
  std::string_view before;
  std::string_view word;
};

Cut cut_last_word(std::string_view line) {
  const std::size_t blank = line.rfind(' ');
  const std::size_t start = blank == std::string_view::npos ? 0 : blank + 1;
  return {line.substr(0, start), line.substr(start)};
}

// `line` extended to `whole`, which it begins, in the typist's case.
std::string extend(std::string_view line, std::string_view whole) {
  const std::string rest(whole.substr(line.size()));
  const auto letter = std::find_if(line.rbegin(), line.rend(), is_letter);
  const bool lower = letter != line.rend() && is_lower(*letter);
  return std::string(line) + (lower ? to_lower(rest) : rest);
}

void add_topics(const CommandDocs& docs, std::string_view line, std::vector<std::string>& out) {
  const std::string_view topic = line.substr(line.find(' ') + 1);
  const auto add = [&](const std::string& name) {
    if (starts_with_ignoring_case(name, topic))
      out.push_back(std::string(line.substr(0, line.size() - topic.size())) + extend(topic, name));
  };
  for (const std::string& group : docs.groups()) add("@" + group);
  for (const auto& [name, doc] : docs.commands()) add(name);
}

void add_tokens(const CommandDocs& docs, std::string_view line, std::vector<std::string>& out) {
  const Cut cut = cut_last_word(line);
  const auto words = split_arguments(cut.before);
  if (!words || words->empty()) return;
  const auto match = docs.match(*words);
  if (match.command == nullptr) return;
  const Remainder rest(match.command->arguments,
                       {words->begin() + static_cast<std::ptrdiff_t>(match.words), words->end()});
  if (!rest.fits()) return;
  for (const std::string& token : rest.next_tokens()) {
    if (!starts_with_ignoring_case(token, cut.word)) continue;
    const bool lower =
        std::any_of(line.begin(), line.end(), is_lower) && !cut.word.empty() && is_lower(cut.word[0]);
    out.push_back(std::string(line) + (lower ? to_lower(token) : token).substr(cut.word.size()));
  }
}

}  // namespace

std::string hint_for(const CommandDocs& docs, std::string_view line) {
  const auto words = split_arguments(line);
  if (!words || words->empty()) return {};
  const auto match = docs.match(*words);
  if (match.command == nullptr) return {};
  const Remainder rest(match.command->arguments,
                       {words->begin() + static_cast<std::ptrdiff_t>(match.words), words->end()});
  if (!rest.fits()) return {};
  const std::string text = rest.render();
  return text.empty() || ends_in_blank(line) ? text : " " + text;
}

std::vector<std::string> completions_for(const CommandDocs& docs, std::string_view line) {
  std::vector<std::string> out;
  if (starts_with_ignoring_case(line, "help ")) {
    add_topics(docs, line, out);
    return out;
  }
  for (const auto& [name, doc] : docs.commands()) {
    if (starts_with_ignoring_case(name, line) && !line.empty()) out.push_back(extend(line, name));
  }
  if (starts_with_ignoring_case("HELP", line)) out.push_back(extend(line, "HELP"));
  add_tokens(docs, line, out);
  return out;
}

std::string common_prefix(const std::vector<std::string>& lines) {
  if (lines.empty()) return {};
  std::string prefix = lines[0];
  for (const std::string& each : lines) {
    while (!starts_with_ignoring_case(each, prefix)) prefix.pop_back();
  }
  return prefix;
}

}  // namespace plimsoll::cli
