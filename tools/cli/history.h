#pragma once

#include <optional>
#include <string>
#include <vector>

namespace plimsoll::cli {

// Lines typed, kept in a file only its owner can read: one line each, oldest first. A file that cannot be
// read or written is no error, only a history that is not kept.
class HistoryFile {
 public:
  static constexpr std::size_t kMostLines = 1000;

  // No path keeps nothing.
  explicit HistoryFile(std::optional<std::string> path);

  // $PLIMSOLLCLI_HISTFILE, or .plimsollcli_history in the home directory. "/dev/null" or no home means none.
  static std::optional<std::string> default_path();

  // The last kMostLines lines. A file that has grown to twice that is cut down to them.
  std::vector<std::string> load() const;
  void append(const std::string& line) const;

 private:
  void rewrite(const std::vector<std::string>& lines) const;

  std::optional<std::string> path_;
};

// True of commands that carry a password and so must not be remembered.
bool is_secret(const std::vector<std::string>& command);

}  // namespace plimsoll::cli
