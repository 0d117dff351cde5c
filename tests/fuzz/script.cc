#include "script.h"

#include <algorithm>
#include <charconv>

namespace plimsoll::fuzz {
namespace {

constexpr size_t kShortestRun = 20;  // shorter runs of a byte are written out
constexpr std::string_view kHex = "0123456789abcdef";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

int hex_digit(char c) {
  const size_t digit = kHex.find(c);
  return digit == std::string_view::npos ? -1 : static_cast<int>(digit);
}

class LineReader {
 public:
  explicit LineReader(std::string_view line) : line_(line) {}

  bool next(std::string& word) {
    while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
    if (at_ == line_.size()) return false;
    word.clear();
    if (line_[at_] == '"') {
      quoted(word);
      repetition(word);
    } else {
      while (at_ < line_.size() && !is_blank(line_[at_])) word.push_back(line_[at_++]);
    }
    if (word.size() > kWordBytes) word.resize(kWordBytes);
    return true;
  }

 private:
  void quoted(std::string& word) {
    for (++at_; at_ < line_.size() && line_[at_] != '"'; ++at_) {
      word.push_back(line_[at_] == '\\' ? escaped() : line_[at_]);
    }
    if (at_ < line_.size()) ++at_;
  }

  // The byte a backslash at at_ introduces; at_ is left on the last character of it.
  char escaped() {
    if (at_ + 1 == line_.size()) return '\\';
    const char c = line_[++at_];
    if (c == 'n') return '\n';
    if (c == 'r') return '\r';
    if (c == 't') return '\t';
    if (c != 'x' || at_ + 2 >= line_.size()) return c;
    const int high = hex_digit(line_[at_ + 1]), low = hex_digit(line_[at_ + 2]);
    if (high < 0 || low < 0) return c;
    at_ += 2;
    return static_cast<char>(high * 16 + low);
  }

  void repetition(std::string& word) {
    if (at_ == line_.size() || line_[at_] != '*') return;
    const char* const end = line_.data() + line_.size();
    size_t times = 1;
    const auto [after, error] = std::from_chars(line_.data() + at_ + 1, end, times);
    if (error != std::errc() || word.empty()) return;
    at_ = static_cast<size_t>(after - line_.data());
    const std::string once = word;
    times = std::min(times, kWordBytes / once.size());
    word.clear();
    for (size_t i = 0; i < times; ++i) word += once;
  }

  std::string_view line_;
  size_t at_ = 0;
};

bool needs_quotes(std::string_view word) {
  return word.empty() || std::any_of(word.begin(), word.end(), [](char c) {
           return c <= ' ' || c == '"' || c == '\\' || static_cast<unsigned char>(c) >= 0x7f;
         });
}

void write_byte(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out += {'\\', c};
  } else if (byte >= 0x20 && byte < 0x7f) {
    out += c;
  } else {
    out += "\\x";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

}  // namespace

Words read_line(std::string_view line) {
  Words words;
  LineReader reader(line);
  for (std::string word; words.size() < kWords && reader.next(word);) words.push_back(word);
  return words;
}

std::vector<Words> read_script(std::string_view text) {
  std::vector<Words> lines;
  while (!text.empty() && lines.size() < kLines) {
    const size_t end = std::min(text.find('\n'), text.size());
    Words words = read_line(text.substr(0, end));
    if (!words.empty()) lines.push_back(std::move(words));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string write_line(const Words& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    const bool run = word.size() >= kShortestRun && word.find_first_not_of(word.front()) == std::string::npos;
    if (!run && !needs_quotes(word)) {
      line += word;
      continue;
    }
    line += '"';
    for (const char c : run ? std::string_view(word).substr(0, 1) : std::string_view(word))
      write_byte(line, c);
    line += '"';
    if (run) line += "*" + std::to_string(word.size());
  }
  return line;
}

std::string write_script(const std::vector<Words>& lines) {
  std::string text;
  for (const Words& line : lines) text += write_line(line) + "\n";
  return text;
}

}  // namespace plimsoll::fuzz
