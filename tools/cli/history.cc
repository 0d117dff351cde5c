#include "history.h"

#include <fcntl.h>
#include <plimsoll/text/ascii.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "text.h"

namespace plimsoll::cli {
namespace {

constexpr mode_t kOwnerOnly = 0600;

void write_all(int fd, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(fd, text.data() + written, text.size() - written);
    if (count <= 0) return;
    written += static_cast<std::size_t>(count);
  }
}

void write_file(const std::string& path, int flags, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, kOwnerOnly);
  if (fd < 0) return;
  write_all(fd, text);
  ::close(fd);
}

bool holds(const std::vector<std::string>& words, std::size_t from,
           std::initializer_list<const char*> names) {
  return std::any_of(words.begin() + static_cast<std::ptrdiff_t>(std::min(from, words.size())), words.end(),
                     [&](const std::string& word) {
                       return std::any_of(names.begin(), names.end(),
                                          [&](const char* name) { return ascii_equal_nocase(word, name); });
                     });
}

}  // namespace

HistoryFile::HistoryFile(std::optional<std::string> path) : path_(std::move(path)) {}

std::optional<std::string> HistoryFile::default_path() {
  if (const char* path = std::getenv("PLIMSOLLCLI_HISTFILE"); path != nullptr && *path != '\0') {
    if (std::string_view(path) == "/dev/null") return std::nullopt;
    return path;
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return std::nullopt;
  return std::string(home) + "/.plimsollcli_history";
}

std::vector<std::string> HistoryFile::load() const {
  std::vector<std::string> lines;
  if (!path_) return lines;
  std::ifstream file(*path_);
  for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
  const bool overgrown = lines.size() >= 2 * kMostLines;
  if (lines.size() > kMostLines) lines.erase(lines.begin(), lines.end() - kMostLines);
  if (overgrown) rewrite(lines);
  return lines;
}

void HistoryFile::append(const std::string& line) const {
  if (path_) write_file(*path_, O_APPEND, line + "\n");
}

void HistoryFile::rewrite(const std::vector<std::string>& lines) const {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  write_file(*path_, O_TRUNC, text);
}

bool is_secret(const std::vector<std::string>& command) {
  if (command.size() < 2) return false;
  const auto is = [&](std::size_t i, const char* name) {
    return command.size() > i && ascii_equal_nocase(command[i], name);
  };
  if (is(0, "auth")) return true;
  if (is(0, "acl")) return is(1, "setuser");
  if (is(0, "hello")) return holds(command, 2, {"auth"});
  if (is(0, "migrate")) return holds(command, 6, {"auth", "auth2"});
  if (is(0, "config") && is(1, "set")) return holds(command, 2, {"requirepass", "masterauth", "masteruser"});
  if (is(0, "sentinel") && is(1, "config")) return holds(command, 3, {"sentinel-pass", "sentinel-user"});
  return is(0, "sentinel") && is(1, "set") && holds(command, 3, {"auth-pass", "auth-user"});
}

}  // namespace plimsoll::cli
