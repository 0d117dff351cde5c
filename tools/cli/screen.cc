#include "screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <sstream>
#include <vector>

namespace plimsoll::cli {
namespace {

constexpr char kHome[] = "\x1b[H";
constexpr char kClearToEndOfLine[] = "\x1b[K";
constexpr char kClearBelow[] = "\x1b[J";
constexpr char kPlain[] = "\x1b[0m";

// Escape sequences take no column and are kept whole.
std::string cut(const std::string& line, int columns) {
  std::string out;
  bool in_escape = false;
  for (const char c : line) {
    if (c == '\x1b') in_escape = true;
    if (!in_escape && columns-- <= 0) return out + kPlain;
    out += c;
    if (in_escape && c >= '@' && c <= '~' && c != '[') in_escape = false;
  }
  return out;
}

}  // namespace

ScreenSize screen_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

std::string redraw(const std::string& text, const ScreenSize& size) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  const auto rows =
      static_cast<std::size_t>(size.rows > 1 ? size.rows - 1 : 1);  // the cursor's row stays free
  if (lines.size() > rows) {
    const std::size_t missing = lines.size() - rows + 1;
    lines.resize(rows);
    lines.back() = "(" + std::to_string(missing) + " more lines in a taller window)";
  }
  // Cleared line by line: clearing the screen first would flicker.
  std::string out = kHome;
  for (const std::string& line : lines) out += cut(line, size.columns) + kClearToEndOfLine + "\n";
  return out + kClearBelow;
}

}  // namespace plimsoll::cli
