#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::wire {

// The commands whose replies are known and meant to differ from Redis's. One line each in differences.txt:
// a glob over the command line as the cases write it (letters in any case), a tab, the reason.
struct ListedDifference {
  std::string pattern;
  std::string reason;
};

class Differences {
 public:
  static constexpr size_t kMostAllowed = 20;

  Differences() = default;
  // Throws std::runtime_error for a line that is not "pattern<TAB>reason".
  static Differences read(const std::string& path);
  static Differences parse(const std::string& text);

  const std::vector<ListedDifference>& all() const { return listed_; }
  // The entry that covers the command, or nullptr.
  const ListedDifference* find(std::string_view command) const;

 private:
  std::vector<ListedDifference> listed_;
};

}  // namespace plimsoll::wire
