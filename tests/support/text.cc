#include "support/text.h"

#include <cctype>
#include <charconv>
#include <stdexcept>

namespace plimsoll::test {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '\r':
      out += "\\r";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '"':
      out += "\\\"";
      return;
    default:
      break;
  }
  if (c >= 0x20 && c <= 0x7e) {
    out += static_cast<char>(c);
  } else {
    out += "\\x";
    out += kHexDigits[c >> 4];
    out += kHexDigits[c & 15];
  }
}

bool needs_quotes(std::string_view argument) {
  if (argument.empty()) return true;
  for (unsigned char c : argument)
    if (!std::isgraph(c) || c == '"' || c == '\'' || c == '\\') return true;
  return argument[0] == '@' || argument[0] == '!' || argument[0] == '$' || argument[0] == '#';
}

// Reads words from a line, one call of next() a word.
class WordReader {
 public:
  explicit WordReader(std::string_view line) : line_(line) {}

  bool next(Word& word) {
    while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
    if (at_ == line_.size()) return false;
    word = Word{};
    const char first = line_[at_];
    if (first == '"' || first == '\'') {
      word.quoted = true;
      ++at_;
      word.text = first == '"' ? double_quoted() : single_quoted();
      repeat(word.text);
    } else {
      while (at_ < line_.size() && !is_blank(line_[at_])) word.text += line_[at_++];
    }
    return true;
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t'; }

  char take() {
    if (at_ == line_.size()) throw std::invalid_argument("a quote is not closed");
    return line_[at_++];
  }

  std::string single_quoted() {
    std::string text;
    for (char c = take(); c != '\''; c = take()) {
      if (c == '\\' && at_ < line_.size() && line_[at_] == '\'') c = take();
      text += c;
    }
    return text;
  }

  std::string double_quoted() {
    std::string text;
    for (char c = take(); c != '"'; c = take()) text += c == '\\' ? escape() : c;
    return text;
  }

  char escape() {
    const char c = take();
    switch (c) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'a':
        return '\a';
      case 'b':
        return '\b';
      case 'x':
        return hex_byte();
      default:
        return c;
    }
  }

  char hex_byte() {
    const char digits[2] = {take(), take()};
    unsigned value = 0;
    const auto [end, error] = std::from_chars(digits, digits + 2, value, 16);
    if (error != std::errc() || end != digits + 2) throw std::invalid_argument("\\x needs two hex digits");
    return static_cast<char>(value);
  }

  void repeat(std::string& text) {
    if (at_ == line_.size() || is_blank(line_[at_])) return;
    size_t times = 0;
    const char* begin = line_.data() + at_ + 1;
    const auto [end, error] = std::from_chars(begin, line_.data() + line_.size(), times);
    if (line_[at_] != '*' || error != std::errc()) {
      throw std::invalid_argument("after a closing quote comes a blank or *N");
    }
    at_ = static_cast<size_t>(end - line_.data());
    std::string repeated;
    repeated.reserve(text.size() * times);
    while (times-- > 0) repeated += text;
    text = std::move(repeated);
  }

  std::string_view line_;
  size_t at_ = 0;
};

}  // namespace

std::string escaped(std::string_view bytes, size_t limit) {
  std::string out;
  for (unsigned char c : bytes.substr(0, limit)) append_escaped(out, c);
  if (bytes.size() > limit) out += "... (" + std::to_string(bytes.size()) + " bytes)";
  return out;
}

std::string command_line(const std::vector<std::string>& argv, size_t limit) {
  std::string line;
  for (const std::string& argument : argv) {
    if (!line.empty()) line += ' ';
    line += needs_quotes(argument) ? '"' + escaped(argument, limit) + '"' : escaped(argument, limit);
  }
  return line;
}

std::vector<Word> split_words(std::string_view line) {
  std::vector<Word> words;
  WordReader reader(line);
  for (Word word; reader.next(word);) words.push_back(word);
  return words;
}

std::optional<long long> to_integer(std::string_view text) {
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string lowercase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || same(pattern[p], text[t]))) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace plimsoll::test
