#include "case_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace plimsoll::wire {
namespace {

using test::Word;
using Kind = Step::Kind;

// Reads one file line by line into scripts.
class CaseParser {
 public:
  explicit CaseParser(std::string file) : file_(std::move(file)) {}

  std::vector<Script> parse(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      ++line_;
      try {
        take(line);
      } catch (const std::exception& error) {
        throw std::runtime_error(file_ + ".txt:" + std::to_string(line_) + ": " + error.what());
      }
    }
    return std::move(scripts_);
  }

 private:
  void take(const std::string& line) {
    if (line.starts_with('#')) return;
    words_ = test::split_words(line);
    at_ = 0;
    if (words_.empty()) return;
    if (line.starts_with("== ")) return begin_script(line.substr(3));
    if (scripts_.empty()) throw std::invalid_argument("a script begins with \"== name\"");
    if (line.starts_with("=> ")) return take_expectation();
    Step step;
    step.line = line_;
    take_rules(step);
    if (starts_with('!')) {
      take_directive(step);
    } else {
      take_words(step);
      add(std::move(step));
    }
  }

  void begin_script(const std::string& name) {
    Script script;
    script.file = file_;
    for (const char c : name) script.name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    for (const Script& other : scripts_)
      if (other.name == script.name) throw std::invalid_argument("a second script called " + name);
    scripts_.push_back(std::move(script));
  }

  void take_expectation() {
    ++at_;
    if (scripts_.back().steps.empty()) throw std::invalid_argument("=> follows a command");
    scripts_.back().steps.back().expected = next("=> needs the reply's bytes");
  }

  void take_rules(Step& step) {
    while (starts_with('@')) {
      const std::string rule = words_[at_++].text;
      Rules& rules = step.rules;
      if (rule == "@unordered")
        rules.unordered = true;
      else if (rule == "@type")
        rules.type = true;
      else if (rule == "@shape")
        rules.shape = true;
      else if (rule == "@keys")
        rules.keys = true;
      else if (rule == "@fields")
        rules.fields = true;
      else if (rule == "@lines")
        rules.lines = true;
      else if (rule == "@near")
        rules.near = std::stoll(next("@near needs a number"));
      else if (rule == "@mask")
        rules.masks.emplace_back(next("@mask needs a pattern"));
      else if (rule == "@drop")
        rules.drops.emplace_back(next("@drop needs a pattern"));
      else if (rule == "@noreply")
        step.answered = false;
      else
        throw std::invalid_argument("unknown rule " + rule);
    }
  }

  void take_directive(Step& step) {
    const std::string directive = words_[at_++].text;
    Script& script = scripts_.back();
    if (directive == "!server") {
      script.own_server = true;
      while (at_ < words_.size()) script.server_arguments.push_back(words_[at_++].text);
      return;
    }
    if (directive == "!resp") {
      script.protocol = std::stoi(next("!resp needs 2 or 3"));
      return;
    }
    if (directive == "!nohello") {
      script.hello = false;
      return;
    }
    take_step_directive(step, directive);
    add(std::move(step));
  }

  void take_step_directive(Step& step, const std::string& directive) {
    if (directive == "!send") {
      step.kind = Kind::kSend;
      while (at_ < words_.size()) step.text += words_[at_++].text;
    } else if (directive == "!read") {
      step.kind = Kind::kRead;
      step.count = at_ < words_.size() ? std::stoi(words_[at_++].text) : 1;
    } else if (directive == "!alone") {
      step.kind = Kind::kAlone;
    } else if (directive == "!closed") {
      step.kind = Kind::kClosed;
    } else if (directive == "!finish") {
      step.kind = Kind::kFinish;
    } else if (directive == "!use") {
      step.kind = Kind::kUse;
      step.name = next("!use needs a connection's name");
    } else if (directive == "!until") {
      step.kind = Kind::kUntil;
      step.text = next("!until needs a reply");
      take_words(step);
    } else if (directive == "!scan") {
      step.kind = Kind::kScan;
      take_words(step);
    } else if (directive == "!let") {
      step.kind = Kind::kLet;
      step.name = next("!let needs a name");
      take_words(step);
    } else {
      throw std::invalid_argument("unknown directive " + directive);
    }
  }

  void take_words(Step& step) {
    if (at_ == words_.size()) throw std::invalid_argument("a command is missing");
    while (at_ < words_.size()) step.words.push_back(words_[at_++]);
  }

  void add(Step step) {
    if (at_ < words_.size()) throw std::invalid_argument("more than expected: " + words_[at_].text);
    scripts_.back().steps.push_back(std::move(step));
  }

  bool starts_with(char c) const {
    return at_ < words_.size() && !words_[at_].quoted && words_[at_].text.starts_with(c);
  }

  std::string next(const char* missing) {
    if (at_ == words_.size()) throw std::invalid_argument(missing);
    return words_[at_++].text;
  }

  std::string file_;
  int line_ = 0;
  std::vector<Script> scripts_;
  std::vector<Word> words_;
  size_t at_ = 0;
};

}  // namespace

std::string Step::command() const {
  std::vector<std::string> argv;
  for (const Word& word : words) argv.push_back(word.text);
  return test::command_line(argv, 60);
}

std::vector<Script> parse_cases(const std::string& text, const std::string& file) {
  return CaseParser(file).parse(text);
}

std::vector<Script> read_case_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) throw std::runtime_error("cannot read " + path);
  return parse_cases(text.str(), std::filesystem::path(path).stem());
}

std::vector<Script> read_case_directory(const std::string& path) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Script> scripts;
  for (const std::string& file : files)
    for (Script& script : read_case_file(file)) scripts.push_back(std::move(script));
  return scripts;
}

}  // namespace plimsoll::wire
